"""Initialisers: how the first weights are drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from glassnet._typing import Array, Shape
from glassnet.errors import HyperparameterError
from glassnet.hyperparameters import Hyperparameters, Interval, hyperparameter

__all__ = [
    "BY_NAME",
    "Constant",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "LeCunNormal",
    "LeCunUniform",
    "Normal",
    "Orthogonal",
    "Uniform",
    "XavierNormal",
    "XavierUniform",
    "Zeros",
]


@dataclass(frozen=True)
class Initializer(Hyperparameters):
    """Base of all initialisers: called with a shape and a generator, it returns float64 values.

    For a matrix the shape is (fan_in, fan_out): inputs first, as in z = x @ W + b. A vector of n
    has fan_in = fan_out = n. A shape of more than two axes is a stack of matrices in its last two.
    The same shape and an equal generator give the same values; nothing else is read or changed.
    """

    def __call__(self, shape: Shape, generator: np.random.Generator) -> Array:
        """Draw an array of `shape`."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__().")


@dataclass(frozen=True)
class Zeros(Initializer):
    """All zeros: right for biases; as weights it leaves the units of a layer forever alike.

    >>> Zeros()((3,), np.random.default_rng(0))
    array([0., 0., 0.])
    """

    def __call__(self, shape: Shape, generator: np.random.Generator) -> Array:
        """Return zeros; the generator is not used."""
        return np.zeros(shape)


@dataclass(frozen=True)
class Constant(Initializer):
    """The same number everywhere.

    Args:
        value: any finite number.

    Raises:
        HyperparameterError: a value that is not finite.

    >>> Constant(0.1)((2,), np.random.default_rng(0))
    array([0.1, 0.1])
    """

    value: float = hyperparameter(interval=Interval(), positional=True)

    def __call__(self, shape: Shape, generator: np.random.Generator) -> Array:
        """Return the constant; the generator is not used."""
        return np.full(shape, self.value)


@dataclass(frozen=True)
class Normal(Initializer):
    """Normal with mean 0 and a fixed deviation, whatever the shape: W ~ N(0, std^2).

    Args:
        std: standard deviation, at least 0; default 0.01.

    Raises:
        HyperparameterError: a value out of range.

    >>> Normal(0.01)((4, 3), np.random.default_rng(0)).shape
    (4, 3)
    """

    std: float = hyperparameter(0.01, interval=Interval(0, math.inf, "left"), positional=True)

    def __call__(self, shape: Shape, generator: np.random.Generator) -> Array:
        """Draw an array of `shape`."""
        return generator.normal(0.0, self.std, shape)


