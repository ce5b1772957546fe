"""Context: all that one layer sees and leaves behind in one pass.

Layers hold hyperparameters only. What a pass computes lives here, so one network can predict in
many threads at once, each with contexts of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from glassnet._typing import Array
from glassnet.buffers import Buffers
from glassnet.parameters import Parameters, Scope

__all__ = ["Context"]


class Context:
    """One layer's parameters, gradients, statistics and memory during one pass.

    Attributes:
        name: the layer's name in the network, such as "dense1".
        parameters, gradients, statistics: views by their short names ("weight"); backward
            overwrites the gradient views in place.
        saved: whatever forward wants backward to find.
        buffers: reused memory of the layer's own, for what must last until backward.
        scratch: reused memory that all layers of the pass share; it lasts no longer than one call.
        training: True in a training pass (dropout on, batch statistics).
        generator: random numbers for dropout.
        wants_input_gradient: False if nothing below learns; backward may then return None.
        skip_activation: True where the loss takes over the last activation's part.
        foreign: True for a layer of the caller's own, whose outputs and gradients are looked at.
        record: None, or where a trace finds copies of what went in and out ("inputs", "a", "da",
            "dinputs"); then pre-activations keep memory of their own.
        children: contexts of nested layers.
    """

    __slots__ = (
        "buffers",
        "children",
        "foreign",
        "generator",
        "gradients",
        "name",
        "parameters",
        "record",
        "saved",
        "scope",
        "scratch",
        "skip_activation",
        "statistics",
        "training",
        "wants_input_gradient",
    )

    def __init__(self, scope: Scope, parameters: Parameters, scratch: Buffers) -> None:
        self.scope = scope
        self.name = scope.name
        self.foreign = not type(scope.layer).__module__.startswith("glassnet.")
        self.parameters: dict[str, Array] = {k: parameters[s.name] for k, s in scope.parameters.items()}
        self.gradients: dict[str, Array] = {
            k: parameters.by_gradient[s.name] for k, s in scope.parameters.items()
        }
        self.statistics: dict[str, Array] = {
            k: parameters.statistics[s.name] for k, s in scope.statistics.items()
        }
        self.saved: dict[str, Any] = {}
        self.buffers = Buffers(parameters.flat.dtype)
        self.scratch = scratch
        self.training = False
        self.generator: np.random.Generator | None = None
        self.wants_input_gradient = True
        self.skip_activation = False
        self.record: dict[str, Array] | None = None
        self.children: list[Context] = [Context(child, parameters, scratch) for child in scope.children]

    @property
    def learns(self) -> bool:
        """Whether this layer or one nested in it has parameters."""
        return bool(self.parameters) or any(child.learns for child in self.children)

    def walk(self) -> Iterator[Context]:
        """Yield this context and those of nested layers."""
        yield self
        for child in self.children:
            yield from child.walk()

    def begin(self, training: bool, generator: np.random.Generator | None) -> None:
        """Set the mode of the pass, here and in nested layers."""
        self.training = training
        self.generator = generator
        self.skip_activation = False
        for child in self.children:
            child.begin(training, generator)


def mark_wanted(contexts: Sequence[Context], outer: bool) -> None:
    """Mark which of a chain of layers must return an input gradient: those above one that learns."""
    wanted = outer
    for context in contexts:
        context.wants_input_gradient = wanted
        mark_wanted(context.children, wanted)
        wanted = wanted or context.learns
