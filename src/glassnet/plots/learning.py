"""How training went: learning curves, and optimisers side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import DataError, HyperparameterError, unknown_name
from glassnet.hyperparameters import Rule
from glassnet.metrics import higher_is_better
from glassnet.plots.style import COLOURS, axes_for, dress, ink, legend, require_matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["learning_curve", "optimizer_comparison"]

_STYLES = ("-", "--", "-.", ":")
_AGAINST = Rule(choices=("epochs", "seconds"))


def learning_curve(
    history: Mapping[str, Sequence[float]],
    metrics: str | Sequence[str] = (),
    *,
    learning_rate: bool = False,
    log_scale: bool = False,
    title: str = "Learning curve",
    ax: Axes | None = None,
) -> Axes:
    """Draw the loss per epoch, training and validation; a dot marks the best epoch.

    The dot lies on the validation curve, or on the training curve where there is no other.

    Args:
        history: what fit returned, or any mapping from names to equally long columns.
        metrics: columns without their "val_", each drawn in a panel of its own below the loss.
        learning_rate: whether to add a panel with the learning rate, on a logarithmic axis.
        log_scale: whether the loss has a logarithmic axis, if anything is above 0.
        title: text above the figure.
        ax: where to draw; it is divided if there are several panels. None makes a new figure.

    Returns:
        The Axes of the loss.

    Raises:
        HyperparameterError: a column that is not in the history; lists those that are.
        DataError: no epochs.
        MissingDependencyError: matplotlib is missing.

    >>> ax = learning_curve({"loss": [0.9, 0.5, 0.4], "val_loss": [0.8, 0.6, 0.7]})
    >>> [line.get_label() for line in ax.get_lines()][:2]
    ['training', 'validation']
    """
    require_matplotlib()
    names = ["loss", *([metrics] if isinstance(metrics, str) else metrics)]
    for name in [*names, *(["learning_rate"] if learning_rate else [])]:
        if name not in history:
            raise unknown_name("column of the history", name, history)
    n_epochs = len(history["loss"])
    if n_epochs == 0:
        raise DataError("The history has no epochs: there is nothing to draw.")
    n_panels = len(names) + learning_rate
    top = axes_for(ax, (6.4, 2.6 + 1.6 * n_panels))
    panels = _divide(top, n_panels)
    epochs = np.arange(1, n_epochs + 1)
    for panel, name in zip(panels, names, strict=False):
        _draw_column(panel, epochs, history, name)
        dress(panel, y=name)
    if log_scale:
        _make_logarithmic(top)
    if learning_rate:
        panels[-1].plot(epochs, history["learning_rate"], color=COLOURS[2], **_marked(n_epochs))
        _make_logarithmic(panels[-1])
        dress(panels[-1], y="learning rate")
    _finish_epochs(panels[-1])
    top.set_title(title, fontsize=11)
    return top


def optimizer_comparison(
    histories: Mapping[str, Mapping[str, Sequence[float]]],
    column: str = "loss",
    *,
    against: str = "epochs",
    log_scale: bool = False,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw one column of several histories in one plot; the legend tells each one's last value.

    Args:
        histories: by the name to show, such as {"adam": net.fit(...), "sgd": other.fit(...)}.
        column: which figure to compare, such as "val_loss". Default "loss".
        against: "epochs" (default), or "seconds": the sum of the epochs' seconds.
        log_scale: whether the vertical axis is logarithmic.
        title: text above the plot; default names the column.
        ax: where to draw; None makes a new figure.

    Raises:
        HyperparameterError: no histories, a column that one of them lacks, or another `against`.
        MissingDependencyError: matplotlib is missing.

    >>> ax = optimizer_comparison({"sgd": {"loss": [1.0, 0.8]}, "adam": {"loss": [1.0, 0.3]}})
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['sgd (0.8)', 'adam (0.3)']
    """
    _AGAINST.check("optimizer_comparison", "against", against)
    if not isinstance(histories, Mapping) or not histories:
        raise HyperparameterError(
            "optimizer_comparison needs a dict of histories by name, with at least one."
        )
    for name, history in histories.items():
        for needed in (column, "seconds") if against == "seconds" else (column,):
            if needed not in history:
                raise unknown_name(f"column of the history {name!r}", needed, history)
    axes = axes_for(ax, (7.2, 4.4))
    lines, labels = [], []
    for i, (name, history) in enumerate(histories.items()):
        values = np.asarray(history[column], float)
        x = np.arange(1, len(values) + 1)
        where = np.cumsum(np.asarray(history["seconds"], float)) if against == "seconds" else x
        colour, style = COLOURS[i % 7], _STYLES[i // 7 % len(_STYLES)]  # without yellow: too pale for a line
        colour = ink(axes).text if colour == "#000000" else colour
        lines += axes.plot(where, values, style, color=colour, linewidth=1.6, **_marked(len(values)))
        labels.append(f"{name} ({values[-1]:.4g})" if len(values) else str(name))
    dress(axes, title=title or f"{column} by optimiser", y=column, x="seconds")
    if against == "epochs":
        _finish_epochs(axes)
    if log_scale:
        _make_logarithmic(axes)
    legend(axes, lines, labels)
    return axes


def _draw_column(ax: Axes, epochs: Any, history: Mapping[str, Sequence[float]], name: str) -> None:
    marked = _marked(len(epochs))
    drawn = [(name, "training", COLOURS[0])]
    if f"val_{name}" in history:
        drawn.append((f"val_{name}", "validation", COLOURS[1]))
    handles, labels = [], []
    for column, label, colour in drawn:
        handles += ax.plot(epochs, history[column], color=colour, linewidth=1.6, label=label, **marked)
        labels.append(label)
    column, _, colour = drawn[-1]
    best = _best(np.asarray(history[column], float), name)
    if best is not None:
        value = history[column][best]
        handles += ax.plot(epochs[best], value, "o", color=colour, markersize=7, markeredgecolor="white")
        labels.append(f"best: {value:.4g} in epoch {epochs[best]}")
    legend(ax, handles, labels)


def _best(values: Any, name: str) -> int | None:
    """Return the position of the best value, or None if there is none or the direction is unknown."""
    try:
        higher = higher_is_better(name)
    except HyperparameterError:  # a column that a callback added
        return None
    if higher is None or np.isnan(values).all():
        return None
    return int(np.nanargmax(values) if higher else np.nanargmin(values))


def _divide(ax: Axes, n_panels: int) -> list[Any]:
    """Return `ax`, made smaller, and panels below it that share its horizontal axis."""
    if n_panels == 1:
        return [ax]
    place = ax.get_subplotspec()
    if place is None:
        raise HyperparameterError(
            "learning_curve divides ax into panels, so ax must come from plt.subplots or figure.subplots; "
            "or draw one panel only."
        )
    grid = place.subgridspec(n_panels, 1, height_ratios=[1.0] + [0.75] * (n_panels - 1))
    ax.set_subplotspec(grid[0])
    panels = [ax, *(ax.figure.add_subplot(grid[i], sharex=ax) for i in range(1, n_panels))]
    for panel in panels[:-1]:
        panel.tick_params(labelbottom=False)
    return panels


def _finish_epochs(ax: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


def _make_logarithmic(ax: Axes) -> None:
    if not any((np.asarray(line.get_ydata()) > 0).any() for line in ax.get_lines()):
        return  # nothing on it is positive
    from matplotlib.ticker import FuncFormatter

    def between_powers(value: float, _: object) -> str:
        low, high = ax.get_ylim()
        digit = f"{value:e}"[0]
        shown = "23456789" if high < 5 * low else "235" if high < 30 * low else ""
        return f"{value:g}" if digit in shown else ""

    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(FuncFormatter(between_powers))


def _marked(n: int) -> dict[str, Any]:
    return {"marker": "o", "markersize": 4} if n <= 2 else {}
