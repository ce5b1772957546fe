"""Activations with bounded outputs: sigmoid, tanh, softmax."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from glassnet._typing import Array
from glassnet.activations.base import ActivationFunction
from glassnet.buffers import Buffers
from glassnet.kernels import kernel, work
from glassnet.reductions import column_sum, row_max, row_sum

__all__ = ["Sigmoid", "Softmax", "Tanh", "sigmoid"]


@kernel
def sigmoid_backward(gradient: Array, a: Array, bias_gradient: Array, derivative: Array) -> None:
    """dz = da (1 - a) a, in place; bias_gradient, (k,) or empty, gets its sum over the rows."""
    np.subtract(1, a, out=derivative)
    derivative *= a
    gradient *= derivative
    if bias_gradient.size:
        column_sum(gradient, bias_gradient)


@kernel
def tanh_backward(gradient: Array, a: Array, bias_gradient: Array, derivative: Array) -> None:
    """dz = da (1 - a^2), in place; bias_gradient, (k,) or empty, gets its sum over the rows."""
    np.multiply(a, a, out=derivative)
    np.subtract(1, derivative, out=derivative)
    gradient *= derivative
    if bias_gradient.size:
        column_sum(gradient, bias_gradient)


def sigmoid(z: Array, out: Array) -> Array:
    """Write 1 / (1 + e^-z) into `out` and return it."""
    # -z is capped where e^-z would overflow, and the result is 0 to rounding there.
    np.negative(z, out=out)
    np.minimum(out, math.log(float(np.finfo(z.dtype).max)) - 1, out=out)
    np.exp(out, out=out)
    out += 1
    return np.reciprocal(out, out=out)


@dataclass(frozen=True)
class Sigmoid(ActivationFunction):
    """f(z) = 1 / (1 + e^-z), f' = f (1 - f).

    >>> Sigmoid()([[0.0, 1e4]])
    array([[0.5, 1. ]])
    """

    from_output = True
    formula = "1 / (1 + exp(-z))"

    def forward(self, z: Array, out: Array, buffers: Buffers) -> None:
        """Write the logistic function of z."""
        sigmoid(z, out)

    def backward_biased(
        self, gradient: Array, z: Array, a: Array, bias_gradient: Array, buffers: Buffers
    ) -> None:
        """Multiply the gradient by a (1 - a)."""
        sigmoid_backward(gradient, a, bias_gradient, work(buffers, "work", a.shape))


@dataclass(frozen=True)
class Tanh(ActivationFunction):
    """f(z) = tanh(z), f' = 1 - f^2."""

    from_output = True
    formula = "tanh(z)"

    def forward(self, z: Array, out: Array, buffers: Buffers) -> None:
        """Write tanh(z)."""
        np.tanh(z, out=out)

    def backward_biased(
        self, gradient: Array, z: Array, a: Array, bias_gradient: Array, buffers: Buffers
    ) -> None:
        """Multiply the gradient by 1 - a^2."""
        tanh_backward(gradient, a, bias_gradient, work(buffers, "work", a.shape))


@dataclass(frozen=True)
class Softmax(ActivationFunction):
    """f(z)_j = e^(z_j) / sum_k e^(z_k) over each row, shifted by the row's maximum.

    The Jacobian of a row is diag(a) - a a^T, so its product with the gradient g is
    a * (g - sum_k g_k a_k): one vectorised pass, no matrix per row.

    >>> Softmax()([[1e4, 1e4]])
    array([[0.5, 0.5]])
    """

    from_output = True
    formula = "exp(z_j) / sum_k exp(z_k)"

    def forward(self, z: Array, out: Array, buffers: Buffers) -> None:
        """Write each row's softmax."""
        rows = buffers.get("rows", (len(z), 1))
        row_max(z, rows)
        np.subtract(z, rows, out=out)
        np.exp(out, out=out)
        row_sum(out, rows)
        out /= rows

    def backward(self, gradient: Array, z: Array, a: Array, out: Array, buffers: Buffers) -> None:
        """Write the Jacobian's product with the gradient, a * (g - sum(g a))."""
        product = np.multiply(gradient, a, out=buffers.get("product", a.shape))
        rows = buffers.get("rows", (len(a), 1))
        row_sum(product, rows)
        np.subtract(gradient, rows, out=out)
        out *= a
