"""The base class, the weights it makes, and the sums and maxima that losses share."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.buffers import Buffers
from glassnet.losses.base import Loss, mean_weights
from glassnet.reductions import inner, label_positions, row_max, row_sum, weighted_sum
from glassnet.registry import from_config


class FourthPower(Loss):
    def value_and_gradient(self, outputs, targets, sample_weight=None):
        residual = outputs - np.asarray(targets)
        return float((residual**4).mean()), 4 * residual**3 / residual.size


def test_a_loss_of_ones_own_defines_value_and_gradient_alone():
    loss, outputs = FourthPower(), np.array([[3.0], [1.0]])
    targets = loss.prepare([[1.0], [1.0]], 1, np.float64)
    value, gradient = loss.compute(outputs, targets, None, Buffers(np.float64))
    assert value == 8.0
    np.testing.assert_array_equal(gradient, [[16.0], [0.0]])
    assert loss.predictions(outputs) is outputs
    assert loss.fused_with(None) is None
    assert type(from_config("loss", loss.config(), {"FourthPower": FourthPower})) is FourthPower


class Nothing(Loss):
    pass


def test_a_loss_that_defines_nothing_says_what_is_missing():
    with pytest.raises(NotImplementedError, match=r"Nothing must define value_and_gradient\(\)"):
        Nothing().value_and_gradient(np.zeros((2, 1)), [0.0, 0.0])


def test_mean_weights():
    buffers = Buffers(np.float32)
    np.testing.assert_array_equal(mean_weights(4, None, buffers), [[0.25]])
    np.testing.assert_array_equal(mean_weights(4, None, buffers, 2), [[0.125]])
    weights = np.array([1, 3, 0], np.float32)
    np.testing.assert_array_equal(mean_weights(3, weights, buffers), [[0.25], [0.75], [0]])
    np.testing.assert_array_equal(mean_weights(3, weights, buffers, 2), [[0.125], [0.375], [0]])
    np.testing.assert_array_equal(mean_weights(3, 0 * weights, buffers), np.zeros((3, 1)))
    assert mean_weights(3, weights, buffers).dtype == np.float32


@pytest.mark.parametrize(
    ("n", "k"), [(1, 1), (1, 5), (4, 3), (500, 1), (500, 7), (500, 32), (500, 33), (0, 3)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_row_reductions(n, k, dtype):
    a = np.random.default_rng(k).normal(size=(n, k)).astype(dtype)
    out = np.empty((n, 1), dtype)
    row_max(a, out)
    np.testing.assert_array_equal(out, a.max(axis=1, keepdims=True))
    row_sum(a, out)
    np.testing.assert_allclose(out, a.sum(axis=1, keepdims=True), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n", [3, 500])
def test_row_max_lets_nan_win(n):
    a = np.zeros((n, 4))
    a[1, 2] = np.nan
    out = np.empty((n, 1))
    row_max(a, out)
    assert np.isnan(out[1, 0])
    assert not np.isnan(np.delete(out, 1)).any()


def test_sums_are_exact_in_float32():
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 3_000_000, 1)).astype(np.float32)
    exact = np.dot(a[:, 0].astype(np.float64), b[:, 0].astype(np.float64))
    assert inner(a, b) == pytest.approx(exact, rel=1e-7)
    assert weighted_sum(a, b) == pytest.approx(exact, rel=2e-7)
    assert inner(a[:0], b[:0]) == weighted_sum(a[:0], b[:0]) == 0.0


def test_label_positions():
    labels, out = np.array([2, 0, 1, 2]), np.empty(4, np.int64)
    label_positions(labels, 3, out)
    np.testing.assert_array_equal(out, [2, 3, 7, 11])
    label_positions(labels[:0], 3, out[:0])
