import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import glassnet as gn
from glassnet.errors import DataError, HyperparameterError, ShapeError

X = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
SIDE = np.array([0, 0, 1, 1])


def regions(ax):
    """Return the class of every cell, and where the cells lie."""
    mesh = ax.collections[0]
    x = mesh.get_coordinates()[0, :, 0]
    return np.asarray(mesh.get_array()), (x[:-1] + x[1:]) / 2


def names(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def right_side_is_class_1(ax):
    classes, x = regions(ax)
    return (classes == (x > 0)).all()


@pytest.mark.parametrize(
    "predict",
    [
        lambda X: (X[:, 0] > 0).astype(int),
        lambda X: np.stack([-X[:, 0], X[:, 0]], axis=1),
        lambda X: 1 / (1 + np.exp(-X[:, :1])),
        lambda X: 1 / (1 + np.exp(-X[:, 0])),
        lambda X: X[:, 0] > 0,
        lambda X: (X[:, 0] > 0).tolist(),
    ],
    ids=["labels", "two outputs", "one output", "flat output", "booleans", "list"],
)
def test_what_predict_may_give(predict, drawn):
    ax = gn.plots.decision_boundary(predict, X, SIDE, resolution=40)
    assert right_side_is_class_1(ax)
    assert names(ax) == ["0", "1"]
    drawn(ax)


def test_a_threshold_of_ones_own(drawn):
    ax = gn.plots.decision_boundary(lambda X: X[:, 0] + 7, X, SIDE, threshold=7.0, resolution=40)
    assert right_side_is_class_1(ax)


@pytest.mark.parametrize(
    "network",
    [
        gn.Network([gn.Dense(1)], seed=0),
        gn.Network([gn.Dense(1, activation="sigmoid")], seed=0),
        gn.Network([gn.Dense(2)], seed=0),
        gn.Network([gn.Dense(2, activation="softmax")], seed=0),
    ],
    ids=["logit", "sigmoid", "logits", "softmax"],
)
def test_networks_of_all_kinds(network, drawn):
    network.build(2)
    network.parameters["dense1.weight"][:] = 0
    network.parameters["dense1.weight"][0, -1] = 1.0
    network.parameters["dense1.bias"][:] = 0
    ax = gn.plots.decision_boundary(network, X, SIDE, resolution=40)
    assert right_side_is_class_1(ax)
    drawn(ax)


def test_another_librarys_classifier_with_text_labels(drawn):
    y = np.array(["left", "left", "right", "right"])
    model = LogisticRegression().fit(X, y)
    for predict in (model.predict, model.predict_proba, model.decision_function):
        threshold = 0.0 if predict == model.decision_function else None
        ax = gn.plots.decision_boundary(predict, X, y, threshold=threshold, resolution=40)
        assert right_side_is_class_1(ax)
        assert names(ax) == ["left", "right"]
    drawn(ax)


@pytest.mark.parametrize(
    "y", [[-1, -1, 1, 1], [3, 3, 8, 8], [1.0, 1.0, 2.0, 2.0], [False, False, True, True]]
)
def test_labels_that_do_not_count_from_0(y, drawn):
    ax = gn.plots.decision_boundary(lambda X: np.stack([-X[:, 0], X[:, 0]], 1), X, y, resolution=40)
    classes, x = regions(ax)
    if y[0] == 1.0:  # labels 1 and 2 of two: outputs are theirs in order
        assert names(ax) == ["1", "2"]
    assert (classes == (x > 0)).all()


@pytest.mark.parametrize("y", [np.eye(2)[SIDE], SIDE[:, None]])
def test_labels_in_columns(y):
    assert right_side_is_class_1(gn.plots.decision_boundary(lambda X: X[:, 0] > 0, X, y, resolution=40))


def test_classes_that_occur_in_the_predictions_only(drawn):
    ax = gn.plots.decision_boundary(
        lambda X: np.where(X[:, 0] < 0, 2, 0), X, [0, 0, 0, 0], labels=["a", "b", "c"], resolution=40
    )
    assert names(ax) == ["a", "c"]
    drawn(ax)


@pytest.mark.parametrize("n", [1, 12, 60])
def test_many_classes(n, drawn):
    generator = np.random.default_rng(0)
    points, centres = generator.normal(size=(500, 2)), generator.normal(size=(n, 2))

    def nearest(X):
        return ((X[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)

    ax = gn.plots.decision_boundary(nearest, points, nearest(points), resolution=60)
    assert (ax.get_legend() is None) == (n > 40)
    drawn(ax)


@pytest.mark.parametrize("points", [[[0.0, 0.0]], [[5.0, 1e-8], [5.0, 2e-8]], [[-1e6, 1e6], [1e6, -1e6]]])
def test_odd_places(points, drawn):
    ax = gn.plots.decision_boundary(lambda X: X[:, 0], points, [0] * len(points), resolution=20)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    for x, y in points:
        assert left < x < right
        assert bottom < y < top
    drawn(ax)


def test_integer_features_and_names():
    ax = gn.plots.decision_boundary(
        lambda X: X[:, 0], [[0, 1], [2, 3]], [0, 1], feature_names=("width", "height"), resolution=10
    )
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("width", "height")


def test_errors():
    draw = gn.plots.decision_boundary
    with pytest.raises(ShapeError, match="draws two features, X has 3"):
        draw(lambda X: X[:, 0], np.zeros((2, 3)), [0, 1])
    with pytest.raises(DataError, match="X has no rows"):
        draw(lambda X: X[:, 0], np.zeros((0, 2)), [])
    with pytest.raises(DataError, match="X holds nan at row 0"):
        draw(lambda X: X[:, 0], [[np.nan, 0.0]], [0])
    with pytest.raises(ShapeError, match=r"one label per row of X: \(4,\), got \(3,\)"):
        draw(lambda X: X[:, 0], X, [0, 1, 1])
    with pytest.raises(ShapeError, match=r"predict must give one row per point, 400; got shape \(3,\)"):
        draw(lambda X: np.zeros(3), X, SIDE, resolution=20)
    with pytest.raises(DataError, match="labels names 1 classes, but there are 2"):
        draw(lambda X: X[:, 0], X, SIDE, labels=["one"], resolution=20)
    with pytest.raises(DataError, match="predict gives int64 and y is <U1: make both integers or text"):
        draw(lambda X: (X[:, 0] > 0).astype(np.int64), X, list("aabb"), resolution=20)
    with pytest.raises(DataError, match=r"tell 3 classes apart, but y holds the labels \['a', 'b'\]"):
        draw(lambda X: np.tile([0, 0, 1], (len(X), 1)), X, list("aabb"), resolution=20)
    with pytest.raises(HyperparameterError, match="decision_boundary resolution must lie in"):
        draw(lambda X: X[:, 0], X, SIDE, resolution=1)
    with pytest.raises(HyperparameterError, match="decision_boundary threshold must be a number"):
        draw(lambda X: X[:, 0], X, SIDE, threshold="half")
