"""A pass: one trip of a batch through the network, forward and then backward."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from glassnet._typing import AnyArray, Array
from glassnet.buffers import Buffers
from glassnet.checks import as_features, looks_finite
from glassnet.context import Context, mark_wanted
from glassnet.errors import GradientError
from glassnet.layers.base import Layer, chain_backward, chain_forward
from glassnet.parameters import Parameters, Scope

__all__ = ["BLOCK", "Pass"]


BLOCK = 1024
"""Rows that are predicted or evaluated at a time, so that their activations stay in the cache."""


# A NaN that no computation makes; one that is still there afterwards was never overwritten.
_MARK: dict[np.dtype[Any], Any] = {
    np.dtype(np.float32): np.uint32(0x7FC61A55),
    np.dtype(np.float64): np.uint64(0x7FF8_0061_A551_6E37),
}


class Pass:
    """The contexts of all layers. Reused from batch to batch by one thread; never shared by two."""

    def __init__(self, layers: Sequence[Layer], scope: Scope, parameters: Parameters) -> None:
        self.layers = layers
        scratch = Buffers(parameters.values.dtype)
        self.contexts = [Context(child, parameters, scratch) for child in scope.children]
        self.loss_buffers = Buffers(parameters.values.dtype)
        mark_wanted(self.contexts, False)
        self._buffers = Buffers(parameters.values.dtype)
        self._mode: tuple[bool, np.random.Generator | None, bool] | None = None
        # Gradients of layers of the caller's own; the first backward pass looks whether they are written.
        self.unproven = [
            (context, name, view)
            for context in self.walk()
            if context.foreign
            for name, view in context.gradients.items()
        ]
        self._regularized = [
            (context.scope.layer, context)
            for context in self.walk()
            if context.scope.layer is not None and context.scope.layer.regularized
        ]

    def take(self, rows: AnyArray) -> Array:
        """Return a copy of `rows` (n_samples, n_features) in the pass's own memory and dtype.

        Raises DataError for NaN, infinity, or numbers beyond the dtype.
        """
        inputs: Array = self._buffers.get("inputs", rows.shape)
        if rows.dtype == inputs.dtype:
            inputs[...] = rows
        else:
            with np.errstate(over="ignore"):  # the check finds what overflows
                np.copyto(inputs, rows, casting="unsafe")
        if not looks_finite(inputs):
            as_features(rows, None, dtype=inputs.dtype)
        return inputs

    def forward(
        self,
        inputs: Array,
        training: bool = False,
        generator: np.random.Generator | None = None,
        *,
        to_logits: bool = False,
    ) -> Array:
        """Return the outputs of the last layer; they live in its buffers until the next pass.

        Args:
            inputs: (n_samples, n_features), of the parameters' dtype.
            training: batch statistics and dropout on.
            generator: random numbers for dropout.
            to_logits: leave out the last layer's activation, whose part the loss takes over.
        """
        mode = (training, generator, to_logits)
        if mode != self._mode:
            for context in self.contexts:
                context.begin(training, generator)
            self.contexts[-1].skip_activation = to_logits
            self._mode = mode
        return chain_forward(self.layers, self.contexts, inputs)

    def start_recording(self) -> None:
        """Let every layer keep copies of what goes in and out, for a trace."""
        for context in self.walk():
            context.record = {}

    def backward(self, gradient: Array) -> Array | None:
        """Fill the parameters' gradients from dL/d(outputs), which may be overwritten.

        The first time, GradientError if a layer of the caller's own left one of its gradients unwritten.
        """
        if not self.unproven:
            return chain_backward(self.layers, self.contexts, gradient)
        for *_, view in self.unproven:
            _bits(view)[...] = _MARK[view.dtype]
        below = chain_backward(self.layers, self.contexts, gradient)
        for context, name, view in self.unproven:
            left = int(np.count_nonzero(_bits(view) == _MARK[view.dtype]))
            if left:
                raise GradientError(
                    f"{context.name} ({type(context.scope.layer).__name__}) backward() left {left} of "
                    f"{view.size} elements of context.gradients[{name!r}] unwritten: overwrite all of it, "
                    f"in place, with [...] = or out=."
                )
        self.unproven = []
        return below

    def penalize(self, add_gradient: bool = True) -> float:
        """Return the layers' penalties; if asked, add their gradients."""
        if not self._regularized:
            return 0.0
        return sum(layer.penalize(context, add_gradient) for layer, context in self._regularized)

    def constrain(self) -> None:
        """Force every layer's weights into their constraint."""
        for layer, context in self._regularized:
            layer.constrain(context)

    def walk(self) -> Iterator[Context]:
        """Yield every layer's context, nested ones after their parent, in order."""
        for context in self.contexts:
            yield from context.walk()


def _bits(view: Array) -> AnyArray:
    return view.view(_MARK[view.dtype].dtype)
