"""Activations that are linear above zero: ReLU, LeakyReLU, ELU, SELU."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from glassnet._typing import Array
from glassnet.activations.base import ActivationFunction
from glassnet.buffers import Buffers
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.kernels import kernel, work
from glassnet.reductions import column_sum

__all__ = ["ELU", "SELU", "LeakyReLU", "ReLU"]

# The maths, in place: z (n, k) becomes f(z + bias); gradient (n, k), dL/da on entry, becomes dL/dz, and
# bias_gradient, (k,) or empty, its sum over the rows. What follows are work arrays (n, k).


@kernel
def bias_relu(z: Array, bias: Array) -> None:
    """a = max(z + bias, 0)."""
    z += bias
    np.maximum(z, 0, out=z)


@kernel
def relu_backward(gradient: Array, a: Array, bias_gradient: Array, mask: Array) -> None:
    """dz = da where a > 0, else 0."""
    np.greater(a, 0, out=mask)  # 0.0 or 1.0: faster than booleans
    gradient *= mask
    if bias_gradient.size:
        column_sum(gradient, bias_gradient)


@kernel
def bias_leaky_relu(z: Array, bias: Array, slope: float, scaled: Array) -> None:
    """a = max(z + bias, slope (z + bias)), for a slope below 1."""
    z += bias
    np.multiply(z, slope, out=scaled)
    np.maximum(z, scaled, out=z)


@kernel
def leaky_relu_backward(gradient: Array, a: Array, slope: float, bias_gradient: Array, factor: Array) -> None:
    """dz = da where a > 0, else slope da."""
    np.greater(a, 0, out=factor)
    factor *= 1 - slope
    factor += slope
    gradient *= factor
    if bias_gradient.size:
        column_sum(gradient, bias_gradient)


@kernel
def elu_backward(
    gradient: Array, a: Array, scale: float, alpha: float, bias_gradient: Array, below: Array, above: Array
) -> None:
    """dz = scale da where a > 0, else (a + scale alpha) da: there a = scale alpha (e^z - 1)."""
    np.minimum(a, 0, out=below)
    below += scale * alpha
    np.greater(a, 0, out=above)
    above *= scale - scale * alpha
    below += above
    gradient *= below
    if bias_gradient.size:
        column_sum(gradient, bias_gradient)


@dataclass(frozen=True)
class ReLU(ActivationFunction):
    """Rectified linear unit: f(z) = max(z, 0), f'(z) = 1 if z > 0 else 0 (Nair & Hinton, 2010).

    >>> ReLU()([[-2.0, 0.0, 3.0]])
    array([[0., 0., 3.]])
    """

    from_output = True
    initializer = "he_normal"
    formula = "max(z, 0)"

    def forward(self, z: Array, out: Array, buffers: Buffers) -> None:
        """Write max(z, 0)."""
        np.maximum(z, 0, out=out)

    def forward_biased(self, z: Array, bias: Array, buffers: Buffers) -> None:
        """Turn z into max(z + bias, 0)."""
        bias_relu(z, bias)

    def backward_biased(
        self, gradient: Array, z: Array, a: Array, bias_gradient: Array, buffers: Buffers
    ) -> None:
        """Keep the gradient where a > 0."""
        relu_backward(gradient, a, bias_gradient, work(buffers, "work", a.shape))


@dataclass(frozen=True)
class LeakyReLU(ActivationFunction):
    """f(z) = z if z > 0 else slope * z; f'(z) = 1 or slope (Maas et al., 2013).

    Args:
        slope: slope below zero, in [0, 1); default 0.01 as in PyTorch (Keras: 0.3).
    """

    slope: float = hyperparameter(0.01, interval=Interval(0, 1, "left"), positional=True)

    from_output = True
    initializer = "he_normal"
    formula = "max(z, slope z)"

    def forward(self, z: Array, out: Array, buffers: Buffers) -> None:
        """Write max(z, slope z)."""
        scaled = np.multiply(z, self.slope, out=buffers.get("work", z.shape))
        np.maximum(z, scaled, out=out)

    def forward_biased(self, z: Array, bias: Array, buffers: Buffers) -> None:
        """Turn z into max(z + bias, slope (z + bias))."""
        bias_leaky_relu(z, bias, self.slope, work(buffers, "work", z.shape))

    def backward_biased(
        self, gradient: Array, z: Array, a: Array, bias_gradient: Array, buffers: Buffers
    ) -> None:
        """Multiply the gradient by 1 where a > 0, by slope elsewhere."""
        leaky_relu_backward(gradient, a, self.slope, bias_gradient, work(buffers, "work", a.shape))


def _elu(z: Array, out: Array, alpha: float, buffers: Buffers) -> None:
    below = np.minimum(z, 0, out=buffers.get("work", z.shape))
    np.expm1(below, out=below)
    below *= alpha
    np.maximum(z, 0, out=out)
    out += below


@dataclass(frozen=True)
class ELU(ActivationFunction):
    """f(z) = z if z > 0 else alpha (e^z - 1); f' = 1 or f + alpha (Clevert et al., 2016).

    Args:
        alpha: minus the limit at -infinity, above 0; default 1.
    """

    alpha: float = hyperparameter(1.0, interval=Interval(0, math.inf, "neither"), positional=True)

    from_output = True
    initializer = "he_normal"
    formula = "z if z > 0 else alpha (exp(z) - 1)"

    def forward(self, z: Array, out: Array, buffers: Buffers) -> None:
        """Write the exponential linear unit of z."""
        _elu(z, out, self.alpha, buffers)

    def backward_biased(
        self, gradient: Array, z: Array, a: Array, bias_gradient: Array, buffers: Buffers
    ) -> None:
        """Multiply the gradient by 1 where a > 0, by a + alpha elsewhere."""
        below, above = work(buffers, "work", a.shape), work(buffers, "above", a.shape)
        elu_backward(gradient, a, 1.0, self.alpha, bias_gradient, below, above)


@dataclass(frozen=True)
class SELU(ActivationFunction):
    """f(z) = scale * ELU(z, alpha), with the constants that keep mean 0 and variance 1.

    scale = 1.0507..., alpha = 1.6733... (Klambauer et al., 2017); wants LeCun-normal weights.
    """

    SCALE: ClassVar[float] = 1.0507009873554804934193349852946
    ALPHA: ClassVar[float] = 1.6732632423543772848170429916717

    from_output = True
    initializer = "lecun_normal"
    formula = "scale * (z if z > 0 else alpha (exp(z) - 1))"

    def forward(self, z: Array, out: Array, buffers: Buffers) -> None:
        """Write the scaled exponential linear unit of z."""
        _elu(z, out, self.ALPHA, buffers)
        out *= self.SCALE

    def backward_biased(
        self, gradient: Array, z: Array, a: Array, bias_gradient: Array, buffers: Buffers
    ) -> None:
        """Multiply the gradient by scale where a > 0, by a + scale * alpha elsewhere."""
        below, above = work(buffers, "work", a.shape), work(buffers, "above", a.shape)
        elu_backward(gradient, a, self.SCALE, self.ALPHA, bias_gradient, below, above)
