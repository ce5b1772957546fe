"""Batch normalisation, with its own scale, shift, running statistics and backward pass."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from glassnet._typing import Array
from glassnet.context import Context
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.initializers import Constant, Zeros
from glassnet.kernels import kernel, work
from glassnet.layers.base import Layer
from glassnet.parameters import Scope
from glassnet.reductions import column_sum

__all__ = ["BatchNorm"]


# The maths, in place. x, x_hat and y are (n, k), everything else (k,); `inverse` is 1 / sqrt(variance +
# epsilon), and what follows the results are work arrays.


@kernel
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
    """x_hat = (x - mean) inverse, y = scale x_hat + shift, with this batch's mean and variance.

    The running ones move: running = momentum running + (1 - momentum) batch.
    """
    n = len(inputs)
    column_sum(inputs, row)
    row /= n
    np.subtract(inputs, row, out=x_hat)
    np.multiply(x_hat, x_hat, out=outputs)
    column_sum(outputs, inverse)
    inverse /= n
    row *= 1 - momentum
    running_mean *= momentum
    running_mean += row
    if n > 1:
        np.multiply(inverse, (1 - momentum) * n / (n - 1), out=row)
        running_variance *= momentum
        running_variance += row
    inverse += epsilon
    np.sqrt(inverse, out=inverse)
    np.reciprocal(inverse, out=inverse)
    x_hat *= inverse
    np.multiply(x_hat, scale, out=outputs)
    outputs += shift


@kernel
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
    """x_hat = (x - mean) inverse, y = scale x_hat + shift, with the mean and variance given."""
    np.add(variance, epsilon, out=inverse)
    np.sqrt(inverse, out=inverse)
    np.reciprocal(inverse, out=inverse)
    np.subtract(inputs, mean, out=x_hat)
    x_hat *= inverse
    np.multiply(x_hat, scale, out=outputs)
    outputs += shift


@kernel
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
    """dx = (g - mean(g) - x_hat mean(g x_hat)) inverse, g = scale dy; `gradient` is dy, then dx.

    dscale = sum(dy x_hat) and dshift = sum(dy) are the two means times n; scale is common to all.
    """
    np.multiply(gradient, x_hat, out=product)
    column_sum(product, scale_gradient)
    column_sum(gradient, shift_gradient)
    np.divide(shift_gradient, len(gradient), out=row)
    gradient -= row
    np.divide(scale_gradient, len(gradient), out=row)
    gradient -= np.multiply(x_hat, row, out=product)
    np.multiply(scale, inverse, out=row)
    gradient *= row


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Normalise every feature over the batch: y = scale * x_hat + shift.

    x_hat = (x - mean) / sqrt(variance + epsilon). Training uses the batch's mean and (biased)
    variance and moves the running ones, running = momentum * running + (1 - momentum) * batch;
    prediction uses only the running ones. Backward, with g = dL/dy * scale, averages over the rows:

        dx = (g - mean(g) - x_hat * mean(g * x_hat)) / sqrt(variance + epsilon).

    The running variance takes the batch's unbiased estimate (n / (n - 1)), as the paper and PyTorch
    do (Keras: the biased one). A batch of one row has variance 0: it gives y = shift, moves the
    running mean, and leaves the running variance alone (PyTorch refuses such a batch).
    (Ioffe & Szegedy, 2015.)

    Parameters: "scale" and "shift" (features,); statistics: "mean" and "variance" (features,).

    Args:
        momentum: weight of the old running value, in [0, 1), default 0.9 (PyTorch's 0.1 is 1 - 0.9).
        epsilon: added to the variance, at least 1e-30, default 1e-5.
    """

    momentum: float = hyperparameter(0.9, interval=Interval(0, 1, "left"))
    epsilon: float = hyperparameter(1e-5, interval=Interval(1e-30, math.inf, "left"))

    def build(self, n_inputs: int, scope: Scope) -> int:
        """Declare scale, shift and the running statistics."""
        scope.parameter("scale", (n_inputs,), Constant(1.0), decay=False)
        scope.parameter("shift", (n_inputs,), Zeros(), decay=False)
        scope.statistic("mean", (n_inputs,), 0.0)
        scope.statistic("variance", (n_inputs,), 1.0)
        return n_inputs

    def forward(self, inputs: Array, context: Context) -> Array:
        """Return the normalised, scaled and shifted inputs (B, F)."""
        buffers, shape, width = context.buffers, inputs.shape, inputs.shape[1:]
        x_hat, outputs = buffers.get("x_hat", shape), buffers.get("outputs", shape)
        inverse = buffers.get("inverse", width)
        scale, shift = context.parameters["scale"], context.parameters["shift"]
        mean, variance = context.statistics["mean"], context.statistics["variance"]
        context.saved["x_hat"] = x_hat
        if context.training:
            row = context.scratch.get("row", width)
            keep, small = self.momentum, self.epsilon
            batch_norm(inputs, scale, shift, mean, variance, keep, small, x_hat, inverse, outputs, row)
        else:
            batch_norm_fixed(inputs, scale, shift, mean, variance, self.epsilon, x_hat, inverse, outputs)
        return outputs

    def backward(self, gradient: Array, context: Context) -> Array | None:
        """Fill the gradients of scale and shift; return dL/dx (B, F)."""
        x_hat, inverse = context.saved["x_hat"], context.buffers.get("inverse", gradient.shape[1:])
        row = context.scratch.get("row", inverse.shape)
        scale, gradients = context.parameters["scale"], context.gradients
        if context.training:
            product = work(context.scratch, "product", gradient.shape)
            batch_norm_backward(
                gradient, x_hat, inverse, scale, gradients["scale"], gradients["shift"], product, row
            )
        else:  # mean and variance are constants
            product = np.multiply(gradient, x_hat, out=context.scratch.get("product", gradient.shape))
            column_sum(product, gradients["scale"])
            column_sum(gradient, gradients["shift"])
            gradient *= np.multiply(scale, inverse, out=row)
        return gradient
