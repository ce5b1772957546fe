"""Rows through a fitted network: blocks of sparse data, hidden activations, tables."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np

from glassnet._typing import AnyArray, Array
from glassnet.buffers import Buffers
from glassnet.layers import Dense
from glassnet.layers.base import chain_forward
from glassnet.network import Network

__all__ = ["hidden_activations", "hidden_layer_number", "is_table", "outputs_of", "rows_at_once"]

_BLOCK = 1024
_BLOCK_BYTES = 2**24


def rows_at_once(X: Any) -> int:
    """Return how many rows of sparse X are made dense at once: about 16 MB of them."""
    row_bytes = max(1, int(X.shape[1]) * int(X.dtype.itemsize))
    return max(1, min(_BLOCK, _BLOCK_BYTES // row_bytes))


def is_table(X: Any) -> bool:
    """Return whether X has named columns, as a DataFrame or an Arrow table has."""
    return hasattr(X, "shape") and (hasattr(X, "columns") or hasattr(X, "column_names"))


def blocks(X: Any) -> Iterator[tuple[slice, AnyArray]]:
    """Yield X in blocks of rows; those of sparse X are made dense one at a time, in one buffer."""
    sparse = hasattr(X, "toarray")
    rows = X.tocsr() if sparse else X
    buffers = Buffers(np.dtype(np.float64))
    size = rows_at_once(X) if sparse else _BLOCK
    for start in range(0, X.shape[0], size):
        place = slice(start, min(start + size, X.shape[0]))
        block = rows[place]
        if sparse:
            dense = buffers.get("rows", block.shape, block.dtype)
            block.toarray(out=dense)
            block = dense
        yield place, block


def outputs_of(network: Network, X: Any) -> Array:
    """Return the network's outputs for dense or sparse rows (n_samples, n_outputs)."""
    if not hasattr(X, "toarray"):
        return network.predict(X)
    outputs = np.empty((X.shape[0], network.n_outputs or 0), network.dtype)
    for place, block in blocks(X):
        outputs[place] = network.predict(block)
    return outputs


def hidden_layer_number(layer: Any, n_hidden: int) -> int:
    """Return `layer` counted from 0; raises ValueError where there is no such hidden layer."""
    if not isinstance(layer, Integral) or not -n_hidden <= int(layer) < n_hidden:
        raise ValueError(f"layer must be one of the {n_hidden} hidden layers, counted from 0, got {layer!r}.")
    return range(n_hidden)[int(layer)]


def hidden_activations(network: Network, X: Any, layer: int) -> Array:
    """Return what hidden layer number `layer` gives for each row: activated, and nothing dropped.

    Raises:
        ValueError: there is no such hidden layer.
    """
    starts = [i for i, one in enumerate(network.layers) if isinstance(one, Dense)]
    n_hidden = len(starts) - 1
    end = starts[hidden_layer_number(layer, n_hidden) + 1]
    memory = network.new_pass()
    width = memory.contexts[end - 1].scope.n_outputs
    outputs = np.empty((X.shape[0], width), network.dtype)
    for context in memory.contexts:
        context.begin(False, None)
    for place, block in blocks(X):
        inputs = np.ascontiguousarray(block, network.dtype)
        outputs[place] = chain_forward(memory.layers[:end], memory.contexts[:end], inputs)
    return outputs