@dataclass(frozen=True)
class Uniform(Initializer):
    """Uniform between fixed bounds, whatever the shape: W ~ U[low, high).

    Args:
        low: lower bound; default -0.05.
        high: upper bound, above `low`; default 0.05.

    Raises:
        HyperparameterError: a bound that is not finite, or `low` not below `high`.

    >>> bool(abs(Uniform(-0.1, 0.1)((100,), np.random.default_rng(0))).max() <= 0.1)
    True
    """

    low: float = hyperparameter(-0.05, interval=Interval(), positional=True)
    high: float = hyperparameter(0.05, interval=Interval(), positional=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low >= self.high:
            raise HyperparameterError(
                f"Uniform low must lie below high, got low={self.low}, high={self.high}."
            )

    def __call__(self, shape: Shape, generator: np.random.Generator) -> Array:
        """Draw an array of `shape`."""
        return generator.uniform(self.low, self.high, shape)


@dataclass(frozen=True)
class XavierNormal(Initializer):
    """Normal with variance 2 / (fan_in + fan_out) (Glorot & Bengio, 2010).

    Keeps the variance of activations and gradients about even through tanh-like layers. Also called
    Glorot. The normal is whole, as in PyTorch; Keras cuts it off at two deviations.

    >>> XavierNormal()((4, 3), np.random.default_rng(0)).shape
    (4, 3)
    """

    def __call__(self, shape: Shape, generator: np.random.Generator) -> Array:
        """Draw an array of `shape`."""
        fan_in, fan_out = _fans(shape)
        return _normal(2 / (fan_in + fan_out), shape, generator)


@dataclass(frozen=True)
class XavierUniform(Initializer):
    """Uniform with variance 2 / (fan_in + fan_out), in +-sqrt(6 / (fan_in + fan_out)).

    Glorot & Bengio (2010), their equation 16; see :class:`XavierNormal`.

    >>> bool(abs(XavierUniform()((4, 2), np.random.default_rng(0))).max() <= 1)
    True
    """

    def __call__(self, shape: Shape, generator: np.random.Generator) -> Array:
        """Draw an array of `shape`."""
        fan_in, fan_out = _fans(shape)
        return _uniform(2 / (fan_in + fan_out), shape, generator)


@dataclass(frozen=True)
class HeNormal(Initializer):
    """Normal with variance 2 / fan_in (He et al., 2015): for ReLU, which halves the second moment.

    The normal is whole, as in PyTorch; Keras cuts it off at two deviations.

    >>> HeNormal()((4, 3), np.random.default_rng(0)).shape
    (4, 3)
    """

    def __call__(self, shape: Shape, generator: np.random.Generator) -> Array:
        """Draw an array of `shape`."""
        return _normal(2 / _fans(shape)[0], shape, generator)


@dataclass(frozen=True)
class HeUniform(Initializer):
    """Uniform with variance 2 / fan_in, in +-sqrt(6 / fan_in); see :class:`HeNormal`.

    >>> bool(abs(HeUniform()((6, 2), np.random.default_rng(0))).max() <= 1)
    True
    """

    def __call__(self, shape: Shape, generator: np.random.Generator) -> Array:
        """Draw an array of `shape`."""
        return _uniform(2 / _fans(shape)[0], shape, generator)


@dataclass(frozen=True)
class LeCunNormal(Initializer):
    """Normal with variance 1 / fan_in (LeCun et al., 1998): what SELU asks for.

    The normal is whole; Keras cuts it off at two deviations.

    >>> LeCunNormal()((4, 3), np.random.default_rng(0)).shape
    (4, 3)
    """

    def __call__(self, shape: Shape, generator: np.random.Generator) -> Array:
        """Draw an array of `shape`."""
        return _normal(1 / _fans(shape)[0], shape, generator)


@dataclass(frozen=True)
class LeCunUniform(Initializer):
    """Uniform with variance 1 / fan_in, in +-sqrt(3 / fan_in); see :class:`LeCunNormal`.

    >>> bool(abs(LeCunUniform()((3, 2), np.random.default_rng(0))).max() <= 1)
    True
    """

    def __call__(self, shape: Shape, generator: np.random.Generator) -> Array:
        """Draw an array of `shape`."""
        return _uniform(1 / _fans(shape)[0], shape, generator)


@dataclass(frozen=True)
class Orthogonal(Initializer):
    """A random orthogonal matrix times a gain (Saxe et al., 2014): W.T @ W = gain^2 I.

    The Q of a normal matrix, with the signs of R's diagonal moved into it, which makes it uniform over
    all orthogonal matrices (Mezzadri, 2007). A matrix with more columns than rows has orthonormal rows
    instead, W @ W.T = gain^2 I; a vector has length `gain`.

    Args:
        gain: factor, above 0; default 1. sqrt(2) suits ReLU.

    Raises:
        HyperparameterError: a value out of range.

    >>> W = Orthogonal()((5, 3), np.random.default_rng(0))
    >>> bool(np.allclose(W.T @ W, np.eye(3)))
    True
    """

    gain: float = hyperparameter(1.0, interval=Interval(0, math.inf, "neither"), positional=True)

    def __call__(self, shape: Shape, generator: np.random.Generator) -> Array:
        """Draw an array of `shape`."""
        *stack, rows, columns = (1, 1, *shape) if len(shape) < 2 else shape
        tall, narrow = max(rows, columns), min(rows, columns)
        q, r = np.linalg.qr(generator.standard_normal((*stack, tall, narrow)))
        signs = np.where(np.diagonal(r, axis1=-2, axis2=-1) < 0, -self.gain, self.gain)
        q *= signs[..., None, :]
        return np.ascontiguousarray(q if rows >= columns else np.swapaxes(q, -2, -1)).reshape(shape)


BY_NAME: dict[str, type[Initializer]] = {
    "constant": Constant,
    "he": HeNormal,
    "he_normal": HeNormal,
    "he_uniform": HeUniform,
    "lecun": LeCunNormal,
    "lecun_normal": LeCunNormal,
    "lecun_uniform": LeCunUniform,
    "normal": Normal,
    "orthogonal": Orthogonal,
    "uniform": Uniform,
    "xavier": XavierUniform,
    "xavier_normal": XavierNormal,
    "xavier_uniform": XavierUniform,
    "zeros": Zeros,
}
"""Short names of all initialisers; "xavier", "he" and "lecun" are the usual member of each family."""


def _fans(shape: Shape) -> tuple[int, int]:
    """Return (fan_in, fan_out), each at least 1."""
    fan_in, fan_out = shape[-2:] if len(shape) >= 2 else (math.prod(shape),) * 2
    return max(fan_in, 1), max(fan_out, 1)


def _normal(variance: float, shape: Shape, generator: np.random.Generator) -> Array:
    return generator.normal(0.0, math.sqrt(variance), shape)


def _uniform(variance: float, shape: Shape, generator: np.random.Generator) -> Array:
    limit = math.sqrt(3 * variance)  # U[-a, a] has variance a^2 / 3
    return generator.uniform(-limit, limit, shape)
