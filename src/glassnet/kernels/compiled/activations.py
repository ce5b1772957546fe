"""Bias and activation in one sweep, and the way back; forward, bit for bit what NumPy computes.

`gradient` is dL/da on entry and dL/dz on return. Its column sums are gathered over 64 rows at a time
and then in double precision, so that no error grows with the number of rows.
"""

from __future__ import annotations

import numpy as np

from glassnet._typing import Array
from glassnet.kernels.compiled.compiler import compiled

__all__ = [
    "add_bias",
    "bias_leaky_relu",
    "bias_relu",
    "elu_backward",
    "leaky_relu_backward",
    "relu_backward",
    "sigmoid_backward",
    "tanh_backward",
]

ROWS = 64


@compiled
def add_bias(z: Array, bias: Array) -> None:
    n, k = z.shape
    for i in range(n):
        for j in range(k):
            z[i, j] += bias[j]


@compiled
def bias_relu(z: Array, bias: Array) -> None:
    n, k = z.shape
    zero = z.dtype.type(0)
    for i in range(n):
        for j in range(k):
            x = z[i, j] + bias[j]
            z[i, j] = zero if x <= zero else x  # NaN stays


@compiled
def bias_leaky_relu(z: Array, bias: Array, slope: float, scaled: Array) -> None:
    n, k = z.shape
    zero, s = z.dtype.type(0), z.dtype.type(slope)
    for i in range(n):
        for j in range(k):
            x = z[i, j] + bias[j]
            z[i, j] = x * s if x <= zero else x


@compiled
def fold(part: Array, total: Array) -> None:
    """Add `part` to `total` and set it to 0."""
    for j in range(len(part)):
        total[j] += part[j]
        part[j] = part.dtype.type(0)


@compiled
def store(total: Array, out: Array) -> None:
    """Copy `total`, in double precision, to `out`, which may be empty."""
    for j in range(len(out)):
        out[j] = total[j]


@compiled
def relu_backward(gradient: Array, a: Array, bias_gradient: Array, mask: Array) -> None:
    n, k = a.shape
    zero, one = a.dtype.type(0), a.dtype.type(1)
    part, total = np.zeros(k, a.dtype), np.zeros(k)
    for start in range(0, n, ROWS):
        for i in range(start, min(start + ROWS, n)):
            for j in range(k):
                dz = gradient[i, j] * (one if a[i, j] > zero else zero)
                gradient[i, j] = dz
                part[j] += dz
        fold(part, total)
    store(total, bias_gradient)


@compiled
def leaky_relu_backward(gradient: Array, a: Array, slope: float, bias_gradient: Array, factor: Array) -> None:
    n, k = a.shape
    zero, one, s = a.dtype.type(0), a.dtype.type(1), a.dtype.type(slope)
    part, total = np.zeros(k, a.dtype), np.zeros(k)
    for start in range(0, n, ROWS):
        for i in range(start, min(start + ROWS, n)):
            for j in range(k):
                dz = gradient[i, j] * (one if a[i, j] > zero else s)
                gradient[i, j] = dz
                part[j] += dz
        fold(part, total)
    store(total, bias_gradient)


@compiled
def elu_backward(
    gradient: Array, a: Array, scale: float, alpha: float, bias_gradient: Array, below: Array, above: Array
) -> None:
    n, k = a.shape
    zero, s, limit = a.dtype.type(0), a.dtype.type(scale), a.dtype.type(scale * alpha)
    part, total = np.zeros(k, a.dtype), np.zeros(k)
    for start in range(0, n, ROWS):
        for i in range(start, min(start + ROWS, n)):
            for j in range(k):
                dz = gradient[i, j] * (s if a[i, j] > zero else a[i, j] + limit)
                gradient[i, j] = dz
                part[j] += dz
        fold(part, total)
    store(total, bias_gradient)


@compiled
def sigmoid_backward(gradient: Array, a: Array, bias_gradient: Array, derivative: Array) -> None:
    n, k = a.shape
    one = a.dtype.type(1)
    part, total = np.zeros(k, a.dtype), np.zeros(k)
    for start in range(0, n, ROWS):
        for i in range(start, min(start + ROWS, n)):
            for j in range(k):
                dz = gradient[i, j] * ((one - a[i, j]) * a[i, j])
                gradient[i, j] = dz
                part[j] += dz
        fold(part, total)
    store(total, bias_gradient)


@compiled
def tanh_backward(gradient: Array, a: Array, bias_gradient: Array, derivative: Array) -> None:
    n, k = a.shape
    one = a.dtype.type(1)
    part, total = np.zeros(k, a.dtype), np.zeros(k)
    for start in range(0, n, ROWS):
        for i in range(start, min(start + ROWS, n)):
            for j in range(k):
                dz = gradient[i, j] * (one - a[i, j] * a[i, j])
                gradient[i, j] = dz
                part[j] += dz
        fold(part, total)
    store(total, bias_gradient)
