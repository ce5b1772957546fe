"""coefs_ and intercepts_: lists whose arrays are the network's own weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, SupportsIndex

import numpy as np

from glassnet._typing import Array

__all__ = ["WeightList"]


class WeightList(list[Array]):
    """A list of views into a network's weights; what is assigned to an item is copied into it.

    Its length and the shapes are the network's and cannot change.
    """

    def __init__(self, name: str, views: Iterable[Array]) -> None:
        super().__init__(views)
        self._name = name

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            chosen = range(*index.indices(len(self)))
            values = list(value)
            if len(values) != len(chosen):
                raise ValueError(
                    f"{self._name} holds {len(self)} arrays, one per layer: {len(chosen)} were to be "
                    f"replaced, got {len(values)}."
                )
            pairs = [(self._fitting(i, v), self[i]) for i, v in zip(chosen, values, strict=True)]
        else:
            position = range(len(self))[index]
            pairs = [(self._fitting(position, value), self[position])]
        for new, view in pairs:
            view[...] = new

    def _fitting(self, index: int, value: Any) -> Array:
        new = np.array(value, self[index].dtype)  # a copy: it may overlap with what it replaces
        if new.shape != self[index].shape:
            raise ValueError(
                f"{self._name}[{index}] has shape {self[index].shape}, got an array of shape {new.shape}."
            )
        return new

    def _refuse(self, *_: Any) -> Any:
        raise TypeError(f"{self._name} has one array per layer of the network; none can be added or removed.")

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        self._refuse()

    append: Any = _refuse
    extend: Any = _refuse
    insert: Any = _refuse
    pop: Any = _refuse
    remove: Any = _refuse
    clear: Any = _refuse
    sort: Any = _refuse
    reverse: Any = _refuse
    __iadd__: Any = _refuse
    __imul__: Any = _refuse

    def __reduce__(self) -> Any:
        return list, ([view.copy() for view in self],)

    def __copy__(self) -> list[Array]:
        return list(self)

    def __deepcopy__(self, memo: Any) -> list[Array]:
        return [view.copy() for view in self]
