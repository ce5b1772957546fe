"""The base of all activation functions, and the identity."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from glassnet._typing import Array
from glassnet.buffers import Buffers
from glassnet.hyperparameters import Hyperparameters
from glassnet.kernels import kernel
from glassnet.reductions import column_sum

__all__ = ["ActivationFunction", "Linear", "add_bias", "fused"]


def fused(activation: ActivationFunction, direction: str) -> bool:
    """Tell whether `forward_biased` or `backward_biased` holds: not below a plain rule of a subclass."""
    kind: Any = type(activation)
    return _fused(kind, direction)


@cache
def _fused(kind: type[Any], direction: str) -> bool:
    plain, biased = direction, f"{direction}_biased"
    first = next(base for base in kind.__mro__ if plain in vars(base) or biased in vars(base))
    return biased in vars(first)


@kernel
def add_bias(z: Array, bias: Array) -> None:
    """z += bias; z (n, k), bias (k,)."""
    z += bias


@dataclass(frozen=True)
class ActivationFunction(Hyperparameters):
    """Base of all activation functions; one of your own defines :meth:`forward` and :meth:`backward`.

    Their `buffers` give scratch memory that all layers share: nothing in it lasts from one call to the next.
    """

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
        if type(self).backward_biased is ActivationFunction.backward_biased:
            raise NotImplementedError(f"{type(self).__name__} must define backward().")
        if out is not gradient:
            np.copyto(out, gradient)
        self.backward_biased(out, z, a, out[0:0].reshape(-1), buffers)

    def forward_biased(self, z: Array, bias: Array, buffers: Buffers) -> None:
        """Turn z into f(z + bias) in place; for activations with `from_output`."""
        add_bias(z, bias)
        self.forward(z, z, buffers)

    def backward_biased(
        self, gradient: Array, z: Array, a: Array, bias_gradient: Array, buffers: Buffers
    ) -> None:
        """Turn dL/da into dL/dz in place; write its sum over the rows, dL/d(bias), unless that is empty."""
        self.backward(gradient, z, a, gradient, buffers)
        if bias_gradient.size:
            column_sum(gradient, bias_gradient)


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
