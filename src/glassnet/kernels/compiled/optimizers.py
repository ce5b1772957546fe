"""The optimisers' rules, each array read and written once; constants are those of the reference.

Division and root are vector instructions; no sum is reordered and nothing is contracted, so that steps
are bit for bit NumPy's. NaN stays NaN. The scratch arrays stay untouched.
"""

from __future__ import annotations

import math

import numpy as np

from glassnet._typing import Array
from glassnet.kernels.compiled.compiler import compiled

__all__ = [
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "amsgrad",
    "averaged_momentum",
    "lion",
    "momentum",
    "nadam",
    "nesterov",
    "radam",
    "rmsprop",
    "sgd",
]


@compiled
def sgd(values: Array, gradients: Array, scratch: Array, learning_rate: float) -> None:
    rate = values.dtype.type(learning_rate)
    for i in range(values.size):
        values[i] -= rate * gradients[i]


@compiled
def momentum(
    values: Array, gradients: Array, velocity: Array, scratch: Array, learning_rate: float, beta: float
) -> None:
    number = values.dtype.type
    rate, keep = number(learning_rate), number(beta)
    for i in range(values.size):
        v = keep * velocity[i] + rate * gradients[i]
        velocity[i] = v
        values[i] -= v


@compiled
def nesterov(
    values: Array, gradients: Array, velocity: Array, scratch: Array, learning_rate: float, beta: float
) -> None:
    number = values.dtype.type
    rate, keep = number(learning_rate), number(beta)
    for i in range(values.size):
        step = rate * gradients[i]
        v = keep * velocity[i] + step
        velocity[i] = v
        values[i] = values[i] - step - keep * v


@compiled
def averaged_momentum(
    values: Array, gradients: Array, velocity: Array, scratch: Array, learning_rate: float, beta: float
) -> None:
    number = values.dtype.type
    rate, keep, new = number(learning_rate), number(beta), number(1 - beta)
    for i in range(values.size):
        v = keep * velocity[i] + new * gradients[i]
        velocity[i] = v
        values[i] -= rate * v


@compiled
def adagrad(
    values: Array, gradients: Array, accumulator: Array, scratch: Array, learning_rate: float, epsilon: float
) -> None:
    number = values.dtype.type
    rate, small = number(learning_rate), number(epsilon)
    for i in range(values.size):
        g = gradients[i]
        total = accumulator[i] + g * g
        accumulator[i] = total
        values[i] -= g * rate / (math.sqrt(total) + small)


@compiled
def adadelta(
    values: Array,
    gradients: Array,
    square: Array,
    step_square: Array,
    scratch: Array,
    learning_rate: float,
    rho: float,
    epsilon: float,
) -> None:
    number = values.dtype.type
    rate, keep, new, small = number(learning_rate), number(rho), number(1 - rho), number(epsilon)
    for i in range(values.size):
        g, d = gradients[i], step_square[i]
        s = keep * square[i] + new * (g * g)
        square[i] = s
        step = math.sqrt((d + small) / (s + small)) * g
        step_square[i] = keep * d + new * (step * step)
        values[i] -= rate * step


@compiled
def rmsprop(
    values: Array,
    gradients: Array,
    square: Array,
    mean: Array,
    velocity: Array,
    scratch: Array,
    learning_rate: float,
    rho: float,
    epsilon: float,
    momentum: float,
    centered: bool,
) -> None:
    number = values.dtype.type
    rate, keep, new, small = number(learning_rate), number(rho), number(1 - rho), number(epsilon)
    zero, beta = number(0), number(momentum)
    for i in range(values.size):
        g = gradients[i]
        s = keep * square[i] + new * (g * g)
        square[i] = s
        if centered:
            m = keep * mean[i] + new * g
            mean[i] = m
            s -= m * m
            s = zero if s <= zero else s  # NaN stays
        step = g / (math.sqrt(s) + small) * rate
        if momentum:
            step += beta * velocity[i]
            velocity[i] = step
        values[i] -= step


