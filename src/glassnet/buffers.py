"""Memory: arrays that start where a cache line does, and named ones reused by every later step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Shape

__all__ = ["Buffers", "aligned"]

LINE = 64
"""Bytes in a line of the cache, and in the widest vector register."""


def aligned(shape: Shape, dtype: npt.DTypeLike, fill: float | None = None) -> AnyArray:
    """Return an array at a multiple of 64 bytes, uninitialised unless there is something to fill it with.

    NumPy's own start 16 bytes after one, so that every access of a whole register crosses two lines. A
    product may round otherwise in another place; these start alike in every run.
    """
    kind = np.dtype(dtype)
    size = math.prod(shape) * kind.itemsize
    make = np.zeros if fill == 0 else np.empty  # zeros take no memory until they are written to
    room = make(size + LINE, np.uint8)
    start = -room.__array_interface__["data"][0] % LINE
    array = room[start : start + size].view(kind).reshape(shape)
    if fill:
        array.fill(fill)
    return array


class Buffers:
    """Hands out uninitialised arrays by name; the same name and shape gives the same memory.

    A smaller shape (the last partial batch) is a view of the larger array's start, so once the
    largest shape of each name has been seen, nothing is allocated any more.

    >>> buffers = Buffers("float32")
    >>> whole = buffers.get("z", (32, 8))
    >>> part = buffers.get("z", (5, 8))
    >>> np.shares_memory(whole, part)
    True
    """

    __slots__ = ("_memory", "_views", "dtype")

    def __init__(self, dtype: npt.DTypeLike = "float32") -> None:
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self._memory: dict[tuple[str, np.dtype[Any]], AnyArray] = {}
        self._views: dict[tuple[str, Shape, npt.DTypeLike | None], AnyArray] = {}

    def get(self, name: str, shape: Shape, dtype: npt.DTypeLike | None = None) -> AnyArray:
        """Return the array of this name, shape and dtype (default: the buffers' own)."""
        try:
            return self._views[name, shape, dtype]
        except KeyError:
            return self._make(name, shape, dtype)

    def _make(self, name: str, shape: Shape, dtype: npt.DTypeLike | None) -> AnyArray:
        kind = self.dtype if dtype is None else np.dtype(dtype)
        size = math.prod(shape)
        memory = self._memory.get((name, kind))
        if memory is None or memory.size < size:
            memory = aligned((size,), kind)
            self._memory[name, kind] = memory
            self._forget(name)
        elif len(self._views) > 256:  # many different batch sizes: keep the memory, drop old views
            self._views.clear()
        view = memory[:size].reshape(shape)
        self._views[name, shape, dtype] = view
        return view

    def _forget(self, name: str) -> None:
        for key in [key for key in self._views if key[0] == name]:
            del self._views[key]
