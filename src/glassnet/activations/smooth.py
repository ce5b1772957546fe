"""Smooth relatives of ReLU: GELU, SiLU, Mish, Softplus."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from glassnet._typing import Array
from glassnet.activations.base import ActivationFunction
from glassnet.activations.bounded import sigmoid
from glassnet.buffers import Buffers

__all__ = ["GELU", "Mish", "SiLU", "Softplus"]


@cache
def _normal_cdf() -> Callable[..., Any]:
    try:
        from scipy.special import ndtr
    except ImportError:  # prediction with NumPy alone: exact, but a Python call per element
        scalar = np.frompyfunc(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)), 1, 1)

        def ndtr(z: Array, out: Array) -> Array:
            out[...] = scalar(z)
            return out

    return ndtr  # type: ignore[no-any-return]


@dataclass(frozen=True)
class GELU(ActivationFunction):
    """Exact Gaussian error linear unit: f(z) = z P(z), P the standard normal distribution function.

    f'(z) = P(z) + z p(z), with p the normal density (Hendrycks & Gimpel, 2016). This is the exact
    form, PyTorch's default, not the tanh approximation.
    """

    initializer = "he_normal"
    formula = "z * P(z), P the standard normal distribution function"

    def forward(self, z: Array, out: Array, buffers: Buffers) -> None:
        """Write z P(z)."""
        cdf = _normal_cdf()(z, out=buffers.get("cdf", z.shape))
        np.multiply(z, cdf, out=out)

    def backward(self, gradient: Array, z: Array, a: Array, out: Array, buffers: Buffers) -> None:
        """Write the gradient times P(z) + z p(z)."""
        density = np.clip(z, -50, 50, out=buffers.get("density", z.shape))  # p is 0 beyond; no overflow
        np.multiply(density, density, out=density)
        density *= -0.5
        np.exp(density, out=density)
        density *= 1 / math.sqrt(2 * math.pi)
        density *= z
        density += _normal_cdf()(z, out=buffers.get("cdf", z.shape))
        np.multiply(gradient, density, out=out)


def _softplus(z: Array, out: Array, buffers: Buffers) -> None:
    # log(1 + e^z) = max(z, 0) + log(1 + e^-|z|)
    small = np.abs(z, out=buffers.get("small", z.shape))
    np.negative(small, out=small)
    np.exp(small, out=small)
    np.log1p(small, out=small)
    np.maximum(z, 0, out=out)
    out += small


@dataclass(frozen=True)
class SiLU(ActivationFunction):
    """Sigmoid-weighted linear unit, also "swish": f(z) = z s(z), s the sigmoid.

    f'(z) = s (1 + z (1 - s)) (Elfwing et al., 2018).
    """

    initializer = "he_normal"
    formula = "z * sigmoid(z)"

    def forward(self, z: Array, out: Array, buffers: Buffers) -> None:
        """Write z s(z)."""
        np.multiply(z, sigmoid(z, buffers.get("sigmoid", z.shape)), out=out)

    def backward(self, gradient: Array, z: Array, a: Array, out: Array, buffers: Buffers) -> None:
        """Write the gradient times s (1 + z (1 - s))."""
        s = sigmoid(z, buffers.get("sigmoid", z.shape))
        derivative = np.subtract(1, s, out=buffers.get("derivative", z.shape))
        derivative *= z
        derivative += 1
        derivative *= s
        np.multiply(gradient, derivative, out=out)


@dataclass(frozen=True)
class Mish(ActivationFunction):
    """f(z) = z tanh(softplus(z)) (Misra, 2020); f' = t + z s (1 - t^2), t = tanh(softplus(z))."""

    initializer = "he_normal"
    formula = "z * tanh(log(1 + exp(z)))"

    def forward(self, z: Array, out: Array, buffers: Buffers) -> None:
        """Write z tanh(softplus(z))."""
        np.multiply(z, self._tanh_softplus(z, buffers), out=out)

    def backward(self, gradient: Array, z: Array, a: Array, out: Array, buffers: Buffers) -> None:
        """Write the gradient times t + z s (1 - t^2)."""
        t = self._tanh_softplus(z, buffers)
        derivative = np.multiply(t, t, out=buffers.get("derivative", z.shape))
        np.subtract(1, derivative, out=derivative)
        derivative *= sigmoid(z, buffers.get("sigmoid", z.shape))
        derivative *= z
        derivative += t
        np.multiply(gradient, derivative, out=out)

    def _tanh_softplus(self, z: Array, buffers: Buffers) -> Array:
        t = buffers.get("softplus", z.shape)
        _softplus(z, t, buffers)
        return np.tanh(t, out=t)


@dataclass(frozen=True)
class Softplus(ActivationFunction):
    """f(z) = log(1 + e^z), f'(z) = sigmoid(z) (Dugas et al., 2001).

    Exact everywhere; PyTorch returns z above 20, which is 2e-9 too little there.
    """

    initializer = "he_normal"
    formula = "log(1 + exp(z))"

    def forward(self, z: Array, out: Array, buffers: Buffers) -> None:
        """Write log(1 + e^z), computed without overflow."""
        _softplus(z, out, buffers)

    def backward(self, gradient: Array, z: Array, a: Array, out: Array, buffers: Buffers) -> None:
        """Write the gradient times sigmoid(z)."""
        np.multiply(gradient, sigmoid(z, buffers.get("sigmoid", z.shape)), out=out)