@compiled
def adam(
    values: Array,
    gradients: Array,
    mean: Array,
    variance: Array,
    scratch: Array,
    learning_rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    correction1: float,
    correction2: float,
) -> None:
    number, root = values.dtype.type, math.sqrt(correction2)
    keep1, new1, keep2, new2 = number(beta1), number(1 - beta1), number(beta2), number(1 - beta2)
    small, rate = number(epsilon * root), number(learning_rate * root / correction1)
    for i in range(values.size):
        g = gradients[i]
        m = keep1 * mean[i] + new1 * g
        v = keep2 * variance[i] + new2 * (g * g)
        mean[i] = m
        variance[i] = v
        values[i] -= m / (math.sqrt(v) + small) * rate


@compiled
def amsgrad(
    values: Array,
    gradients: Array,
    mean: Array,
    variance: Array,
    maximum: Array,
    scratch: Array,
    learning_rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    correction1: float,
    correction2: float,
) -> None:
    number, root = values.dtype.type, math.sqrt(correction2)
    keep1, new1, keep2, new2 = number(beta1), number(1 - beta1), number(beta2), number(1 - beta2)
    small, rate = number(epsilon * root), number(learning_rate * root / correction1)
    for i in range(values.size):
        g, u = gradients[i], maximum[i]
        m = keep1 * mean[i] + new1 * g
        v = keep2 * variance[i] + new2 * (g * g)
        u = u if u >= v or u != u else v  # NaN wins
        mean[i] = m
        variance[i] = v
        maximum[i] = u
        values[i] -= m / (math.sqrt(u) + small) * rate


@compiled
def adamax(
    values: Array,
    gradients: Array,
    mean: Array,
    largest: Array,
    scratch: Array,
    learning_rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    correction1: float,
) -> None:
    number = values.dtype.type
    keep1, new1, keep2 = number(beta1), number(1 - beta1), number(beta2)
    small, rate = number(epsilon), number(learning_rate / correction1)
    for i in range(values.size):
        g = gradients[i]
        m = keep1 * mean[i] + new1 * g
        u, size = keep2 * largest[i], abs(g) + small
        u = u if u >= size or u != u else size  # NaN wins
        mean[i] = m
        largest[i] = u
        values[i] -= m / u * rate


@compiled
def nadam(
    values: Array,
    gradients: Array,
    mean: Array,
    variance: Array,
    scratch: Array,
    learning_rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    correction2: float,
    gradient_weight: float,
    mean_weight: float,
) -> None:
    number, root = values.dtype.type, math.sqrt(correction2)
    keep1, new1, keep2, new2 = number(beta1), number(1 - beta1), number(beta2), number(1 - beta2)
    small, rate = number(epsilon * root), number(learning_rate * root)
    weight_g, weight_m = number(gradient_weight), number(mean_weight)
    for i in range(values.size):
        g = gradients[i]
        m = keep1 * mean[i] + new1 * g
        v = keep2 * variance[i] + new2 * (g * g)
        mean[i] = m
        variance[i] = v
        values[i] -= (weight_g * g + weight_m * m) / (math.sqrt(v) + small) * rate


@compiled
def radam(
    values: Array,
    gradients: Array,
    mean: Array,
    variance: Array,
    scratch: Array,
    learning_rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    correction1: float,
    correction2: float,
    rectification: float,
) -> None:
    number, root = values.dtype.type, math.sqrt(correction2)
    keep1, new1, keep2, new2 = number(beta1), number(1 - beta1), number(beta2), number(1 - beta2)
    small, plain = number(epsilon), number(learning_rate / correction1)
    rate = number(learning_rate * rectification * root / correction1)
    for i in range(values.size):
        g = gradients[i]
        m = keep1 * mean[i] + new1 * g
        v = keep2 * variance[i] + new2 * (g * g)
        mean[i] = m
        variance[i] = v
        values[i] -= m / (math.sqrt(v) + small) * rate if rectification else m * plain


@compiled
def lion(
    values: Array,
    gradients: Array,
    mean: Array,
    scratch: Array,
    learning_rate: float,
    beta1: float,
    beta2: float,
) -> None:
    number = values.dtype.type
    keep1, new1, keep2, new2 = number(beta1), number(1 - beta1), number(beta2), number(1 - beta2)
    rate, tiny = number(learning_rate), np.finfo(values.dtype).tiny
    for i in range(values.size):
        g, m = gradients[i], mean[i]
        step = keep1 * m + new1 * g
        size = abs(step)
        size = tiny if size < tiny else size  # NaN stays
        values[i] -= step / size * rate
        mean[i] = keep2 * m + new2 * g
