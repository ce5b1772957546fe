"""Layer normalisation: every row is normalised over its own features."""

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

__all__ = ["LayerNorm"]


@dataclass(frozen=True)
class LayerNorm(Layer):
    """y = scale * (x - mean) / sqrt(variance + epsilon) + shift, mean and variance over each row.

    Training and prediction are the same. Backward, with g = dL/dy * scale and means over the features:

        dx = (g - mean(g) - x_hat * mean(g * x_hat)) / sqrt(variance + epsilon).

    (Ba, Kiros & Hinton, 2016.) Parameters: "scale" and "shift" (features,).

    Args:
        epsilon: added to the variance, at least 1e-30, default 1e-5.
    """

    epsilon: float = hyperparameter(1e-5, interval=Interval(1e-30, math.inf, "left"))

    def build(self, n_inputs: int, scope: Scope) -> int:
        """Declare scale and shift."""
        scope.parameter("scale", (n_inputs,), Constant(1.0), decay=False)
        scope.parameter("shift", (n_inputs,), Zeros(), decay=False)
        return n_inputs

    def forward(self, inputs: Array, context: Context) -> Array:
        """Return the normalised, scaled and shifted rows (B, F)."""
        buffers = context.buffers
        x_hat, outputs = buffers.get("x_hat", inputs.shape), buffers.get("outputs", inputs.shape)
        inverse = buffers.get("inverse", (len(inputs), 1))
        np.mean(inputs, axis=1, keepdims=True, out=inverse)
        np.subtract(inputs, inverse, out=x_hat)
        np.multiply(x_hat, x_hat, out=outputs)
        np.mean(outputs, axis=1, keepdims=True, out=inverse)
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
        x_hat, inverse = context.saved["x_hat"], buffers.get("inverse", (len(gradient), 1))
        product = np.multiply(gradient, x_hat, out=buffers.get("product", gradient.shape))
        column_sum(product, gradients["scale"])
        column_sum(gradient, gradients["shift"])
        gradient *= context.parameters["scale"]
        row = buffers.get("row", inverse.shape)
        np.multiply(gradient, x_hat, out=product)
        np.mean(product, axis=1, keepdims=True, out=row)
        np.multiply(x_hat, row, out=product)
        np.mean(gradient, axis=1, keepdims=True, out=row)
        gradient -= row
        gradient -= product
        gradient *= inverse
        return gradient
