"""Layer normalisation: every row is normalised over its own features."""

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
from glassnet.reductions import column_sum, row_sum

__all__ = ["LayerNorm"]


# The maths, in place. x, x_hat and y are (n, k), scale and shift (k,); `inverse` is 1 / sqrt(variance +
# epsilon) of every row (n, 1), and what follows the results are work arrays.


def normalize_rows(
    inputs: Array, scale: Array, shift: Array, epsilon: float, x_hat: Array, inverse: Array, outputs: Array
) -> None:
    """x_hat = (x - mean) inverse, y = scale x_hat + shift, with each row's own mean and variance.

    The rows are centred twice: the mean of numbers far from 0 is rounded, that of what is left is not.
    """
    n = inputs.shape[1]
    row_sum(inputs, inverse)
    inverse /= n
    np.subtract(inputs, inverse, out=x_hat)
    row_sum(x_hat, inverse)
    inverse /= n
    x_hat -= inverse
    np.multiply(x_hat, x_hat, out=outputs)
    row_sum(outputs, inverse)
    inverse /= n
    inverse += epsilon
    np.sqrt(inverse, out=inverse)
    np.reciprocal(inverse, out=inverse)
    x_hat *= inverse
    np.multiply(x_hat, scale, out=outputs)
    outputs += shift


@kernel
def layer_norm(
    inputs: Array, scale: Array, shift: Array, epsilon: float, x_hat: Array, inverse: Array, outputs: Array
) -> None:
    """x_hat = (x - mean) inverse, y = scale x_hat + shift, in training.

    A prediction calls :func:`normalize_rows` itself: the same to the last bit, whichever kernels train.
    """
    normalize_rows(inputs, scale, shift, epsilon, x_hat, inverse, outputs)


@kernel
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
    """dx = (g - mean(g) - x_hat mean(g x_hat)) inverse, g = scale dy; `gradient` is dy, then dx."""
    n = gradient.shape[1]
    np.multiply(gradient, x_hat, out=product)
    column_sum(product, scale_gradient)
    column_sum(gradient, shift_gradient)
    gradient *= scale
    np.multiply(gradient, x_hat, out=product)
    row_sum(product, column)
    column /= n
    np.multiply(x_hat, column, out=product)
    row_sum(gradient, column)
    column /= n
    gradient -= column
    gradient -= product
    gradient *= inverse


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
        buffers, shape = context.buffers, inputs.shape
        x_hat, outputs = buffers.get("x_hat", shape), buffers.get("outputs", shape)
        inverse = buffers.get("inverse", (len(inputs), 1))
        context.saved["x_hat"] = x_hat
        rule = layer_norm if context.training else normalize_rows
        scale, shift = context.parameters["scale"], context.parameters["shift"]
        rule(inputs, scale, shift, self.epsilon, x_hat, inverse, outputs)
        return outputs

    def backward(self, gradient: Array, context: Context) -> Array | None:
        """Fill the gradients of scale and shift; return dL/dx (B, F)."""
        x_hat, inverse = context.saved["x_hat"], context.buffers.get("inverse", (len(gradient), 1))
        product = work(context.scratch, "product", gradient.shape)
        column = context.scratch.get("column", inverse.shape)
        scale, gradients = context.parameters["scale"], context.gradients
        layer_norm_backward(
            gradient, x_hat, inverse, scale, gradients["scale"], gradients["shift"], product, column
        )
        return gradient
