"""Batch normalisation, with its own scale, shift, running statistics and backward pass."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from glassnet._typing import Array
from glassnet.context import Context
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.initializers import Constant, Zeros
from glassnet.layers.base import Layer
from glassnet.parameters import Scope
from glassnet.reductions import column_sum

__all__ = ["BatchNorm"]


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
        n, width = inputs.shape
        buffers, running = context.buffers, context.statistics
        x_hat, outputs = buffers.get("x_hat", inputs.shape), buffers.get("outputs", inputs.shape)
        inverse = buffers.get("inverse", (width,))
        if context.training:
            mean = buffers.get("mean", (width,))
            column_sum(inputs, mean)
            mean /= n
            np.subtract(inputs, mean, out=x_hat)
            np.multiply(x_hat, x_hat, out=outputs)
            column_sum(outputs, inverse)
            inverse /= n
            keep = self.momentum
            mean *= 1 - keep
            running["mean"] *= keep
            running["mean"] += mean
            if n > 1:
                np.multiply(inverse, (1 - keep) * n / (n - 1), out=mean)
                running["variance"] *= keep
                running["variance"] += mean
        else:
            np.subtract(inputs, running["mean"], out=x_hat)
            np.copyto(inverse, running["variance"])
        inverse += self.epsilon
        np.sqrt(inverse, out=inverse)
        np.reciprocal(inverse, out=inverse)
        x_hat *= inverse
        context.saved["x_hat"] = x_hat
        np.multiply(x_hat, context.parameters["scale"], out=outputs)
        outputs += context.parameters["shift"]
        return outputs

    def backward(self, gradient: Array, context: Context) -> Array | None:
        """Fill the gradients of scale and shift; return dL/dx (B, F)."""
        buffers, gradients = context.buffers, context.gradients
        x_hat, inverse = context.saved["x_hat"], buffers.get("inverse", gradient.shape[1:])
        product = np.multiply(gradient, x_hat, out=buffers.get("product", gradient.shape))
        column_sum(product, gradients["scale"])
        column_sum(gradient, gradients["shift"])
        factor = np.multiply(context.parameters["scale"], inverse, out=buffers.get("factor", inverse.shape))
        if context.training:
            # mean(g) and mean(g x_hat) are the two parameter gradients over n; scale is common to all.
            row = buffers.get("mean", inverse.shape)
            gradient -= np.multiply(gradients["shift"], 1 / len(gradient), out=row)
            np.multiply(gradients["scale"], 1 / len(gradient), out=row)
            gradient -= np.multiply(x_hat, row, out=product)
        gradient *= factor
        return gradient
