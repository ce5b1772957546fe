"""Batches: rows gathered into reused buffers, so that the data is never copied whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from glassnet._typing import AnyArray, Array, Shape
from glassnet.buffers import Buffers

__all__ = ["Batch", "Batches", "Data"]


@dataclass(frozen=True)
class Data:
    """Checked arrays of equal length: features, prepared targets, weights or None.

    The features may be a SciPy sparse matrix or array in CSR form; each batch of it is made dense
    in a buffer that the next one overwrites. `weights` enter the loss and the metrics; `class_weights`,
    where given, the loss in their place.
    """

    X: Any
    targets: AnyArray
    weights: Array | None
    class_weights: Array | None = None

    @property
    def loss_weights(self) -> Array | None:
        """The weights with which the rows enter the loss."""
        return self.weights if self.class_weights is None else self.class_weights

    def __len__(self) -> int:
        return int(self.X.shape[0])


class Batch(NamedTuple):
    """One batch; its arrays are valid until the next one."""

    rows: slice
    """Where the batch lies in the epoch's order."""
    inputs: Array
    targets: AnyArray
    weights: Array | None


class Batches:
    """Cuts data into batches, the last partial one included.

    Args:
        data: the arrays.
        rows: the rows to use, or None for all.
        batch_size: rows per batch.
        dtype: what the network computes in.
    """

    def __init__(
        self, data: Data, rows: AnyArray | None, batch_size: int, dtype: np.dtype[np.floating]
    ) -> None:
        self.data = data
        self.rows = rows
        self.n_rows = len(data) if rows is None else len(rows)
        self.batch_size = min(batch_size, self.n_rows)
        self.n_batches = -(-self.n_rows // self.batch_size)
        self._buffers = Buffers(dtype)
        self._order: AnyArray | None = rows
        self._only: Array | None = None
        self._targets = _Rows(data.targets, "targets", self._buffers)
        weights = data.loss_weights
        self._weights = None if weights is None else _Rows(weights, "weights", self._buffers)
        sparse, width = hasattr(data.X, "toarray"), data.X.shape[1:]
        self._dense = _Memory("X", width, data.X.dtype, self._buffers)
        self._cast = _Memory("inputs", width, dtype, self._buffers)
        self._exact = data.X.dtype == dtype
        if not sparse:
            self._rows = _Rows(data.X, "X", self._buffers)
        self._inputs = self._dense_inputs if sparse else self._array_inputs

    def shuffle(self, generator: np.random.Generator) -> None:
        """Draw a new order; it depends on the generator alone, not on earlier orders."""
        if self.whole:
            return
        if self._order is None or self._order is self.rows:
            self._order = np.empty(self.n_rows, np.intp)
        if self.rows is None:  # 0, 1, 2, ... in place
            self._order.fill(1)
            self._order[:1] = 0
            np.add.accumulate(self._order, out=self._order)
        else:
            self._order[...] = self.rows
        generator.shuffle(self._order)

    @property
    def draws(self) -> bool:
        """Whether :meth:`shuffle` draws from its generator."""
        return not self.whole

    @property
    def whole(self) -> bool:
        """Whether one batch holds all the data: then order does not matter, and nothing is copied."""
        return self.n_batches == 1 and self.rows is None

    @property
    def order(self) -> AnyArray | slice:
        """The rows in the order in which the batches take them."""
        return slice(None) if self._order is None else self._order

    def __iter__(self) -> Iterator[Batch]:
        return self.starting_at(0)

    def starting_at(self, first: int) -> Iterator[Batch]:
        """Yield the batches from number `first` on."""
        if self.whole and first == 0:
            yield self._whole_batch()
            return
        for start in range(first * self.batch_size, self.n_rows, self.batch_size):
            yield self._batch(slice(start, min(start + self.batch_size, self.n_rows)))

    def _whole_batch(self) -> Batch:
        place = slice(0, self.n_rows)
        if self._only is None:
            self._only = self._inputs(place, self.n_rows)
            self._only.flags.writeable = False  # every epoch reads them anew
        weights = None if self._weights is None else self._weights(place, self.n_rows)
        return Batch(place, self._only, self._targets(place, self.n_rows), weights)

    def _batch(self, place: slice) -> Batch:
        rows: AnyArray | slice = place if self._order is None else self._order[place]
        n = place.stop - place.start
        weights = None if self._weights is None else self._weights(rows, n)
        return Batch(place, self._inputs(rows, n), self._targets(rows, n), weights)

    def _dense_inputs(self, rows: AnyArray | slice, n: int) -> Array:
        taken = self.data.X[rows]
        dense, shown = self._dense(n)
        taken.toarray(out=dense)  # fills the gaps with zeros
        return shown if self._exact else self._converted(shown)

    def _array_inputs(self, rows: AnyArray | slice, n: int) -> Array:
        if isinstance(rows, slice):
            part = self.data.X[rows]
            part.flags.writeable = False  # the caller's own data
            return part if self._exact and part.flags.c_contiguous else self._converted(part)
        taken = self._rows(rows, n)
        return taken if self._exact else self._converted(taken)

    def _converted(self, taken: AnyArray) -> Array:
        inputs, shown = self._cast(len(taken))
        np.copyto(inputs, taken, casting="unsafe")
        return shown


class _Memory:
    """A reused buffer of n rows and, to be handed on, a read-only view of it.

    Batches that are not copied are the caller's own data and read-only; compiled kernels would be compiled
    anew for those that are.
    """

    def __init__(self, name: str, width: Shape, dtype: np.dtype[Any], buffers: Buffers) -> None:
        self.name, self.width, self.dtype, self.buffers = name, width, dtype, buffers
        self._made: dict[int, tuple[AnyArray, AnyArray]] = {}

    def __call__(self, n: int) -> tuple[AnyArray, AnyArray]:
        if n not in self._made:
            out = self.buffers.get(self.name, (n, *self.width), self.dtype)
            shown = out.view()
            shown.flags.writeable = False
            self._made[n] = out, shown
        return self._made[n]


class _Rows:
    """Copies chosen rows of one array into a reused buffer; a slice of a matrix is not copied."""

    def __init__(self, array: AnyArray, name: str, buffers: Buffers) -> None:
        self.array, self.memory = array, _Memory(name, array.shape[1:], array.dtype, buffers)
        self.contiguous = array.flags.c_contiguous

    def __call__(self, rows: AnyArray | slice, n: int) -> AnyArray:
        if isinstance(rows, slice) and self.memory.width and self.contiguous:
            part = self.array[rows]
            part.flags.writeable = False  # the caller's own data
            return part
        out, shown = self.memory(n)
        if self.contiguous and not isinstance(rows, slice):
            self.array.take(rows, 0, out, "clip")  # "raise" would copy through a buffer
        else:
            np.copyto(out, self.array[rows])  # take would first copy the whole of an array in another order
        return shown
