"""Losses on logits in one sweep over the rows; values are summed in double precision."""

from __future__ import annotations

import math

import numpy as np

from glassnet._typing import AnyArray, Array
from glassnet.kernels.compiled.compiler import compiled, summing

__all__ = ["sigmoid_cross_entropy", "softmax_cross_entropy", "softmax_cross_entropy_labels", "squared_error"]


@compiled
def shift(logits: Array, out: Array) -> None:
    """Write z - max z of every row."""
    n, k = logits.shape
    for i in range(n):
        peak = logits[i, 0]
        for j in range(1, k):
            peak = logits[i, j] if logits[i, j] > peak else peak
        for j in range(k):
            out[i, j] = logits[i, j] - peak


@summing
def softmax_cross_entropy_labels(
    logits: Array,
    labels: AnyArray,
    weights: Array,
    smoothing: float,
    gradient: Array,
    columns: Array,
    positions: AnyArray,
) -> float:
    n, k = logits.shape
    number = logits.dtype.type
    keep, each = number(1 - smoothing), number(smoothing / k)
    picked = columns[0]
    shift(logits, gradient)
    for i in range(n):
        picked[i, 0] = keep * gradient[i, labels[i]]
        if smoothing:
            for j in range(k):
                picked[i, 0] += each * gradient[i, j]
    exponentials(gradient.reshape(-1))
    value, per_row = 0.0, len(weights) > 1
    product, unweighted = 1.0, 0.0  # with one weight for all rows, one logarithm serves many
    for i in range(n):
        w = weights[i if per_row else 0, 0]
        total = number(0)
        for j in range(k):
            total += gradient[i, j]
        if per_row:
            value += w * (math.log(total) - picked[i, 0])
        else:
            product *= float(total)
            unweighted -= picked[i, 0]
            if product > 1e200:
                unweighted += math.log(product)
                product = 1.0
        factor = w / total
        for j in range(k):
            gradient[i, j] = gradient[i, j] * factor - w * each
        gradient[i, labels[i]] -= w * keep
    if not per_row and n:
        value += weights[0, 0] * (unweighted + math.log(product))
    return value


@summing
def softmax_cross_entropy(
    logits: Array,
    targets: Array,
    weights: Array,
    smoothing: float,
    gradient: Array,
    weighted: Array,
    column: Array,
) -> float:
    n, k = logits.shape
    number = logits.dtype.type
    keep, each = number(1 - smoothing), number(smoothing / k)
    shift(logits, gradient)
    value, per_row = 0.0, len(weights) > 1
    for i in range(n):
        w = weights[i if per_row else 0, 0]
        mass = number(0)
        for j in range(k):
            weighted[i, j] = u = w * (targets[i, j] * keep + each)
            value -= u * gradient[i, j]
            mass += u
        column[i, 0] = mass
    exponentials(gradient.reshape(-1))
    for i in range(n):
        total, mass = number(0), column[i, 0]
        for j in range(k):
            total += gradient[i, j]
        value += mass * math.log(total)
        factor = mass / total
        for j in range(k):
            gradient[i, j] = gradient[i, j] * factor - weighted[i, j]
    return value


@summing
def sigmoid_cross_entropy(
    logits: Array, targets: Array, weights: Array, smoothing: float, gradient: Array, work: Array
) -> float:
    n, k = logits.shape
    number = logits.dtype.type
    zero, one = number(0), number(1)
    keep, half = number(1 - smoothing), number(smoothing / 2)
    for i in range(n):
        for j in range(k):
            gradient[i, j] = -abs(logits[i, j])
    exponentials(gradient.reshape(-1))
    value, per_row = 0.0, len(weights) > 1
    for i in range(n):
        w = weights[i if per_row else 0, 0]
        grown = logarithms(gradient[i])
        for j in range(k):
            z, u, e = logits[i, j], targets[i, j] * keep + half, gradient[i, j]
            p = (one if z >= zero else e) / (one + e)
            grown += float(max(z, zero) - z * u)
            gradient[i, j] = w * (p - u)
        value += float(w) * grown
    return value


@summing
def squared_error(outputs: Array, targets: Array, weights: Array, gradient: Array, residual: Array) -> float:
    n, k = outputs.shape
    value, per_row = 0.0, len(weights) > 1
    for i in range(n):
        w = weights[i if per_row else 0, 0]
        for j in range(k):
            d = outputs[i, j] - targets[i, j]
            g = w * d
            value += g * d
            gradient[i, j] = g + g
    return value


@summing
def logarithms(e: Array) -> float:
    """Return the sum of log(1 + e), (k,), every element in [0, 1]; no small term is lost."""
    total = 0.0
    if e.itemsize != 4:
        for start in range(0, e.size, 512):
            above = 0.0  # the product of all 1 + e, less 1
            for j in range(start, min(start + 512, e.size)):
                above += e[j] * (1.0 + above)
            total += math.log1p(above)
        return total
    # log(1 + e) = 2 artanh(s), s = e / (2 + e) <= 1/3: s + s^3/3 + s^5/5 + ... to float32's last digit
    number = np.float32
    for j in range(e.size):
        x = number(e[j])
        s = x / (number(2) + x)
        q = s * s
        p = number(1 / 15)
        p = p * q + number(1 / 13)
        p = p * q + number(1 / 11)
        p = p * q + number(1 / 9)
        p = p * q + number(1 / 7)
        p = p * q + number(1 / 5)
        p = p * q + number(1 / 3)
        total += float(number(2) * (s + s * (p * q)))
    return total


# e^x = 2^n e^r with n = round(x / ln 2) and |r| <= ln 2 / 2. ln 2 is split in two, so that n ln 2 is
# exact enough; e^r is a polynomial fitted for the least error in float32 (the coefficients are those of
# Moshier's Cephes library, expf), summed in double precision; the bits of 2^n are n + 127 in a float32's
# exponent.
# Below -87 the result, less than the smallest normal number, is given as 0.


@compiled
def exponentials(x: Array) -> None:
    """Write e^x over x, (n,), every element at most 0; NaN stays. Within one unit in the last place."""
    if x.itemsize != 4:
        for i in range(x.size):
            x[i] = math.exp(x[i])
        return
    number, whole = np.float32, np.int32
    for i in range(x.size):
        given = number(x[i])
        v = number(-87) if given < number(-87) else given
        n = math.floor(v * number(1.44269504088896341) + number(0.5))
        r = v - n * number(0.693359375)
        r -= n * number(-2.12194440e-4)
        p = number(1.9875691500e-4)
        p = p * r + number(1.3981999507e-3)
        p = p * r + number(8.3334519073e-3)
        p = p * r + number(4.1665795894e-2)
        p = p * r + number(1.6666665459e-1)
        p = p * r + number(5.0000001201e-1)
        p = p * (r * r) + r + number(1)
        power = whole((whole(n) + whole(127)) << whole(23))
        x[i] = number(0) if given < number(-87) else p * power.view(np.float32)
