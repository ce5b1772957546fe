"""Batch and layer normalisation and dropout; sums over rows and columns in double precision.

What predicts (`batch_norm_fixed`) does bit for bit what NumPy does.
"""

from __future__ import annotations

import math

import numpy as np

from glassnet._typing import Array
from glassnet.kernels.compiled.compiler import compiled, summing

__all__ = [
    "batch_norm",
    "batch_norm_backward",
    "batch_norm_fixed",
    "dropout",
    "layer_norm",
    "layer_norm_backward",
]


@compiled
def batch_norm(
    inputs: Array,
    scale: Array,
    shift: Array,
    running_mean: Array,
    running_variance: Array,
    momentum: float,
    epsilon: float,
    x_hat: Array,
    inverse: Array,
    outputs: Array,
    row: Array,
) -> None:
    n, k = inputs.shape
    number = inputs.dtype.type
    keep, new, spread = number(momentum), number(1 - momentum), number((1 - momentum) * n / max(n - 1, 1))
    small, one = number(epsilon), number(1)
    total = np.zeros(k)
    for i in range(n):
        for j in range(k):
            total[j] += inputs[i, j]
    for j in range(k):
        row[j] = total[j] / n
        running_mean[j] = keep * running_mean[j] + new * row[j]
    total[:] = 0.0
    for i in range(n):
        for j in range(k):
            d = inputs[i, j] - row[j]
            total[j] += d * d
    for j in range(k):
        inverse[j] = total[j] / n
        if n > 1:
            running_variance[j] = keep * running_variance[j] + spread * inverse[j]
        inverse[j] = one / math.sqrt(inverse[j] + small)
    for i in range(n):
        for j in range(k):
            x = (inputs[i, j] - row[j]) * inverse[j]
            x_hat[i, j] = x
            outputs[i, j] = x * scale[j] + shift[j]


@compiled
def batch_norm_fixed(
    inputs: Array,
    scale: Array,
    shift: Array,
    mean: Array,
    variance: Array,
    epsilon: float,
    x_hat: Array,
    inverse: Array,
    outputs: Array,
) -> None:
    n, k = inputs.shape
    number = inputs.dtype.type
    small, one = number(epsilon), number(1)
    for j in range(k):
        inverse[j] = one / math.sqrt(variance[j] + small)
    for i in range(n):
        for j in range(k):
            x = (inputs[i, j] - mean[j]) * inverse[j]
            x_hat[i, j] = x
            outputs[i, j] = x * scale[j] + shift[j]


@compiled
def batch_norm_backward(
    gradient: Array,
    x_hat: Array,
    inverse: Array,
    scale: Array,
    scale_gradient: Array,
    shift_gradient: Array,
    product: Array,
    row: Array,
) -> None:
    n, k = gradient.shape
    totals = np.zeros((2, k))
    a, b = totals[0], totals[1]
    for i in range(n):
        for j in range(k):
            a[j] += gradient[i, j]
            b[j] += gradient[i, j] * x_hat[i, j]
    means = np.empty((3, k), gradient.dtype)
    c, d, e = means[0], means[1], means[2]
    for j in range(k):
        shift_gradient[j] = a[j]
        scale_gradient[j] = b[j]
        c[j] = a[j] / n
        d[j] = b[j] / n
        e[j] = scale[j] * inverse[j]
    for i in range(n):
        for j in range(k):
            gradient[i, j] = (gradient[i, j] - c[j] - x_hat[i, j] * d[j]) * e[j]


@summing
def _sum(a: Array) -> float:
    total = 0.0
    for j in range(a.size):
        total += a[j]
    return total


@summing
def _inner(a: Array, b: Array) -> float:
    total = 0.0
    for j in range(a.size):
        total += a[j] * b[j]
    return total


@compiled
def layer_norm(
    inputs: Array, scale: Array, shift: Array, epsilon: float, x_hat: Array, inverse: Array, outputs: Array
) -> None:
    n, k = inputs.shape
    for i in range(n):
        mean = _sum(inputs[i]) / k
        for j in range(k):
            x_hat[i, j] = inputs[i, j] - mean
        inverse[i, 0] = 1 / math.sqrt(_inner(x_hat[i], x_hat[i]) / k + epsilon)
        for j in range(k):
            x = x_hat[i, j] * inverse[i, 0]
            x_hat[i, j] = x
            outputs[i, j] = x * scale[j] + shift[j]


@compiled
def layer_norm_backward(
    gradient: Array,
    x_hat: Array,
    inverse: Array,
    scale: Array,
    scale_gradient: Array,
    shift_gradient: Array,
    product: Array,
    column: Array,
) -> None:
    n, k = gradient.shape
    number = gradient.dtype.type
    totals = np.zeros((2, k))
    a, b = totals[0], totals[1]
    for i in range(n):
        for j in range(k):
            g = gradient[i, j]
            a[j] += g
            b[j] += g * x_hat[i, j]
            gradient[i, j] = g * scale[j]
        c, d = number(_sum(gradient[i]) / k), number(_inner(gradient[i], x_hat[i]) / k)
        for j in range(k):
            gradient[i, j] = (gradient[i, j] - c - x_hat[i, j] * d) * inverse[i, 0]
    for j in range(k):
        shift_gradient[j] = a[j]
        scale_gradient[j] = b[j]


@compiled
def dropout(inputs: Array, rate: float, mask: Array, outputs: Array) -> None:
    n, k = inputs.shape
    number = inputs.dtype.type
    zero, limit, factor = number(0), number(rate), number(1 / (1 - rate))
    for i in range(n):
        for j in range(k):
            m = factor if mask[i, j] >= limit else zero
            mask[i, j] = m
            outputs[i, j] = inputs[i, j] * m
