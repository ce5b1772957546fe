"""What a drawing of a network shows: columns of units, and the weights between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from glassnet._typing import Array
from glassnet.inspection.summary import layer_detail
from glassnet.layers import Activation, Layer, Residual
from glassnet.parameters import ParameterSpec, Scope

if TYPE_CHECKING:
    from glassnet.network import Network

__all__ = ["Column", "Edges", "Layout", "Row", "layer_rows", "layout"]


@dataclass(frozen=True)
class Row:
    """One layer as a table tells it; None is what the input width decides, before the build."""

    name: str
    detail: str
    depth: int
    n_outputs: int | None
    n_parameters: int | None


@dataclass
class Column:
    """The units of one layer, of which some are drawn; `gap` is the place of "...", None without one."""

    name: str
    width: int | None
    shown: tuple[int, ...]
    gap: int | None
    notes: list[str] = field(default_factory=list)

    @property
    def heights(self) -> list[float]:
        """Where the shown units stand: 0 is the middle, 1 the distance of two, the first on top."""
        places = [float(i + (self.gap is not None and i >= self.gap)) for i in range(len(self.shown))]
        middle = (places[0] + places[-1]) / 2
        return [middle - place for place in places]


@dataclass(frozen=True)
class Edges:
    """Weights from the shown units of one column to those of another, as shares of the largest.

    `shares` (shown in start, shown in stop) lie in -1..1; None where the weights are not known or
    are none. A skip passes the columns between.
    """

    start: int
    stop: int
    shares: Array | None
    largest: float
    skip: bool = False


@dataclass(frozen=True)
class Layout:
    """Columns from left to right, and edges; `left_out` columns were dropped before column `gap`."""

    columns: list[Column]
    edges: list[Edges]
    gap: int | None
    left_out: int


def layer_rows(network: Network) -> list[Row] | None:
    """Return the layers, nested ones after their block; None if they say nothing before the build."""
    scopes = _declared(network)
    if scopes is None:
        return None
    return _rows(network.layers, scopes[0].children, scopes[1].children, 0)


def layout(network: Network, *, max_units: int = 8, max_columns: int = 13) -> Layout:
    """Return what to draw of a network, built or not.

    Layers that change each unit by itself (dropout, norms, activations) are notes of the column
    before them. Of a column wider than `max_units`, its first and last units are shown; of more
    than `max_columns` columns, the first and last ones.
    """
    scopes = _declared(network)
    if scopes is None:
        names = [Column(name, None, (0, 1), 1) for name in ("inputs", *network.layer_names)]
        edges = [Edges(i, i + 1, None, 0.0) for i in range(len(names) - 1)]
        return _thinned(names, edges, max_columns)
    maker = _Maker(network, max_units)
    maker.add("inputs", _same(scopes[0].n_inputs, scopes[1].n_inputs))
    maker.walk(network.layers, scopes[0].children, scopes[1].children)
    return _thinned(maker.columns, maker.edges, max_columns)


class _Maker:
    def __init__(self, network: Network, max_units: int) -> None:
        self.network, self.max_units = network, max_units
        self.columns: list[Column] = []
        self.edges: list[Edges] = []

    def add(self, name: str, width: int | None) -> None:
        """Add a column."""
        if width is None:
            self.columns.append(Column(name, None, (0, 1), 1))
        elif width <= self.max_units:
            self.columns.append(Column(name, width, tuple(range(width)), None))
        else:
            # The dots take a place too, so that a column is max_units places high at most.
            last = (self.max_units - 1) // 2
            first = max(self.max_units - 1 - last, 1)
            shown = (*range(first), *range(width - last, width))
            self.columns.append(Column(name, width, shown, first))

    def walk(self, layers: Sequence[Layer], scopes: Sequence[Scope], others: Sequence[Scope]) -> None:
        """Add the columns of a chain of layers."""
        for layer, scope, other in zip(layers, scopes, others, strict=True):
            start = len(self.columns) - 1
            if isinstance(layer, Residual):
                self.walk(layer.layers, scope.children, other.children)
                if len(self.columns) - 1 > start:
                    self.link(start, scope.parameters.get("projection"), skip=True)
                continue
            matrix = next((s for s in scope.parameters.values() if _maps(s, scope)), None)
            short = type(layer).__name__.lower()
            if matrix is None and scope.n_outputs == scope.n_inputs:
                detail = layer_detail(layer)
                note = detail.strip(" ()") if isinstance(layer, Activation) else f"{short}{detail}"
                self.columns[start].notes.append(note)
                continue
            self.add(scope.name, _same(scope.n_outputs, other.n_outputs))
            if detail := layer_detail(layer):
                self.columns[-1].notes.append(detail.strip(" ()"))
            self.link(start, matrix)

    def link(self, start: int, matrix: ParameterSpec | None, *, skip: bool = False) -> None:
        """Add the edges from a column to the last one."""
        stop = len(self.columns) - 1
        if matrix is None or not self.network.built:
            self.edges.append(Edges(start, stop, None, 0.0, skip))
            return
        sizes = np.nan_to_num(self.network.parameters[matrix.name].astype(np.float64), posinf=0, neginf=0)
        largest = float(np.abs(sizes).max())
        part = sizes[np.ix_(self.columns[start].shown, self.columns[stop].shown)]
        self.edges.append(Edges(start, stop, part / (largest or 1.0), largest, skip))


def _declared(network: Network) -> tuple[Scope, Scope] | None:
    """Return the scope twice; before the build for two widths, so that what differs is not known yet."""
    if network.built:
        return network._scope, network._scope
    try:
        return network.declare(2), network.declare(3)
    except Exception:  # a layer of the caller's own may refuse a width in any way
        return None


def _rows(layers: Sequence[Layer], scopes: Sequence[Scope], others: Sequence[Scope], depth: int) -> list[Row]:
    rows = []
    for layer, scope, other in zip(layers, scopes, others, strict=True):
        counts = [sum(spec.size for spec in s.parameters.values()) for s in (scope, other)]
        name = scope.name.rpartition(".")[2]
        outputs = _same(scope.n_outputs, other.n_outputs)
        rows.append(Row(name, layer_detail(layer).strip(" ()"), depth, outputs, _same(*counts)))
        if isinstance(layer, Residual):
            rows += _rows(layer.layers, scope.children, other.children, depth + 1)
    return rows


def _same(one: int, other: int) -> int | None:
    return one if one == other else None


def _maps(spec: ParameterSpec, scope: Scope) -> bool:
    return spec.shape == (scope.n_inputs, scope.n_outputs)


def _thinned(columns: list[Column], edges: list[Edges], most: int) -> Layout:
    if len(columns) <= most:
        return Layout(columns, edges, None, 0)
    last = most // 2
    first = most - last
    dropped = len(columns) - most
    place = {i: i for i in range(first)} | {i: i - dropped for i in range(len(columns) - last, len(columns))}
    kept = [
        Edges(place[e.start], place[e.stop], e.shares, e.largest, e.skip)
        for e in edges
        if e.start in place and e.stop in place and (e.start >= first) == (e.stop >= first)
    ]
    return Layout([*columns[:first], *columns[-last:]], kept, first, dropped)
