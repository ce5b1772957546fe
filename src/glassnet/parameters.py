"""Parameters: every weight and bias is a named view into one flat array.

A layer declares what it needs on a :class:`Scope`; :meth:`Parameters.allocate` then lays all of
it out at once. Weights that decay come first, then biases and norm parameters, so decay is one
slice. Gradients have the same layout in a second array; running statistics live in a third.
"""

from __future__ import annotations

import math
from collections.abc import ItemsView, Iterator, KeysView, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import Array, Shape
from glassnet.buffers import aligned
from glassnet.errors import HyperparameterError, ShapeError
from glassnet.initializers import Initializer
from glassnet.registry import resolve

if TYPE_CHECKING:
    from glassnet.layers import Layer

__all__ = ["NamedViews", "Parameters", "Scope", "layer_names"]


@dataclass(frozen=True)
class ParameterSpec:
    """One declared array: its full name, shape, first values, and whether it decays."""

    name: str
    shape: Shape
    initializer: Initializer | float
    decay: bool = False

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


@dataclass
class Scope:
    """Where one layer declares its parameters; `name` is the layer's, such as "dense1"."""

    name: str
    layer: Layer | None = None
    parameters: dict[str, ParameterSpec] = field(default_factory=dict)
    statistics: dict[str, ParameterSpec] = field(default_factory=dict)
    children: list[Scope] = field(default_factory=list)
    n_inputs: int = 0
    n_outputs: int = 0
    _counts: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def parameter(self, name: str, shape: Shape, initializer: Initializer, *, decay: bool = True) -> None:
        """Declare a trained array; `decay=False` spares it from decoupled weight decay."""
        chosen = resolve("initializer", initializer, f"{self.name}.{name} initializer")
        self._once(name)
        self.parameters[name] = ParameterSpec(f"{self.name}.{name}", shape, chosen, decay)

    def statistic(self, name: str, shape: Shape, fill: float) -> None:
        """Declare an array that is stored with the network but never optimised."""
        self._once(name)
        self.statistics[name] = ParameterSpec(f"{self.name}.{name}", shape, fill)

    def _once(self, name: str) -> None:
        if name in self.parameters or name in self.statistics:
            raise HyperparameterError(f"{self.name} declares {name!r} twice; give each array its own name.")

    def child(self, layer: Layer) -> Scope:
        """Return a scope for a nested layer, named as :func:`layer_names` says."""
        short = _next_name(layer, self._counts)
        scope = Scope(f"{self.name}.{short}" if self.name else short, layer)
        self.children.append(scope)
        return scope

    def walk(self) -> Iterator[Scope]:
        """Yield this scope and all below it, in the order of declaration."""
        yield self
        for scope in self.children:
            yield from scope.walk()


def layer_names(layers: Sequence[Layer]) -> list[str]:
    """Return the name of each layer in a chain: its kind and its number among its kind, from 1."""
    counts: dict[str, int] = {}
    return [_next_name(layer, counts) for layer in layers]


def _next_name(layer: Layer, counts: dict[str, int]) -> str:
    kind = type(layer).__name__.lower()
    if kind[-1].isdigit():
        kind += "_"  # a class Dense1 must not meet the first Dense
    counts[kind] = counts.get(kind, 0) + 1
    return f"{kind}{counts[kind]}"


class NamedViews:
    """A flat array and its named views, like a dict. Reading gives a view; assigning copies into it."""

    def __init__(self, flat: Array, specs: list[ParameterSpec]) -> None:
        self.flat = flat
        self._specs = specs
        self._bind()

    def _bind(self) -> None:
        self._views: dict[str, Array] = {}
        start = 0
        for spec in self._specs:
            self._views[spec.name] = self.flat[start : start + spec.size].reshape(spec.shape)
            start += spec.size

    def __getitem__(self, name: str) -> Array:
        try:
            return self._views[name]
        except KeyError:
            raise KeyError(f"No parameter {name!r}. There are: {', '.join(self._views) or 'none'}.") from None

    def __setitem__(self, name: str, value: npt.ArrayLike) -> None:
        self._copy_into(name, self[name], value)

    @staticmethod
    def _copy_into(name: str, view: Array, value: npt.ArrayLike) -> None:
        new = np.asarray(value)
        if new.shape != view.shape:
            raise ShapeError(f"{name} has shape {view.shape}, got an array of shape {new.shape}.")
        view[...] = new

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    def __contains__(self, name: object) -> bool:
        return name in self._views

    def keys(self) -> KeysView[str]:
        """Return the names, in the order of the flat array."""
        return self._views.keys()

    def items(self) -> ItemsView[str, Array]:
        """Return (name, view) pairs, in the order of the flat array."""
        return self._views.items()

    def __repr__(self) -> str:
        inside = ", ".join(f"{name} {view.shape}" for name, view in self._views.items())
        return f"{type(self).__name__}({inside})"

    def __getstate__(self) -> dict[str, Any]:
        # Views would come back as copies: keep the flat array, bind anew.
        return {key: value for key, value in self.__dict__.items() if key != "_views"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.flat = aligned(self.flat.shape, self.flat.dtype)
        self.flat[...] = state["flat"]
        self._bind()


class Parameters(NamedViews):
    """All parameters of a network, by name, and the three flat arrays behind them.

    >>> import numpy as np, glassnet as gn
    >>> net = gn.Network([gn.Dense(2)], seed=0).build(3)
    >>> net.parameters["dense1.bias"] = [1, 2]
    >>> net.parameters.values[-2:]
    array([1., 2.], dtype=float32)
    """

    def __init__(self, root: Scope, dtype: npt.DTypeLike) -> None:
        scopes = list(root.walk())
        declared = [spec for scope in scopes for spec in scope.parameters.values()]
        held = [spec for scope in scopes for spec in scope.statistics.values()]
        laid_out = [s for s in declared if s.decay] + [s for s in declared if not s.decay]
        size = sum(spec.size for spec in declared)
        self.decaying = sum(spec.size for spec in declared if spec.decay)
        """The first `decaying` elements are weights that decay; the rest are spared."""
        self.declared = declared
        super().__init__(aligned((size,), dtype, 0), laid_out)
        self.by_gradient = NamedViews(aligned((size,), dtype, 0), laid_out)
        self.statistics = NamedViews(np.zeros(sum(spec.size for spec in held), dtype), held)
        for spec in held:
            self.statistics[spec.name].fill(spec.initializer)

    @property
    def values(self) -> Array:
        """Every parameter in one flat array, (n_parameters,); assigning copies into it."""
        return self.flat

    @values.setter
    def values(self, new: npt.ArrayLike) -> None:
        self._copy_into("values", self.flat, new)

    @property
    def gradients(self) -> Array:
        """Every gradient in one flat array, laid out like `values`; assigning copies into it."""
        return self.by_gradient.flat

    @gradients.setter
    def gradients(self, new: npt.ArrayLike) -> None:
        self._copy_into("gradients", self.by_gradient.flat, new)

    def initialize(self, generator: np.random.Generator) -> None:
        """Draw the first values, in the order in which the layers declared them."""
        for spec in self.declared:
            if isinstance(spec.initializer, Initializer):
                self[spec.name][...] = spec.initializer(spec.shape, generator)
