"""What every loss must hold to as a function: its gradient, its weights, its batches."""

from __future__ import annotations

import numpy as np
import pytest

WEIGHTS = {"none": None, "random": [0.3, 2.0, 1.1, 0.0, 0.7, 5.0, 0.25], "equal": [3.0] * 7}


@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS.keys())
def test_gradient_is_that_of_the_value(case, weights):
    outputs, targets = case.draw(7)
    _, gradient = case.loss.value_and_gradient(outputs, targets, weights)
    differences = np.empty_like(outputs)
    step = 1e-6
    for place in np.ndindex(outputs.shape):
        sides = []
        for sign in (1, -1):
            moved = outputs.copy()
            moved[place] += sign * step
            sides.append(case.loss.value_and_gradient(moved, targets, weights)[0])
        differences[place] = (sides[0] - sides[1]) / (2 * step)
    np.testing.assert_allclose(gradient, differences, rtol=1e-7, atol=1e-8)


def test_values_fall_along_the_negative_gradient(case):
    outputs, targets = case.draw(7)
    value, gradient = case.loss.value_and_gradient(outputs, targets)
    assert case.loss.value_and_gradient(outputs - 1e-4 * gradient, targets)[0] < value


def test_a_row_of_weight_zero_is_a_row_left_out(case):
    outputs, targets = case.draw(6)
    keep = np.array([True, True, False, True, False, True])
    value, gradient = case.loss.value_and_gradient(outputs, targets, keep * 1.0)
    value_kept, gradient_kept = case.loss.value_and_gradient(outputs[keep], targets[keep])
    assert value == pytest.approx(value_kept, rel=1e-13, abs=1e-15)
    np.testing.assert_allclose(gradient[keep], gradient_kept, rtol=1e-12)
    assert not gradient[~keep].any()


def test_an_integer_weight_is_a_row_repeated(case):
    outputs, targets = case.draw(5)
    times = np.array([1, 3, 2, 1, 4])
    value, gradient = case.loss.value_and_gradient(outputs, targets, times)
    value_repeated, gradient_repeated = case.loss.value_and_gradient(
        np.repeat(outputs, times, axis=0), np.repeat(targets, times, axis=0)
    )
    assert value == pytest.approx(value_repeated, rel=1e-13)
    starts = np.cumsum(times) - times
    np.testing.assert_allclose(
        gradient, np.add.reduceat(gradient_repeated, starts, axis=0), rtol=1e-12, atol=1e-16
    )


def test_the_scale_of_the_weights_does_not_matter(case):
    outputs, targets = case.draw(7)
    value, gradient = case.loss.value_and_gradient(outputs, targets, WEIGHTS["random"])
    for scale in (1e-6, 1e6):
        weights = np.multiply(WEIGHTS["random"], scale)
        other, other_gradient = case.loss.value_and_gradient(outputs, targets, weights)
        assert other == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(other_gradient, gradient, rtol=1e-12, atol=1e-16)


def test_equal_weights_are_no_weights(case):
    outputs, targets = case.draw(7)
    value, gradient = case.loss.value_and_gradient(outputs, targets)
    weighted, weighted_gradient = case.loss.value_and_gradient(outputs, targets, WEIGHTS["equal"])
    assert weighted == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(weighted_gradient, gradient, rtol=1e-12, atol=1e-17)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_split_batch_averages_to_the_whole(case, weighted):
    outputs, targets = case.draw(8)
    weights = np.array([0.5, 1, 2, 3, 0.1, 1, 0, 1]) if weighted else np.ones(8)
    value, gradient = case.loss.value_and_gradient(outputs, targets, weights if weighted else None)
    parts = [slice(0, 3), slice(3, 8)]
    results = [
        case.loss.value_and_gradient(outputs[p], targets[p], weights[p] if weighted else None) for p in parts
    ]
    shares = [weights[p].sum() / weights.sum() for p in parts]
    assert value == pytest.approx(sum(s * v for s, (v, _) in zip(shares, results, strict=True)), rel=1e-13)
    joined = np.concatenate([s * g for s, (_, g) in zip(shares, results, strict=True)])
    np.testing.assert_allclose(gradient, joined, rtol=1e-12, atol=1e-16)


def test_one_row(case):
    outputs, targets = case.draw(1)
    value, gradient = case.loss.value_and_gradient(outputs, targets)
    assert np.isfinite(value)
    assert gradient.shape == outputs.shape
    assert case.loss.value_and_gradient(outputs, targets, [7.0])[0] == pytest.approx(value, rel=1e-13)


def test_no_rows_give_zero(case):
    outputs, targets = case.draw(0)
    for weights in (None, []):
        value, gradient = case.loss.value_and_gradient(outputs, targets, weights)
        assert value == 0.0
        assert gradient.shape == outputs.shape


def test_weights_that_are_all_zero_give_zero(case):
    outputs, targets = case.draw(4)
    value, gradient = case.loss.value_and_gradient(outputs, targets, np.zeros(4))
    assert value == 0.0
    assert not gradient.any()


def test_float32_agrees_with_float64(case):
    outputs, targets = case.draw(500, np.float32)
    value32, gradient32 = case.loss.value_and_gradient(outputs, targets)
    value64, gradient64 = case.loss.value_and_gradient(outputs.astype(np.float64), targets)
    assert value32 == pytest.approx(value64, rel=3e-6)
    np.testing.assert_allclose(gradient32, gradient64, rtol=1e-4, atol=1e-7)
