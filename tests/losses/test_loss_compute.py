"""How every loss treats arrays: dtypes, buffers, memory, values that are not finite."""

from __future__ import annotations

import copy
import tracemalloc

import numpy as np
import pytest

from glassnet.buffers import Buffers


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_are_a_float_and_an_array_like_the_outputs(case, dtype):
    outputs, targets = case.draw(7, dtype)
    kept, kept_targets = outputs.copy(), copy.deepcopy(targets)
    value, gradient = case.loss.value_and_gradient(outputs, targets, [0.3, 2.0, 1.1, 0.0, 0.7, 5.0, 0.25])
    assert type(value) is float
    assert gradient.shape == outputs.shape
    assert gradient.dtype == dtype
    np.testing.assert_array_equal(outputs, kept)
    np.testing.assert_array_equal(targets, kept_targets)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_compute_agrees_whatever_the_buffers_held(case, weighted, dtype):
    buffers = Buffers(dtype)
    for n, seed in [(6, 1), (9, 2), (4, 3), (1, 4), (9, 5)]:
        outputs, targets = case.draw(n, dtype, seed)
        weights = np.linspace(0, 2, n, dtype=dtype) + 1 if weighted else None
        prepared = case.loss.prepare(targets, outputs.shape[1], dtype)
        value, gradient = case.loss.compute(outputs, prepared, weights, buffers)
        expected, expected_gradient = case.loss.value_and_gradient(outputs, targets, weights)
        assert value == expected
        np.testing.assert_array_equal(gradient, expected_gradient)
        for name in buffers._memory:
            buffers._memory[name].view(np.uint8).fill(0xFF)  # NaN, or -1


def test_compute_takes_outputs_that_are_not_contiguous(case):
    outputs, targets = case.draw(6)
    prepared = case.loss.prepare(targets, outputs.shape[1], np.float64)
    expected, expected_gradient = case.loss.value_and_gradient(outputs, targets)
    wide = np.repeat(outputs, 2, axis=1)[:, ::2]
    for strided in (wide, np.asfortranarray(outputs)):
        value, gradient = case.loss.compute(strided, prepared, None, Buffers(np.float64))
        assert value == pytest.approx(expected, rel=1e-14)
        np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-14)


def traced(calls):
    """Return what stays allocated after the calls and the peak during them, in bytes."""
    calls()
    tracemalloc.start()
    try:
        calls()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        calls()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before, peak - before


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_compute_allocates_no_array_once_warm(case, weighted, dtype):
    # NumPy itself takes blocks of 8192 elements where a column is broadcast: hence so many rows.
    buffers = Buffers(dtype)
    n = 40_000
    outputs, targets = case.draw(n, dtype)
    prepared = case.loss.prepare(targets, outputs.shape[1], dtype)
    weights = np.linspace(1, 2, n, dtype=dtype) if weighted else None
    _, peak = traced(lambda: case.loss.compute(outputs, prepared, weights, buffers))
    assert peak < n * outputs.itemsize  # less than one column

    def train():
        for stop in [32, 7] * 100:  # with a smaller last batch
            part = None if weights is None else weights[:stop]
            case.loss.compute(outputs[:stop], prepared[:stop], part, buffers)

    growth, _ = traced(train)
    assert growth < 500


def test_prepare_copies_nothing_that_is_right_already(case):
    outputs, targets = case.draw(5)
    once = case.loss.prepare(targets, outputs.shape[1], np.float64)
    assert once.flags.c_contiguous
    assert once.dtype == (np.int64 if once.ndim == 1 else np.float64)
    assert np.shares_memory(case.loss.prepare(once, outputs.shape[1], np.float64), once)


def test_predictions_are_shaped_like_the_outputs_and_leave_them_alone(case):
    outputs, _ = case.draw(5, np.float32)
    kept = outputs.copy()
    predictions = case.loss.predictions(outputs)
    assert predictions.shape == outputs.shape
    assert predictions.dtype == np.float32
    np.testing.assert_array_equal(outputs, kept)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_outputs_that_are_not_finite_show_in_the_value_without_a_warning(case, dtype):
    outputs, targets = case.draw(4, dtype)
    prepared = case.loss.prepare(targets, outputs.shape[1], dtype)
    for bad in (np.nan, np.inf, -np.inf):
        outputs[1] = bad
        value, gradient = case.loss.compute(outputs, prepared, None, Buffers(dtype))
        assert not np.isfinite(value)
        if np.isnan(bad):
            assert np.isnan(value)
            assert np.isnan(gradient[1]).any()


def test_large_outputs_do_not_warn(case):
    outputs, targets = case.draw(4, np.float32)
    prepared = case.loss.prepare(targets, outputs.shape[1], np.float32)
    for size in (1e4, -1e4, 1e18, -1e18):
        large = np.sign(outputs) * np.float32(size)
        case.loss.compute(large, prepared, None, Buffers(np.float32))
