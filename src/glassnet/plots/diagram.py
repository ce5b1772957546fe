"""The network as a drawing: units, and the weights between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import DataError
from glassnet.hyperparameters import Interval, Rule
from glassnet.inspection.layout import Column, Edges, Layout, layout
from glassnet.plots.style import COLOURS, axes_for, ink, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from glassnet.network import Network

__all__ = ["network_diagram"]

_UNITS = Rule(Interval(2, 200, integer=True))
_COLUMNS = Rule(Interval(2, 200, integer=True))


def network_diagram(
    network: Network,
    *,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[object] | None = None,
    max_units: int = 12,
    max_columns: int = 14,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the units of each layer as dots and the weights between them as lines.

    A line is orange for a weight above zero and blue for one below; the larger its size is beside the
    largest of its layer, the wider and stronger. Dropout, norms and activations stand below the units
    that they act on; a dashed arc is a skip connection. A network that is not built has grey lines.

    Args:
        network: built or not.
        feature_names: written beside the inputs; as many as there are.
        class_names: written beside the outputs; as many as there are.
        max_units: a wider layer shows its first and last units, in [2, 200]. Default 12.
        max_columns: a deeper network shows its first and last layers, in [2, 200]. Default 14.
        title: text above the drawing; default counts layers and parameters.
        ax: where to draw; None makes a new figure.

    Raises:
        DataError: names that are not as many as the units.
        HyperparameterError: a value out of range.
        MissingDependencyError: matplotlib is missing.

    >>> import glassnet as gn
    >>> net = gn.Network([gn.Dense(3, activation="relu"), gn.Dense(2)], seed=0).build(4)
    >>> ax = network_diagram(net)
    >>> ax.get_title(), [text.get_text() for text in ax.texts]
    ('2 layers, 23 parameters', ['inputs\\n4', 'dense1\\n3\\nrelu', 'dense2\\n2'])
    """
    units = int(_UNITS.check("network_diagram", "max_units", max_units))
    plan = layout(
        network,
        max_units=units,
        max_columns=int(_COLUMNS.check("network_diagram", "max_columns", max_columns)),
    )
    _check_names("feature_names", feature_names, plan.columns[0])
    _check_names("class_names", class_names, plan.columns[-1])
    rise = max(column.heights[0] - column.heights[-1] for column in plan.columns)
    size = (
        float(np.clip(1.1 * len(plan.columns) + 1, 4.0, 16.0)),
        float(np.clip(0.34 * rise + 1.7, 2.6, 9.0)),
    )
    axes = axes_for(ax, size)
    axes.set_axis_off()
    places = [i + (plan.gap is not None and i >= plan.gap) * 0.6 for i in range(len(plan.columns))]
    for edges in plan.edges:
        _draw_edges(axes, plan, edges, places)
    foot = -rise / 2 - 0.8
    dot = float(np.clip(3600 / (rise + 2) ** 2, 14, 110))
    many = len(plan.columns) > 8
    for column, x in zip(plan.columns, places, strict=True):
        _draw_column(axes, column, x, foot, dot, 7 if many else 9)
    _name_units(axes, feature_names, plan.columns[0], places[0] - 0.14, "right")
    _name_units(axes, class_names, plan.columns[-1], places[-1] + 0.14, "left")
    if plan.gap is not None:
        middle = (places[plan.gap - 1] + places[plan.gap]) / 2
        axes.text(middle, 0, f"···\n{plan.left_out} more", ha="center", va="center", fontsize=8)
    arc = any(edges.skip for edges in plan.edges)
    notes = max(len(column.notes) for column in plan.columns)
    axes.set_xlim(-0.6, places[-1] + 0.6)
    axes.set_ylim(foot - (0.055 * (2 + notes)) * (rise + 3) - 0.5, rise / 2 + (1.9 if arc else 0.6))
    if any(edges.shares is not None for edges in plan.edges):
        _add_key(axes)
    axes.set_title(_title(network) if title is None else title, fontsize=11)
    return axes


def _title(network: Network) -> str:
    n = len(network.layers)
    size = f"{network.parameters.values.size:,} parameters" if network.built else "not built"
    return f"{n} layer{'' if n == 1 else 's'}, {size}"


def _check_names(what: str, names: Sequence[object] | None, column: Column) -> None:
    if names is not None and len(names) != column.width:
        raise DataError(f"network_diagram {what} holds {len(names)} names for {column.width} units.")


def _draw_edges(ax: Axes, plan: Layout, edges: Edges, places: list[float]) -> None:
    from matplotlib.collections import LineCollection
    from matplotlib.colors import to_rgba
    from matplotlib.patches import FancyArrowPatch

    start, stop = plan.columns[edges.start], plan.columns[edges.stop]
    x1, x2 = places[edges.start], places[edges.stop]
    if edges.skip:
        ends: Any = (x1, start.heights[0] + 0.3), (x2, stop.heights[0] + 0.3)
        arc = FancyArrowPatch(
            *ends, connectionstyle="arc3,rad=-0.25", arrowstyle="-", linestyle="--", color=ink(ax).quiet
        )
        ax.add_patch(arc)
        return
    lines = [[(x1, a), (x2, b)] for a in start.heights for b in stop.heights]
    if edges.shares is None:
        ax.add_collection(LineCollection(lines, colors=ink(ax).quiet, linewidths=0.5, alpha=0.5, zorder=1))
        return
    shares = edges.shares.ravel()
    strength = np.abs(shares)
    order = np.argsort(strength)  # the strongest on top
    # Of many lines the weak ones step back, or nothing would be seen.
    crowd = min(1.0, 40 / len(lines))
    colours = [
        to_rgba(
            COLOURS[1] if shares[i] > 0 else COLOURS[0], 0.15 + 0.8 * strength[i] ** (1 / max(crowd, 0.5))
        )
        for i in order
    ]
    widths = 0.3 + (1.2 + 1.8 * crowd) * strength[order]
    ax.add_collection(LineCollection([lines[i] for i in order], colors=colours, linewidths=widths, zorder=1))


def _draw_column(ax: Axes, column: Column, x: float, foot: float, dot: float, font: int) -> None:
    heights = column.heights
    shade = ink(ax)
    ax.scatter(
        [x] * len(heights), heights, s=dot, color=shade.paper, edgecolors=shade.text, linewidths=1, zorder=3
    )
    if column.gap is not None:
        middle = heights[column.gap - 1] - 1
        dots = [middle + 0.25, middle, middle - 0.25]
        ax.scatter([x] * 3, dots, s=dot / 25 + 1.5, color=shade.text, linewidths=0, zorder=3)
    width = "?" if column.width is None else f"{column.width:,}"
    text = "\n".join([column.name.replace(".", ".\n"), width, *column.notes])
    ax.text(x, foot, plain(text), ha="center", va="top", fontsize=font)


def _name_units(ax: Axes, names: Sequence[object] | None, column: Column, x: float, side: str) -> None:
    for unit, height in zip(column.shown, column.heights, strict=True):
        if names is not None:
            name = str(names[unit])
            short = name if len(name) <= 20 else name[:19] + "…"
            ax.text(x, height, plain(short), ha=side, va="center", fontsize=8)


def _add_key(ax: Axes) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=COLOURS[k], linewidth=2) for k in (1, 0)]
    ax.legend(
        handles,
        ["above 0", "below 0"],
        title="weight",
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        fontsize=8,
        title_fontsize=8,
        frameon=False,
    )
