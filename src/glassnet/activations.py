"""Activation functions: each with its formula and its exact derivative.

For a layer's pre-activations z and outputs a = f(z), `backward` turns dL/da into dL/dz.
Where the derivative can be written with a alone (`from_output`), z need not be kept and the
forward pass overwrites it. All are finite at |z| = 1e4 in float32 and let NaN pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from glassnet._typing import Array
from glassnet.buffers import Buffers
from glassnet.hyperparameters import Hyperparameters, Interval, hyperparameter
from glassnet.reductions import row_max, row_sum

__all__ = [
    "BY_NAME",
    "ELU",
    "GELU",
    "SELU",
    "ActivationFunction",
    "LeakyReLU",
    "Linear",
    "Mish",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]


@dataclass(frozen=True)
class ActivationFunction(Hyperparameters):
    """Base of all activation functions; one of your own defines :meth:`forward` and :meth:`backward`."""

    from_output: ClassVar[bool] = False
    """True if `backward` reads only a; then `forward` may be given out=z."""
    initializer: ClassVar[str] = "xavier_uniform"
    """The initialiser that suits this activation, used where a layer names none."""
    formula: ClassVar[str] = "f(z)"

    def __call__(self, z: npt.ArrayLike) -> Array:
        """Return f(z) as a new array; integers are taken as float64."""
        array = np.asarray(z)
        rows: Array = np.atleast_2d(array.astype(np.result_type(array, np.float32), copy=False))
        out = np.empty_like(rows)
        self.forward(rows, out, Buffers(rows.dtype))
        return out

    def forward(self, z: Array, out: Array, buffers: Buffers) -> None:
        """Write f(z) into `out`; both (n_samples, units)."""
        raise NotImplementedError(f"{type(self).__name__} must define forward().")

    def backward(self, gradient: Array, z: Array, a: Array, out: Array, buffers: Buffers) -> None:
        """Write dL/dz into `out`, which may be `gradient` itself (dL/da)."""
        raise NotImplementedError(f"{type(self).__name__} must define backward().")


@dataclass(frozen=True)
class Linear(ActivationFunction):
    """f(z) = z, f'(z) = 1."""

    from_output = True
    formula = "z"

    def forward(self, z: Array, out: Array, buffers: Buffers) -> None:
        """Write z."""
        if out is not z:
            np.copyto(out, z)

    def backward(self, gradient: Array, z: Array, a: Array, out: Array, buffers: Buffers) -> None:
        """Write the gradient unchanged."""
        if out is not gradient:
            np.copyto(out, gradient)


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

    def backward(self, gradient: Array, z: Array, a: Array, out: Array, buffers: Buffers) -> None:
        """Write the gradient where a > 0, else 0."""
        mask = np.greater(a, 0, out=buffers.get("mask", a.shape))  # 0.0 or 1.0: faster than booleans
        np.multiply(gradient, mask, out=out)


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
        scaled = np.multiply(z, self.slope, out=buffers.get("scaled", z.shape))
        np.maximum(z, scaled, out=out)

    def backward(self, gradient: Array, z: Array, a: Array, out: Array, buffers: Buffers) -> None:
        """Write the gradient times 1 where a > 0, times slope elsewhere."""
        factor = np.greater(a, 0, out=buffers.get("scaled", a.shape))
        factor *= 1 - self.slope
        factor += self.slope
        np.multiply(gradient, factor, out=out)


def _elu(z: Array, out: Array, alpha: float, buffers: Buffers) -> None:
    below = np.minimum(z, 0, out=buffers.get("below", z.shape))
    np.expm1(below, out=below)
    below *= alpha
    np.maximum(z, 0, out=out)
    out += below


def _elu_derivative(a: Array, scale: float, alpha: float, buffers: Buffers) -> Array:
    # Below zero a = scale alpha (e^z - 1), so the derivative scale alpha e^z is a + scale alpha.
    derivative = np.minimum(a, 0, out=buffers.get("below", a.shape))
    derivative += scale * alpha
    above = np.greater(a, 0, out=buffers.get("mask", a.shape))
    above *= scale - scale * alpha
    derivative += above
    return derivative


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

    def backward(self, gradient: Array, z: Array, a: Array, out: Array, buffers: Buffers) -> None:
        """Write the gradient times 1 where a > 0, times a + alpha elsewhere."""
        np.multiply(gradient, _elu_derivative(a, 1.0, self.alpha, buffers), out=out)


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

    def backward(self, gradient: Array, z: Array, a: Array, out: Array, buffers: Buffers) -> None:
        """Write the gradient times scale where a > 0, times a + scale * alpha elsewhere."""
        np.multiply(gradient, _elu_derivative(a, self.SCALE, self.ALPHA, buffers), out=out)


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


def _sigmoid(z: Array, out: Array) -> Array:
    # 1 / (1 + e^-z); -z is capped where e^-z would overflow, and the result is 0 to rounding there.
    np.negative(z, out=out)
    np.minimum(out, math.log(float(np.finfo(z.dtype).max)) - 1, out=out)
    np.exp(out, out=out)
    out += 1
    return np.reciprocal(out, out=out)


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
        np.multiply(z, _sigmoid(z, buffers.get("sigmoid", z.shape)), out=out)

    def backward(self, gradient: Array, z: Array, a: Array, out: Array, buffers: Buffers) -> None:
        """Write the gradient times s (1 + z (1 - s))."""
        s = _sigmoid(z, buffers.get("sigmoid", z.shape))
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
        derivative *= _sigmoid(z, buffers.get("sigmoid", z.shape))
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
        np.multiply(gradient, _sigmoid(z, buffers.get("sigmoid", z.shape)), out=out)


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
        _sigmoid(z, out)

    def backward(self, gradient: Array, z: Array, a: Array, out: Array, buffers: Buffers) -> None:
        """Write the gradient times a (1 - a)."""
        derivative = np.subtract(1, a, out=buffers.get("derivative", a.shape))
        derivative *= a
        np.multiply(gradient, derivative, out=out)


@dataclass(frozen=True)
class Tanh(ActivationFunction):
    """f(z) = tanh(z), f' = 1 - f^2."""

    from_output = True
    formula = "tanh(z)"

    def forward(self, z: Array, out: Array, buffers: Buffers) -> None:
        """Write tanh(z)."""
        np.tanh(z, out=out)

    def backward(self, gradient: Array, z: Array, a: Array, out: Array, buffers: Buffers) -> None:
        """Write the gradient times 1 - a^2."""
        derivative = np.multiply(a, a, out=buffers.get("derivative", a.shape))
        np.subtract(1, derivative, out=derivative)
        np.multiply(gradient, derivative, out=out)


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


BY_NAME: dict[str, type[ActivationFunction]] = {
    "linear": Linear,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "selu": SELU,
    "gelu": GELU,
    "silu": SiLU,
    "mish": Mish,
    "softplus": Softplus,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "softmax": Softmax,
}
