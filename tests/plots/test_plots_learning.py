import math
from itertools import pairwise

import numpy as np
import pytest
from matplotlib import pyplot

import glassnet as gn
from glassnet.errors import DataError, HyperparameterError

HISTORY = {
    "loss": [1.0, 0.5, 0.25, 0.125],
    "accuracy": [0.5, 0.6, 0.8, 0.9],
    "val_loss": [1.0, 0.6, 0.4, 0.5],
    "val_accuracy": [0.5, 0.7, 0.6, 0.7],
    "odd": [1.0, math.nan, 3.0, 2.0],
    "learning_rate": [0.1, 0.1, 0.01, 0.01],
    "seconds": [2.0, 1.0, 1.0, 1.0],
}


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_loss_and_validation_loss_with_the_best_marked(drawn):
    ax = gn.plots.learning_curve(HISTORY)
    training, validation, best = ax.get_lines()
    np.testing.assert_array_equal(training.get_xydata(), [(i + 1, v) for i, v in enumerate(HISTORY["loss"])])
    np.testing.assert_array_equal(validation.get_ydata(), HISTORY["val_loss"])
    np.testing.assert_array_equal(best.get_xydata(), [(3, 0.4)])
    assert texts(ax) == ["training", "validation", "best: 0.4 in epoch 3"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    assert len(ax.figure.axes) == 1
    drawn(ax)


def test_panels_below_share_the_epochs(drawn):
    ax = gn.plots.learning_curve(HISTORY, ["accuracy", "odd"], learning_rate=True)
    _, accuracy, odd, rate = ax.figure.axes
    assert [panel.get_ylabel() for panel in ax.figure.axes] == ["loss", "accuracy", "odd", "learning rate"]
    assert [panel.get_xlabel() for panel in ax.figure.axes] == ["", "", "", "epoch"]
    assert texts(accuracy)[-1] == "best: 0.7 in epoch 2"  # higher is better, and the first of equals
    assert texts(odd) == ["training"]  # no validation, and no direction
    np.testing.assert_array_equal(rate.get_lines()[0].get_ydata(), HISTORY["learning_rate"])
    assert rate.get_yscale() == "log"
    drawn(ax)
    tops = [panel.get_window_extent() for panel in ax.figure.axes]
    assert all(upper.y0 > lower.y1 for upper, lower in pairwise(tops))
    assert ax.get_shared_x_axes().joined(ax, rate)


def test_panels_within_the_axes_given(drawn):
    figure, axes = pyplot.subplots(2, 2)
    place = axes[0, 1].get_position()
    assert gn.plots.learning_curve(HISTORY, "accuracy", ax=axes[0, 1]) is axes[0, 1]
    assert len(figure.axes) == 5
    for panel in (axes[0, 1], figure.axes[-1]):
        inner = panel.get_position()
        assert place.x0 - 1e-9 <= inner.x0 < inner.x1 <= place.x1 + 1e-9
        assert place.y0 - 1e-9 <= inner.y0 < inner.y1 <= place.y1 + 1e-9
    drawn(axes[0, 1])


def test_axes_that_cannot_be_divided():
    ax = pyplot.figure().add_axes((0.1, 0.1, 0.8, 0.8))
    gn.plots.learning_curve(HISTORY, ax=ax)
    with pytest.raises(HyperparameterError, match=r"ax must come from plt\.subplots"):
        gn.plots.learning_curve(HISTORY, "accuracy", ax=ax)


def test_a_history_of_fit(drawn):
    X, y = gn.datasets.spiral(seed=0)
    net = gn.Network([gn.Dense(3)], seed=0)
    history = net.fit(X, y, loss="softmax_cross_entropy", epochs=3, metrics=["accuracy"])
    ax = gn.plots.learning_curve(history, "accuracy", learning_rate=True, log_scale=True)
    assert ax.get_yscale() == "log"
    drawn(ax)


@pytest.mark.parametrize("column", [[1.0], [math.nan, math.nan], [1e-12, 1e12], [0.0, 0.0], [5.0] * 3])
@pytest.mark.parametrize("log_scale", [False, True])
def test_odd_columns(column, log_scale, drawn):
    ax = gn.plots.learning_curve({"loss": column, "val_loss": column}, log_scale=log_scale)
    drawn(ax)
    if len(column) == 1:
        assert ax.get_lines()[0].get_marker() == "o"


def test_logarithmic_axes_are_labelled_even_within_a_decade(drawn):
    ax = gn.plots.learning_curve({"loss": [0.9, 0.5, 0.31]}, log_scale=True)
    drawn(ax)
    shown = {label.get_text() for label in ax.get_yticklabels(which="both")}
    assert {"0.4", "0.5", "0.8"} <= shown


@pytest.mark.parametrize("metrics", ["acuracy", ["accuracy", "acuracy"]])
def test_unknown_columns(metrics):
    with pytest.raises(
        HyperparameterError, match=r"Unknown column of the history 'acuracy'. Did you mean 'acc"
    ):
        gn.plots.learning_curve(HISTORY, metrics)
    with pytest.raises(HyperparameterError, match="column of the history 'learning_rate'"):
        gn.plots.learning_curve({"loss": [1.0]}, learning_rate=True)


def test_no_epochs():
    with pytest.raises(HyperparameterError, match="column of the history 'loss'"):
        gn.plots.learning_curve(gn.History())
    with pytest.raises(DataError, match="no epochs"):
        gn.plots.learning_curve({"loss": []})


def test_optimisers_against_epochs(drawn):
    histories = {"adam": HISTORY, "sgd $1$": {"loss": [2.0, 1.0]}}
    ax = gn.plots.optimizer_comparison(histories)
    assert texts(ax) == ["adam (0.125)", r"sgd \$1\$ (1)"]
    assert [len(line.get_xdata()) for line in ax.get_lines()] == [4, 2]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("epoch", "loss", "loss by optimiser")
    drawn(ax)


def test_optimisers_against_seconds(drawn):
    ax = gn.plots.optimizer_comparison({"adam": HISTORY}, "val_loss", against="seconds", log_scale=True)
    np.testing.assert_array_equal(ax.get_lines()[0].get_xdata(), [2, 3, 4, 5])
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), HISTORY["val_loss"])
    assert (ax.get_xlabel(), ax.get_yscale()) == ("seconds", "log")
    drawn(ax)


def test_many_optimisers_differ_in_colour_or_line(drawn):
    ax = gn.plots.optimizer_comparison({f"rule {i}": HISTORY for i in range(28)})
    assert len({(line.get_color(), line.get_linestyle()) for line in ax.get_lines()}) == 28
    drawn(ax)


def test_bad_comparisons():
    with pytest.raises(HyperparameterError, match="column of the history 'sgd' 'val_loss'"):
        gn.plots.optimizer_comparison({"adam": HISTORY, "sgd": {"loss": [1.0]}}, "val_loss")
    with pytest.raises(HyperparameterError, match="column of the history 'sgd' 'seconds'"):
        gn.plots.optimizer_comparison({"sgd": {"loss": [1.0]}}, against="seconds")
    with pytest.raises(HyperparameterError, match="optimizer_comparison against 'time'"):
        gn.plots.optimizer_comparison({"adam": HISTORY}, against="time")
    for nothing in ({}, [HISTORY]):
        with pytest.raises(HyperparameterError, match="needs a dict of histories by name"):
            gn.plots.optimizer_comparison(nothing)
