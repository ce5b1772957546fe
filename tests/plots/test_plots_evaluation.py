import numpy as np
import pytest
from sklearn.metrics import confusion_matrix as oracle

import glassnet as gn
from glassnet.errors import DataError, ShapeError


def cells(ax):
    return [text.get_text() for text in ax.texts]


def shown_shares(ax):
    return np.asarray(ax.images[0].get_array())


def ticks(ax):
    return [label.get_text() for label in ax.get_xticklabels()]


@pytest.mark.parametrize("kind", [int, str, float, object])
def test_counts_against_scikit_learn(kind, drawn):
    generator = np.random.default_rng(0)
    true, predicted = generator.integers(3, 8, (2, 200))
    predicted[:3] = 9
    ax = gn.plots.confusion_matrix(true.astype(kind), predicted.astype(kind))
    expected = oracle(true, predicted)
    assert cells(ax) == [f"{count}" for count in expected.ravel()]
    rows = expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shown_shares(ax), expected / np.maximum(rows, 1))
    assert ticks(ax) == [label.get_text() for label in ax.get_yticklabels()] == ["3", "4", "5", "6", "7", "9"]
    drawn(ax)


def test_names_for_integer_labels(drawn):
    ax = gn.plots.confusion_matrix([0, 2, 2], [0, 2, 0], labels=["cat", "dog", "$c$ow"])
    assert cells(ax) == ["1", "0", "0", "0", "0", "0", "1", "0", "1"]
    assert ticks(ax) == ["cat", "dog", r"\$c\$ow"]
    drawn(ax)


@pytest.mark.parametrize("labels", [["b", "a", "c"], [7, 3, 5]])
def test_labels_in_the_order_wanted(labels):
    first, second, _ = labels
    ax = gn.plots.confusion_matrix([first, first, second], [first, second, second], labels=labels)
    assert cells(ax) == ["1", "1", "0", "0", "1", "0", "0", "0", "0"]


def test_shares_in_percent():
    ax = gn.plots.confusion_matrix([0, 0, 0, 1], [0, 0, 1, 1], shares=True)
    assert cells(ax) == ["67%", "33%", "0%", "100%"]
    assert ax.get_title() == "Confusion matrix, accuracy 75.0%"


@pytest.mark.parametrize(("n", "step"), [(2, 1), (25, 1), (26, 1), (40, 1), (41, 2), (100, 5), (1000, 50)])
def test_many_classes_stay_legible(n, step, drawn):
    y = np.arange(n)
    ax = gn.plots.confusion_matrix(y, y[::-1])
    assert bool(cells(ax)) == (n <= 25)
    assert len(ticks(ax)) == -(-n // step) <= 40
    if n <= 100:
        drawn(ax)


def test_long_names_that_begin_alike_lose_their_middles():
    names = ["a very long name of a class, first", "a very long name of a class, second"]
    ax = gn.plots.confusion_matrix([0, 1], [0, 1], labels=names)
    assert ticks(ax) == ["a very long…class, first", "a very long…lass, second"]
    ax = gn.plots.confusion_matrix([0, 1], [0, 1], labels=[names[0], "short"])
    assert ticks(ax) == ["a very long name of a c…", "short"]


def test_text_stays_within_its_cell(drawn):
    y = np.repeat(np.arange(10), 1234)
    ax = gn.plots.confusion_matrix(y, y)
    drawn(ax)
    cell = ax.get_window_extent().width / 10
    assert max(text.get_window_extent().width for text in ax.texts) < cell


def test_one_class_one_row_booleans_and_columns(drawn):
    ax = gn.plots.confusion_matrix(["only"], [["only"]])
    assert cells(ax) == ["1"]
    assert cells(gn.plots.confusion_matrix([True, False], [True, True])) == ["0", "1", "0", "1"]
    drawn(ax)


def test_bad_labels():
    draw = gn.plots.confusion_matrix
    with pytest.raises(
        ShapeError, match=r"one label per sample, got shape \(2, 3\).*outputs.argmax\(axis=1\)"
    ):
        draw([0, 1], np.zeros((2, 3)))
    with pytest.raises(DataError, match="y_pred must hold labels, got numbers that are not whole"):
        draw([0, 1], [0.2, 0.9])
    with pytest.raises(DataError, match="not whole"):
        draw([0, 1], [0.0, np.nan])
    with pytest.raises(ShapeError, match="y_true has 2 rows but y_pred has 1"):
        draw([0, 1], [0])
    with pytest.raises(DataError, match="no rows"):
        draw([], [])
    with pytest.raises(DataError, match=r"labels does not cover \[2\]"):
        draw([0, 1], [0, 2], labels=["a", "b"])
    with pytest.raises(DataError, match="y_true holds int64 and y_pred <U1: make both integers or text"):
        draw(np.array([0, 1]), ["0", "1"])


def test_points_and_diagonal(drawn):
    ax = gn.plots.predicted_vs_true([[1.0], [2.0], [4.0]], [1, 3, 4])
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), [(1, 1), (2, 3), (4, 4)])
    line = ax.get_lines()[0]
    np.testing.assert_array_equal(line.get_xdata(), line.get_ydata())
    assert ax.get_xlim() == ax.get_ylim()
    # Sum of squares: 1 of (16/9 + 1/9 + 25/9) = 14/3.
    assert ax.get_title() == "Predicted against true, R² 0.786, RMSE 0.577"
    drawn(ax)


@pytest.mark.parametrize("n", [1, 2, 5000, 5001, 20_000])
def test_many_points_become_a_density(n, drawn):
    values = np.random.default_rng(0).normal(size=n)
    ax = gn.plots.predicted_vs_true(values, values**2)
    assert (len(ax.figure.axes) == 2) == (n > 5000)
    drawn(ax)


@pytest.mark.parametrize(("true", "predicted"), [([3.0, 3.0], [3.0, 3.0]), ([0, 0], [0, 0]), ([1e9], [-1e9])])
def test_odd_values(true, predicted, drawn):
    ax = gn.plots.predicted_vs_true(true, predicted)
    low, high = ax.get_xlim()
    assert low < min(true + predicted) <= max(true + predicted) < high
    drawn(ax)


def test_bad_values():
    draw = gn.plots.predicted_vs_true
    with pytest.raises(ShapeError, match=r"got shape \(2, 2\); draw one output at a time"):
        draw(np.zeros((2, 2)), np.zeros((2, 2)))
    with pytest.raises(ShapeError, match="y_true has 2 rows but y_pred has 3"):
        draw([1, 2], [1, 2, 3])
    with pytest.raises(DataError, match="y_pred holds inf at row 1"):
        draw([1, 2], [1, np.inf])
    with pytest.raises(DataError, match="y_true must hold numbers"):
        draw(["a"], [1])
    with pytest.raises(DataError, match="no rows"):
        draw([], [])
