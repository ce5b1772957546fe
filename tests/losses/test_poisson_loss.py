from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_poisson_deviance

from glassnet.errors import DataError
from glassnet.losses import Poisson


def test_by_hand():
    value, gradient = Poisson().value_and_gradient(np.array([[0.0], [np.log(2.0)]]), [3, 1])
    assert value == pytest.approx((1 + 2 - np.log(2)) / 2, rel=1e-15)
    np.testing.assert_allclose(gradient, [[-1.0], [0.5]], rtol=1e-15)


def test_rates_by_hand():
    value, gradient = Poisson(log_input=False).value_and_gradient(np.array([[1.0], [2.0]]), [3, 1])
    assert value == pytest.approx((1 + 2 - np.log(2)) / 2, rel=1e-7)
    np.testing.assert_allclose(gradient, [[-1.0], [0.25]], rtol=1e-7)


@pytest.mark.parametrize("weights", [None, np.array([0.0, 1.0, 2.5, 0.1, 4.0, 1.0])])
@pytest.mark.parametrize("log_input", [True, False])
def test_against_the_deviance_of_scikit_learn(log_input, weights):
    rng = np.random.default_rng(4)
    targets = rng.poisson(3.0, 6) + 1.0
    first, second = rng.uniform(0.5, 5, (2, 6))
    loss = Poisson(log_input=log_input, epsilon=1e-30)

    def value(rates):
        outputs = np.log(rates) if log_input else rates
        return loss.value_and_gradient(outputs[:, None], targets, weights)[0]

    deviances = [mean_poisson_deviance(targets, rates, sample_weight=weights) for rates in (first, second)]
    assert value(first) - value(second) == pytest.approx((deviances[0] - deviances[1]) / 2, rel=1e-12)
    assert value(first) - value(targets) == pytest.approx(deviances[0] / 2, rel=1e-12)


def test_predictions_are_rates():
    outputs = np.array([[0.0, np.log(3.0), -1e4, 1e4]])
    np.testing.assert_allclose(Poisson().predictions(outputs), [[1.0, 3.0, 0.0, np.inf]], rtol=1e-15)
    np.testing.assert_array_equal(Poisson(log_input=False).predictions(outputs), outputs)


def test_negative_targets_are_refused_with_their_place():
    with pytest.raises(DataError, match=r"Poisson targets must be >= 0, got -1\.0 at row 1, column 0"):
        Poisson().value_and_gradient(np.zeros((3, 1)), [0, -1, -2])


def test_negative_rates_are_refused_at_the_door():
    with pytest.raises(DataError, match=r"takes rates >= 0, got -0\.5 at row 0, column 1.*log_input=True"):
        Poisson(log_input=False).value_and_gradient(np.array([[1.0, -0.5]]), [[0, 1]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes(dtype):
    value, gradient = Poisson().value_and_gradient(np.array([[-1e4], [80.0]], dtype), [2, 0])
    assert np.isfinite(value)
    np.testing.assert_allclose(gradient[0], -1.0)
    value, gradient = Poisson(log_input=False).value_and_gradient(np.zeros((1, 1), dtype), [2])
    assert value == pytest.approx(-2 * np.log(1e-8), rel=1e-6)
    np.testing.assert_allclose(gradient, 1 - 2e8, rtol=1e-6)
    assert Poisson().value_and_gradient(np.full((1, 1), 1e4, dtype), [0])[0] == np.inf
