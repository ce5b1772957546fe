"""How a network and a history show themselves in a notebook: HTML that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from glassnet.errors import HyperparameterError
from glassnet.inspection.layout import layer_rows
from glassnet.inspection.svg import BLUE, ORANGE, Line, escape, line_svg, network_svg
from glassnet.metrics import higher_is_better

if TYPE_CHECKING:
    from glassnet.network import Network
    from glassnet.training import History

__all__ = ["best_epoch", "history_html", "layer_cells", "loss_svg", "network_html", "table_html"]

_CELL = "padding:2px 10px;text-align:"
_NO_BEST = ("learning_rate", "seconds", "samples_per_second")


def network_html(network: Network) -> str:
    """Return a network as HTML: a drawing, and a table of layers, output widths and parameters."""
    rows = layer_cells(network)
    state = "" if network.built else ", not built: its input width is not known yet"
    count = len(network.layers)
    if network.built:
        size = network.parameters.values.size
        state = f", {network.n_features:,} inputs, {size:,} parameters"
    head = f"Network of {count} layer{'' if count == 1 else 's'}{state}, {network.dtype.name}"
    header = ("layer", "", "outputs", "parameters")
    table = table_html(header, rows, text=(0, 1)) if rows else escape(", ".join(network.layer_names))
    return _frame(head, network_svg(network), table)


def layer_cells(network: Network) -> list[tuple[str, str, str, str]]:
    """Return name, detail, outputs and parameters of every layer, as a table shows them."""
    return [
        (
            "\N{NO-BREAK SPACE}" * 4 * row.depth + row.name,
            row.detail,
            "?" if row.n_outputs is None else f"{row.n_outputs:,}",
            "?" if row.n_parameters is None else f"{row.n_parameters:,}",
        )
        for row in layer_rows(network) or []
    ]


def history_html(history: History) -> str:
    """Return a history as HTML: the loss as a curve, and the last and best value of every column."""
    n = history.n_epochs
    head = f"History of {n} epoch{'' if n == 1 else 's'}"
    if history.stop_reason:
        head += f"; {history.stop_reason}"
    if not n:
        return _frame(head)
    rows = []
    for name in history:
        column = history[name]
        best = None if name in _NO_BEST else best_epoch(name, column)
        told = ("", "") if best is None else (_number(column[best]), str(best + 1))
        rows.append((name, _number(column[-1]), *told))
    table = table_html(("", "last", "best", "in epoch"), rows, text=(0,))
    return _frame(head, loss_svg(history), table)


def loss_svg(history: History, name: str = "loss") -> str:
    """Draw one column of a history, with the validation part's, its best epoch marked."""
    if name not in history:
        return ""
    lines = [Line("training", history[name], BLUE)]
    if f"val_{name}" in history:
        lines.append(Line("validation", history[f"val_{name}"], ORANGE, dashed=True))
    shown = lines[-1].values
    return line_svg(lines, title=name, best=best_epoch(name, shown), log=None if name == "loss" else False)


def best_epoch(name: str, values: Sequence[float]) -> int | None:
    """Return the place of the best value, the first of equals; None if there is no better and worse."""
    try:
        higher = higher_is_better(name)
    except HyperparameterError:  # a column that a callback added
        return None
    known = [(value if higher else -value, -i) for i, value in enumerate(values) if not math.isnan(value)]
    return None if higher is None or not known else -max(known)[1]


def table_html(header: Sequence[str], rows: Sequence[Sequence[object]], *, text: Sequence[int] = (0,)) -> str:
    """Return a table with everything in it escaped; columns in `text` are text, the others numbers."""
    sides = ["left" if i in text else "right" for i in range(len(header))]
    line = "border-bottom:1px solid rgba(128,128,128,.6)"
    head = "".join(
        f'<th scope="col" style="{_CELL}{side};{line}">{escape(name)}</th>'
        for name, side in zip(header, sides, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{_CELL}{side}">{escape(cell)}</td>' for cell, side in zip(row, sides, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        '<table style="border-collapse:collapse;font-variant-numeric:tabular-nums">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _frame(head: str, *parts: str) -> str:
    inner = "".join(f'<div style="margin-top:8px;overflow-x:auto">{part}</div>' for part in parts if part)
    return f'<div style="max-width:780px"><div style="font-weight:600">{escape(head)}</div>{inner}</div>'


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4g}"
