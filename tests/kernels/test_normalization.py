"""Normalisation far from zero, where float32 sums go wrong first."""

import importlib.util

import numpy as np
import pytest

from glassnet.layers.batch_norm import batch_norm
from glassnet.layers.layer_norm import layer_norm

CHOICES = ["numpy", *(["numba"] if importlib.util.find_spec("numba") else [])]


def function(kernel, choice):
    if choice == "numpy":
        return kernel.reference
    from glassnet.kernels.compiled import BY_NAME

    return BY_NAME[kernel.__name__]


def exactly(x, axis):
    x = x.astype(np.float64)
    centred = x - x.mean(axis, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis, keepdims=True) + 1e-5)


@pytest.mark.parametrize("offset", [0.0, 1e3, -1e4])
@pytest.mark.parametrize("width", [3, 64, 1000])
@pytest.mark.parametrize("choice", CHOICES)
def test_float32_rows_far_from_zero(choice, width, offset):
    n = 40
    x = (np.random.default_rng(0).normal(size=(n, width)) + offset).astype(np.float32)
    one, zero, inverse = np.ones(width, x.dtype), np.zeros(width, x.dtype), np.empty((n, 1), x.dtype)
    x_hat, outputs = np.empty((2, *x.shape), x.dtype)
    function(layer_norm, choice)(x, one, zero, 1e-5, x_hat, inverse, outputs)
    np.testing.assert_allclose(outputs, exactly(x, 1), atol=3e-6, rtol=3e-6)


@pytest.mark.parametrize("choice", CHOICES)
def test_float32_columns_away_from_zero(choice):
    n, width = 4000, 7
    x = (np.random.default_rng(0).normal(size=(n, width)) + 100).astype(np.float32)
    one, zero, mean, variance, inverse, row = np.array([[1, 0, 0, 1, 0, 0]], x.dtype).T.repeat(width, 1)
    x_hat, outputs = np.empty((2, *x.shape), x.dtype)
    arguments = (x, one, zero, mean, variance, 0.0, 1e-5, x_hat, inverse, outputs, row)
    function(batch_norm, choice)(*arguments)
    np.testing.assert_allclose(outputs, exactly(x, 0), atol=1e-4)
    np.testing.assert_allclose(mean, x.mean(0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(variance, x.var(0, dtype=np.float64, ddof=1), rtol=1e-5)
