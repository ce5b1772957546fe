from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error

from glassnet.errors import DataError, ShapeError
from glassnet.losses import Huber, MeanAbsoluteError, MeanSquaredError

OUTPUTS = np.array([[1.0, 5.0], [0.0, -2.0]])
TARGETS = np.array([[2.0, 2.0], [0.0, 0.0]])  # residuals -1, 3; 0, -2


@pytest.mark.parametrize(
    ("loss", "value", "gradient"),
    [
        (MeanSquaredError(), (1 + 9 + 0 + 4) / 4, [[-0.5, 1.5], [0.0, -1.0]]),
        (MeanAbsoluteError(), (1 + 3 + 0 + 2) / 4, [[-0.25, 0.25], [0.0, -0.25]]),
        (Huber(1.0), (0.5 + 2.5 + 0 + 1.5) / 4, [[-0.25, 0.25], [0.0, -0.25]]),
        (Huber(2.0), (0.5 + 4 + 0 + 2) / 4, [[-0.25, 0.5], [0.0, -0.5]]),
        (Huber(100.0), 14 / 8, [[-0.25, 0.75], [0.0, -0.5]]),
    ],
)
def test_by_hand(loss, value, gradient):
    got, got_gradient = loss.value_and_gradient(OUTPUTS, TARGETS)
    assert got == value
    np.testing.assert_array_equal(got_gradient, gradient)


def test_by_hand_with_weights():
    value, gradient = MeanSquaredError().value_and_gradient(OUTPUTS, TARGETS, [1.0, 3.0])
    assert value == (1 * 5 + 3 * 2) / 4
    np.testing.assert_array_equal(gradient, [[-0.25, 0.75], [0.0, -1.5]])


@pytest.mark.parametrize("weights", [None, np.array([0.0, 1.0, 2.5, 0.1, 4.0, 1.0])])
@pytest.mark.parametrize("columns", [1, 4])
def test_against_scikit_learn(columns, weights):
    rng = np.random.default_rng(3)
    outputs, targets = rng.normal(size=(2, 6, columns))
    for loss, metric in [
        (MeanSquaredError(), mean_squared_error),
        (MeanAbsoluteError(), mean_absolute_error),
    ]:
        expected = metric(targets, outputs, sample_weight=weights)
        assert loss.value_and_gradient(outputs, targets, weights)[0] == pytest.approx(expected, rel=1e-14)


def test_huber_is_half_the_square_and_then_a_line():
    d = np.linspace(-3, 3, 61)[:, None]
    for delta in (0.5, 1.0, 2.0):
        for row in d:
            expected = 0.5 * row[0] ** 2 if abs(row[0]) <= delta else delta * (abs(row[0]) - delta / 2)
            assert Huber(delta).value_and_gradient(row[None], [0.0])[0] == pytest.approx(expected, abs=1e-15)


def test_a_single_column_takes_targets_of_one_or_two_dimensions():
    outputs = np.array([[1.0], [4.0]])
    flat = MeanSquaredError().value_and_gradient(outputs, [0.0, 0.0])
    column = MeanSquaredError().value_and_gradient(outputs, [[0.0], [0.0]])
    assert flat[0] == column[0] == 8.5
    np.testing.assert_array_equal(flat[1], column[1])


@pytest.mark.parametrize("targets", [np.zeros(3), np.zeros((3, 3)), np.zeros((3, 1)), 0.0])
def test_targets_never_broadcast(targets):
    with pytest.raises(ShapeError, match=r"MeanSquaredError targets must have shape \(n_samples, 2\), got"):
        MeanSquaredError().value_and_gradient(np.zeros((3, 2)), targets)


@pytest.mark.parametrize("loss", [MeanSquaredError(), MeanAbsoluteError(), Huber()])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_outputs_stay_finite(loss, dtype):
    value, gradient = loss.value_and_gradient(np.array([[1e4], [-1e4]], dtype), [0.0, 0.0])
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert gradient[0, 0] == -gradient[1, 0] > 0


def test_a_target_too_large_for_float32_is_refused():
    with pytest.raises(DataError, match="MeanSquaredError targets holds inf at row 1"):
        MeanSquaredError().value_and_gradient(np.zeros((2, 1), np.float32), [0.0, 1e39])


@pytest.mark.parametrize("loss", [MeanSquaredError(), MeanAbsoluteError(), Huber(0.1)])
@pytest.mark.parametrize("columns", [1, 3])
def test_the_value_is_exact_for_many_float32_rows(loss, columns):
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(200_000, columns)).astype(np.float32) + 3
    targets = np.zeros_like(outputs)
    value, _ = loss.value_and_gradient(outputs, targets)
    exact, _ = loss.value_and_gradient(outputs.astype(np.float64), targets)
    assert value == pytest.approx(exact, rel=3e-7)


def test_integer_outputs_become_float64():
    value, gradient = MeanSquaredError().value_and_gradient(np.array([[3]]), [1])
    assert value == 4.0
    assert gradient.dtype == np.float64


def test_outputs_that_are_no_numbers_are_refused():
    with pytest.raises(
        DataError, match="MeanSquaredError outputs must be real numbers, got dtype complex128"
    ):
        MeanSquaredError().value_and_gradient(np.array([[1j]]), [1.0])
