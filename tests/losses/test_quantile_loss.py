from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss

from glassnet.errors import HyperparameterError, ShapeError
from glassnet.losses import MeanAbsoluteError, Quantile


def test_by_hand():
    # residuals o - y: 2, -3, 0; costs (1 - q) 2 = 0.4, q 3 = 2.4, 0
    value, gradient = Quantile([0.8]).value_and_gradient(np.array([[3.0], [0.0], [1.0]]), [1.0, 3.0, 1.0])
    assert value == pytest.approx(2.8 / 3, rel=1e-15)
    np.testing.assert_allclose(gradient, [[0.2 / 3], [-0.8 / 3], [0.0]], rtol=1e-14)


@pytest.mark.parametrize("weights", [None, np.array([0.0, 1.0, 2.5, 0.1, 4.0, 1.0])])
def test_against_scikit_learn(weights):
    rng = np.random.default_rng(5)
    levels, targets = (0.05, 0.5, 0.9), rng.normal(size=(6, 2))
    outputs = rng.normal(size=(6, 6))  # levels of the first target, then of the second
    expected = np.mean(
        [
            mean_pinball_loss(targets[:, t], outputs[:, 3 * t + j], alpha=level, sample_weight=weights)
            for t in range(2)
            for j, level in enumerate(levels)
        ]
    )
    value, _ = Quantile(levels).value_and_gradient(outputs, targets, weights)
    assert value == pytest.approx(expected, rel=1e-14)


def test_several_levels_are_the_mean_of_single_fits():
    rng = np.random.default_rng(6)
    outputs, targets = rng.normal(size=(8, 2)), rng.normal(size=8)
    value, gradient = Quantile([0.2, 0.7]).value_and_gradient(outputs, targets)
    low, low_gradient = Quantile([0.2]).value_and_gradient(outputs[:, :1], targets)
    high, high_gradient = Quantile([0.7]).value_and_gradient(outputs[:, 1:], targets)
    assert value == pytest.approx((low + high) / 2, rel=1e-14)
    np.testing.assert_allclose(gradient, np.hstack([low_gradient, high_gradient]) / 2, rtol=1e-14)


def test_the_median_is_half_the_absolute_error_also_where_it_is_zero():
    outputs, targets = np.array([[1.0], [2.0], [-4.0]]), [1.0, 0.0, 3.0]
    value, gradient = Quantile().value_and_gradient(outputs, targets)
    absolute, absolute_gradient = MeanAbsoluteError().value_and_gradient(outputs, targets)
    assert value == absolute / 2
    np.testing.assert_array_equal(gradient, absolute_gradient / 2)


def test_its_minimum_is_the_quantile():
    targets = np.arange(1.0, 102.0)
    for level in (0.1, 0.5, 0.93):
        costs = [Quantile([level]).value_and_gradient(np.full((101, 1), o), targets)[0] for o in targets]
        assert targets[np.argmin(costs)] == np.quantile(targets, level, method="inverted_cdf")


def test_predictions_of_each_target_do_not_cross():
    outputs = np.array([[3.0, 1.0, 2.0, -1.0, -2.0, 0.0], [1.0, 2.0, 3.0, 6.0, 5.0, 4.0]])
    np.testing.assert_array_equal(
        Quantile([0.1, 0.5, 0.9]).predictions(outputs),
        [[1.0, 2.0, 3.0, -2.0, -1.0, 0.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]],
    )
    assert Quantile([0.1, 0.5, 0.9]).predictions(outputs[:0]).shape == (0, 6)


def test_sorting_never_raises_the_loss():
    rng = np.random.default_rng(7)
    loss = Quantile([0.1, 0.4, 0.9])
    outputs, targets = rng.normal(size=(50, 3)), rng.normal(size=50)
    for row, target in zip(outputs, targets, strict=True):
        sorted_value = loss.value_and_gradient(loss.predictions(row[None]), [target])[0]
        assert sorted_value <= loss.value_and_gradient(row[None], [target])[0] + 1e-15


@pytest.mark.parametrize("levels", [[], [0.5, 0.5], [0.9, 0.1], ()])
def test_levels_must_increase(levels):
    with pytest.raises(
        HyperparameterError, match="Quantile quantiles must be at least one level, increasing"
    ):
        Quantile(levels)


def test_outputs_must_be_a_multiple_of_the_levels():
    with pytest.raises(
        ShapeError, match="3 quantiles needs that many outputs for every target, got n_outputs=4"
    ):
        Quantile([0.1, 0.5, 0.9]).value_and_gradient(np.zeros((2, 4)), [0.0, 0.0])
    with pytest.raises(ShapeError, match=r"Quantile targets must have shape \(n_samples, 2\), got \(2,\)"):
        Quantile([0.1, 0.5, 0.9]).value_and_gradient(np.zeros((2, 6)), [0.0, 0.0])
