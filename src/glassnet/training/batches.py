"""Batches: rows gathered into reused buffers, so that the data is never copied whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from glassnet._typing import AnyArray, Array
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
        self._only: Batch | None = None

    def shuffle(self, generator: np.random.Generator) -> None:
        """Draw a new order; it depends on the generator alone, not on earlier orders."""
        if self.whole:
            return
        if self._order is None or self._order is self.rows:
            self._order = np.empty(self.n_rows, np.intp)
        self._order[...] = np.arange(self.n_rows) if self.rows is None else self.rows
        generator.shuffle(self._order)

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
            if self._only is None:
                self._only = self._batch(slice(0, self.n_rows))
                self._only.inputs.flags.writeable = False  # every epoch reads them anew
            yield self._only
            return
        for start in range(first * self.batch_size, self.n_rows, self.batch_size):
            yield self._batch(slice(start, min(start + self.batch_size, self.n_rows)))

    def _batch(self, place: slice) -> Batch:
        rows: AnyArray | slice = place if self._order is None else self._order[place]
        weights = self.data.loss_weights
        if weights is not None:
            weights = self._take("weights", weights, rows)
        return Batch(place, self._inputs(rows), self._take("targets", self.data.targets, rows), weights)

    def _inputs(self, rows: AnyArray | slice) -> Array:
        if hasattr(self.data.X, "toarray"):  # sparse
            taken = self._dense(self.data.X[rows])
        elif isinstance(rows, slice):
            taken = self.data.X[rows]
            taken.flags.writeable = False  # the caller's own data
        else:
            taken = self._take("X", self.data.X, rows)
        if taken.dtype == self._buffers.dtype and taken.flags.c_contiguous:
            return taken
        inputs = self._buffers.get("inputs", taken.shape)
        np.copyto(inputs, taken, casting="unsafe")
        return inputs

    def _dense(self, rows: Any) -> AnyArray:
        dense = self._buffers.get("X", rows.shape, rows.dtype)
        rows.toarray(out=dense)  # fills the gaps with zeros
        return dense

    def _take(self, name: str, array: AnyArray, rows: AnyArray | slice) -> AnyArray:
        n = rows.stop - rows.start if isinstance(rows, slice) else len(rows)
        out = self._buffers.get(name, (n, *array.shape[1:]), array.dtype)
        if isinstance(rows, slice) or not array.flags.c_contiguous:  # np.take would first copy the whole
            np.copyto(out, array[rows])
            return out
        return array.take(rows, axis=0, out=out, mode="clip")  # "raise" would copy through a buffer
