"""Faults that a review found in the estimators, each with the test that would have shown it."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn import neural_network as scikit

import glassnet as gn
from glassnet import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore::UserWarning"
)

random = np.random.RandomState(0)
X = random.normal(size=(120, 4))
BINARY = np.where(X[:, 0] > 0, "a", "b")
CLASSES = np.array(list("abc"))[np.digitize(X[:, 0], [-0.5, 0.5])]
VALUES = X[:, 0] * 2
LABELS = (X[:, :3] > 0).astype(int)


# -- sparse ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("early_stopping", [False, True])
def test_sparse_multilabel_targets(early_stopping):
    y = sp.csr_matrix(LABELS)
    settings = {"max_iter": 5, "random_state": 0, "early_stopping": early_stopping}
    ours, theirs = (m.MLPClassifier((4,), **settings).fit(X, y) for m in (gn, scikit))
    assert sp.issparse(ours.predict(X))
    assert sp.issparse(theirs.predict(X))
    assert ours.score(X, y) == theirs.score(X, y)
    for other in (ours, gn.from_sklearn(theirs), ours.to_sklearn()):
        assert (other.predict(X) != theirs.predict(X)).nnz == 0


def test_sparse_multilabel_targets_in_parts():
    model = MLPClassifier((4,), early_stopping=True, scoring="f1_macro", random_state=0)
    for _ in range(2):
        model.partial_fit(X, sp.csr_array(LABELS))
    assert sp.issparse(model.predict(X))
    dense = MLPClassifier((4,), early_stopping=True, scoring="f1_macro", random_state=0)
    for _ in range(2):
        dense.partial_fit(X, LABELS)
    np.testing.assert_array_equal(model.coefs_[0], dense.coefs_[0])
    assert model.validation_scores_ == dense.validation_scores_


@pytest.mark.parametrize("use", ["predict", "transform", "lbfgs"])
def test_wide_sparse_input_is_made_dense_in_small_blocks(use):
    wide = sp.random(2000, 20_000, 0.001, format="csr", random_state=0)
    y = np.random.RandomState(0).randint(2, size=2000)
    model = MLPClassifier((2,), max_iter=1, random_state=0, batch_size=20).fit(wide, y)
    tracemalloc.start()
    if use == "lbfgs":
        MLPClassifier((2,), max_iter=1, solver="lbfgs").fit(wide, y)
    else:
        getattr(model, use)(wide)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2000 * 20_000 * 8 / 4


# -- weights of classes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.nan, "Input class_weight contains NaN"),
        (np.inf, "Input class_weight contains infinity"),
        (-1.0, "class_weight must not be negative"),
        ("heavy", "class_weight must hold a number for each class"),
    ],
)
def test_class_weights_must_be_finite_and_not_negative(bad, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier((4,), class_weight={"a": bad, "b": 1.0}, max_iter=2).fit(X, BINARY)
    with pytest.raises(ValueError, match=message):
        MLPClassifier((4,), class_weight=[{1: bad}, {}, {}], max_iter=2).fit(X, LABELS)


def test_class_weights_of_a_class_that_a_part_lacks():
    model = MLPClassifier((4,), class_weight={"b": 5.0}, random_state=0)
    by_row = MLPClassifier((4,), random_state=0)
    for rows in (np.arange(120), np.flatnonzero(CLASSES != "b")):
        model.partial_fit(X[rows], CLASSES[rows], classes=["a", "b", "c"])
        weight = np.where(CLASSES == "b", 5.0, 1.0)[rows]
        by_row.partial_fit(X[rows], CLASSES[rows], classes=["a", "b", "c"], sample_weight=weight)
    np.testing.assert_array_equal(model.coefs_[0], by_row.coefs_[0])
    with pytest.raises(ValueError, match=r"\['B'\], in class_weight are not among the classes \['a', 'b'\]"):
        MLPClassifier((4,), class_weight={"B": 5.0}).fit(X, BINARY)
    MLPClassifier((4,), class_weight={"a": 1.0, "b": 5.0, "c": 2.0}, max_iter=300).fit(X, BINARY)  # a fold


def test_class_weights_stay_out_of_the_curves_of_metrics():
    model = MLPClassifier(
        (4,),
        class_weight={"a": 1.0, "b": 1000.0},
        metrics=["accuracy"],
        early_stopping=True,
        max_iter=3,
        random_state=0,
    ).fit(X, BINARY)
    assert model.history_["val_accuracy"] == pytest.approx(model.validation_scores_)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_weights_that_are_zero_together(solver):
    wide, y = sp.csr_matrix(np.tile(X, (20, 1))), np.tile(BINARY, 20)
    model = MLPClassifier((4,), class_weight={"a": 0.0, "b": 1.0}, solver=solver, max_iter=3)
    with pytest.raises(ValueError, match="Sample weights must contain at least one non-zero number"):
        model.fit(wide, y, sample_weight=(y == "a").astype(float))


def test_weights_that_the_split_leaves_zero():
    weight = np.zeros(120)
    model = MLPRegressor(hidden_layer_sizes=(4,), early_stopping=True, max_iter=2, random_state=0)
    model.partial_fit(X, VALUES)
    _, held_out = model._split(VALUES, np.random.RandomState(0), None, incremental=True)
    weight[held_out] = 1.0
    with pytest.raises(ValueError, match="of the rows that are left to train on"):
        model.partial_fit(X, VALUES, sample_weight=weight)


# -- what was fitted counts -----------------------------------------------------------------------


def test_to_sklearn_describes_what_was_fitted():
    model = MLPClassifier((8,), max_iter=3, random_state=0).fit(X, CLASSES)
    expected = model.predict_proba(X)
    model.set_params(activation="tanh", hidden_layer_sizes=(9,), loss="mse", output_activation="sigmoid")
    crossed = model.to_sklearn()
    np.testing.assert_allclose(crossed.predict_proba(X), expected, atol=1e-12)
    assert (crossed.activation, crossed.hidden_layer_sizes) == ("relu", (8,))
    counts = MLPRegressor(loss="poisson", hidden_layer_sizes=(8,), max_iter=3).fit(X, VALUES**2)
    expected = counts.predict(X)
    crossed = counts.set_params(loss="squared_error").to_sklearn()
    assert crossed.loss == "poisson"
    np.testing.assert_allclose(crossed.predict(X), expected, atol=1e-12)


def test_from_sklearn_describes_what_was_fitted():
    theirs = scikit.MLPClassifier((8,), max_iter=5, random_state=0).fit(X, CLASSES)
    theirs.set_params(hidden_layer_sizes=(9,))
    ours = gn.from_sklearn(theirs)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-12)
    theirs = scikit.MLPRegressor("poisson", (8,), max_iter=5, random_state=0).fit(X, VALUES**2)
    theirs.set_params(loss="squared_error")
    np.testing.assert_allclose(gn.from_sklearn(theirs).predict(X), theirs.predict(X), atol=1e-12)


def test_a_refused_fit_leaves_the_model_as_it_was():
    model = MLPClassifier((4,), max_iter=3, random_state=0).fit(X, BINARY)
    before = model.__dict__.copy()
    refused = [
        (lambda: model.fit(X, CLASSES, validation_data=(X[:, :2], CLASSES)), "X has 2 features"),
        (lambda: model.set_params(metrics=["no such"]).fit(X[:, :2], CLASSES), "no such"),
        (lambda: model.set_params(dropout=0.5, metrics=None, solver="lbfgs").fit(X, CLASSES), "dropout"),
    ]
    for fit, message in refused:
        with pytest.raises(ValueError, match=message):
            fit()
    for name, value in before.items():
        if name.endswith("_") or name.startswith("_"):
            assert model.__dict__[name] is value, name
    unfitted = MLPClassifier()
    with pytest.raises(ValueError, match="0 feature"):
        unfitted.partial_fit(X[:, :0], BINARY, classes=["a", "b"])
    assert not hasattr(unfitted, "classes_")


@pytest.mark.parametrize(("first", "then"), [("auto", None), (None, "auto")])
def test_encode_cannot_change_between_fits_that_go_on(first, then):
    frame = pd.DataFrame({"a": np.arange(120) * 100.0, "b": X[:, 0]})
    model = MLPClassifier((4,), encode=first, warm_start=True, max_iter=2).fit(frame, BINARY)
    expected = model.predict(frame)
    with pytest.raises(ValueError, match="encode cannot change between fits"):
        model.set_params(encode=then).fit(frame, BINARY)
    np.testing.assert_array_equal(model.predict(frame), expected)


# -- like scikit-learn's --------------------------------------------------------------------------


def test_warm_start_by_itself_gives_scikit_learns_numbers():
    fitted = []
    for module in (gn, scikit):
        model = module.MLPClassifier((4,), warm_start=True, max_iter=3, random_state=0)
        fitted.append(model.fit(X, BINARY).fit(X, BINARY))
    np.testing.assert_allclose(fitted[0].coefs_[0], fitted[1].coefs_[0], atol=1e-12)


@pytest.mark.parametrize("sizes", [(2.5,), (10.9, 4), 2.0, (4.0,)])
def test_widths_are_whole_numbers(sizes):
    for module in (gn, scikit):
        with pytest.raises((TypeError, ValueError)):
            module.MLPClassifier(sizes, max_iter=2).fit(X, BINARY)
    MLPClassifier(np.array([3, 2]), max_iter=2).fit(X, BINARY)


def test_t_after_lbfgs():
    settings = {"solver": "lbfgs", "max_iter": 5, "random_state": 0}
    ours, theirs = (m.MLPClassifier((4,), **settings).fit(X, BINARY) for m in (gn, scikit))
    assert ours.t_ == theirs.t_ == 0


def test_a_warm_start_with_early_stopping_ends_with_the_best_weights_of_all():
    settings = {"n_iter_no_change": 2, "learning_rate_init": 0.02, "random_state": 0}
    model = MLPClassifier((8,), early_stopping=True, warm_start=True, **settings)
    given = X[:60], BINARY[:60]
    model.fit(X[60:], BINARY[60:], validation_data=given)
    model.set_params(learning_rate_init=10.0, solver="sgd")  # which finds nothing better
    model.fit(X[60:], BINARY[60:], validation_data=given)
    assert model.validation_scores_[-1] < model.best_validation_score_
    assert model.score(*given) == model.best_validation_score_ == max(model.validation_scores_)


def test_float32_models_stay_float32():
    model = MLPClassifier((4,), max_iter=2).fit(X.astype(np.float32), BINARY)
    assert model.predict_proba(X).dtype == np.float32
    model.set_params(dtype="float64").fit(X.astype(np.float32), BINARY)
    assert model.predict_proba(X.astype(np.float32)).dtype == np.float64


# -- partial_fit with early stopping --------------------------------------------------------------


@pytest.mark.parametrize("seed", [None, 0, "object"])
def test_partial_fit_holds_out_the_same_rows_of_the_same_data(seed, monkeypatch):
    from glassnet.estimators import base

    held_out, original = [], base.split_rows

    def spy(*arguments):
        rows = original(*arguments)
        held_out.append(sorted(rows[1]))
        return rows

    monkeypatch.setattr(base, "split_rows", spy)
    random_state = np.random.RandomState(0) if seed == "object" else seed
    model = MLPRegressor(hidden_layer_sizes=(4,), early_stopping=True, random_state=random_state)
    for _ in range(3):
        model.partial_fit(X, VALUES)
    assert held_out[0] == held_out[1] == held_out[2]


@pytest.mark.parametrize("n", [1, 5])
def test_parts_too_small_to_split(n):
    model = MLPRegressor(hidden_layer_sizes=(4,), early_stopping=True)
    with pytest.raises(ValueError, match="pass more rows at a time, or validation_data"):
        model.partial_fit(X[:n], VALUES[:n])
    model.partial_fit(X[:n], VALUES[:n], validation_data=(X, VALUES))


# -- probabilities --------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["poisson", gn.Quantile([0.5])])
def test_losses_that_give_no_probabilities_are_refused(loss):
    with pytest.raises(ValueError, match="gives no probabilities"):
        MLPClassifier((8,), loss=loss).fit(X, CLASSES)


@pytest.mark.parametrize("y", [BINARY, CLASSES], ids=["two", "three"])
@pytest.mark.parametrize("parameters", [{"loss": "sigmoid_cross_entropy"}, {"output_activation": "sigmoid"}])
def test_probabilities_of_one_class_out_of_several_add_up(parameters, y):
    model = MLPClassifier((8,), max_iter=30, learning_rate_init=0.03, random_state=0, **parameters)
    model.fit(X, y)
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_array_equal(model.classes_[probabilities.argmax(axis=1)], model.predict(X))


# -- hidden layers and names ----------------------------------------------------------------------


def test_transform_of_another_layer_with_set_output():
    frame = pd.DataFrame(X, columns=list("wxyz"))
    model = MLPClassifier((4, 3), max_iter=2).fit(frame, CLASSES).set_output(transform="pandas")
    first, last = model.transform(frame, layer=0), model.transform(frame)
    assert list(first.columns) == [f"mlpclassifier{i}" for i in range(4)]
    assert list(last.columns) == [f"mlpclassifier{i}" for i in range(3)]
    assert model.fit_transform(frame, CLASSES).shape == (120, 3)
    assert model.layer == -1


@pytest.mark.parametrize("layer", [7, -5])
def test_a_layer_that_is_not_there(layer):
    model = MLPClassifier((4, 3), max_iter=2, layer=layer).fit(X, CLASSES)
    for use in (model.get_feature_names_out, lambda: model.transform(X)):
        with pytest.raises(ValueError, match=f"layer must be one of the 2 hidden layers.*got {layer}"):
            use()


@pytest.mark.parametrize("layer", ["a", 0.5])
def test_a_layer_that_is_no_number(layer):
    model = MLPClassifier((4, 3), max_iter=2).fit(X, CLASSES)
    with pytest.raises(ValueError, match="layer must be one of the 2 hidden layers"):
        model.transform(X, layer=layer)


def test_an_array_after_a_table_with_numbered_columns():
    frame = pd.DataFrame({0: X[:, 0], 1: BINARY})
    model = MLPClassifier((4,), encode="auto", max_iter=2).fit(frame, CLASSES)
    with pytest.raises(ValueError, match="takes tables with 2 columns, got ndarray"):
        model.predict(np.zeros((2, 2)))
