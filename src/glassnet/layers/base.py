"""What every layer is: hyperparameters that declare parameters, go forward, and go backward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from glassnet._typing import Array
from glassnet.context import Context
from glassnet.errors import GradientError, ShapeError
from glassnet.hyperparameters import Hyperparameters
from glassnet.parameters import Scope

__all__ = ["Layer", "build_chain", "chain_backward", "chain_forward"]


@dataclass(frozen=True)
class Layer(Hyperparameters):
    """Base of all layers; one of your own defines :meth:`build`, :meth:`forward`, :meth:`backward`.

    A learned factor for every feature, y = x * s:

    >>> from dataclasses import dataclass
    >>> import numpy as np, glassnet as gn
    >>> @dataclass(frozen=True)
    ... class Scale(gn.layers.Layer):
    ...     def build(self, n_inputs, scope):
    ...         scope.parameter("factor", (n_inputs,), gn.initializers.Constant(2.0), decay=False)
    ...         return n_inputs
    ...     def forward(self, inputs, context):
    ...         context.saved["inputs"] = inputs
    ...         return inputs * context.parameters["factor"]
    ...     def backward(self, gradient, context):
    ...         np.sum(gradient * context.saved["inputs"], axis=0, out=context.gradients["factor"])
    ...         return gradient * context.parameters["factor"]
    >>> gn.Network([Scale()], seed=0).build(3).predict(np.ones((1, 3)))
    array([[2., 2., 2.]], dtype=float32)
    """

    regularized: ClassVar[bool] = False
    """True, on a class or by a property, where :meth:`penalize` or :meth:`constrain` does something."""

    def build(self, n_inputs: int, scope: Scope) -> int:
        """Declare parameters for `n_inputs` features on `scope`; return the number of outputs."""
        return n_inputs

    def forward(self, inputs: Array, context: Context) -> Array:
        """Return the outputs (n_samples, n_outputs) of inputs (n_samples, n_inputs)."""
        raise NotImplementedError(f"{type(self).__name__} must define forward().")

    def backward(self, gradient: Array, context: Context) -> Array | None:
        """Overwrite `context.gradients` and return dL/d(inputs).

        Args:
            gradient: dL/d(outputs), (n_samples, n_outputs); may be overwritten.
            context: the context that forward used.

        Returns:
            dL/d(inputs), or None where `context.wants_input_gradient` is False.
        """
        raise NotImplementedError(f"{type(self).__name__} must define backward().")

    def penalize(self, context: Context, add_gradient: bool) -> float:
        """Return the layer's penalty on its weights; if asked, add its gradient to theirs."""
        return 0.0

    def constrain(self, context: Context) -> None:
        """Force the weights back into their constraint after an update."""


def build_chain(layers: Sequence[Layer], n_inputs: int, scope: Scope) -> int:
    """Build layers one after the other below `scope`; return the last one's width."""
    width = n_inputs
    for layer in layers:
        child = scope.child(layer)
        child.n_inputs = width
        made = layer.build(width, child)
        if not isinstance(made, (int, np.integer)) or made < 1:
            raise ShapeError(f"{child.name}: build() must return the number of outputs, got {made!r}.")
        child.n_outputs = width = int(made)
    return width


def chain_forward(layers: Sequence[Layer], contexts: Sequence[Context], inputs: Array) -> Array:
    """Run layers one after the other."""
    x = inputs
    for layer, context in zip(layers, contexts, strict=True):
        if context.record is not None:
            context.record["inputs"] = x.copy()
        x = layer.forward(x, context)
        if context.foreign:
            x = _checked_outputs(x, len(inputs), context)
        if context.record is not None:
            context.record["a"] = x.copy()
    return x


def _checked_outputs(x: Array, n: int, context: Context) -> Array:
    if not isinstance(x, np.ndarray) or x.shape != (n, context.scope.n_outputs):
        raise ShapeError(
            f"{context.name} ({type(context.scope.layer).__name__}) promised outputs of shape "
            f"({n}, {context.scope.n_outputs}) but forward() returned {_told(x)}."
        )
    return x.astype(context.buffers.dtype, copy=False)


def chain_backward(layers: Sequence[Layer], contexts: Sequence[Context], gradient: Array) -> Array | None:
    """Run the backward passes from last to first, down to the lowest layer that learns."""
    g: Array = gradient
    for layer, context in zip(reversed(layers), reversed(contexts), strict=True):
        if not context.wants_input_gradient and not context.learns:
            return None
        if context.record is not None:
            context.record["da"] = g.copy()
        below = layer.backward(g, context)
        if below is None:
            if context.wants_input_gradient:
                raise GradientError(
                    f"{context.name} ({type(layer).__name__}) backward() returned None, but the layers below "
                    "need dL/d(inputs)."
                )
            return None
        g = _checked_gradient(below, len(gradient), context) if context.foreign else below
        if context.record is not None:
            context.record["dinputs"] = g.copy()
    return g


def _checked_gradient(below: Array, n: int, context: Context) -> Array:
    if not isinstance(below, np.ndarray) or below.shape != (n, context.scope.n_inputs):
        raise GradientError(
            f"{context.name} ({type(context.scope.layer).__name__}) backward() must return dL/d(inputs) of "
            f"shape ({n}, {context.scope.n_inputs}), got {_told(below)}."
        )
    return below.astype(context.buffers.dtype, copy=not below.flags.writeable)


def _told(value: object) -> str:
    return f"shape {value.shape}" if isinstance(value, np.ndarray) else repr(value)
