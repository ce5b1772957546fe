"""Saving a figure, with or without a screen."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassnet.checks import as_path
from glassnet.errors import HyperparameterError
from glassnet.files.atomic import write_atomically
from glassnet.hyperparameters import Interval, Rule
from glassnet.plots.style import require_matplotlib

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["save"]

_FORMATS = (".png", ".svg", ".pdf")
_DPI = Rule(Interval(10, 2400))


def save(figure_or_ax: Figure | Axes, path: str | PathLike[str], *, dpi: float = 150) -> None:
    """Write a figure to a file, whole or not at all. Needs no screen, and leaves pyplot as it is.

    Args:
        figure_or_ax: a matplotlib Figure, or an Axes, whose whole figure is written.
        path: ends in .png, .svg or .pdf, which decides the format.
        dpi: dots per inch of a PNG, in [10, 2400]. Default 150.

    Raises:
        HyperparameterError: something else to save, another ending, or a dpi out of range.
        OSError: the folder is missing, read-only or full.

    >>> import tempfile, glassnet as gn
    >>> ax = gn.plots.predicted_vs_true([1.0, 2.0, 3.0], [1.1, 1.9, 3.2])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     gn.plots.save(ax, f"{folder}/fit.png")
    """
    require_matplotlib()
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    if not isinstance(figure_or_ax, (Axes, FigureBase)):
        raise HyperparameterError(f"save needs a matplotlib Figure or Axes, got {figure_or_ax!r}.")
    target = as_path("save path", path)
    if target.suffix.lower() not in _FORMATS:
        raise HyperparameterError(f"save path must end in {', '.join(_FORMATS)}; got {str(target)!r}.")
    dots = _DPI.check("save", "dpi", dpi)
    figure: Any = figure_or_ax.figure.canvas.figure  # the outermost, also of a subfigure

    def write(place: Path) -> None:
        # For these formats savefig takes a canvas without a screen, and puts the figure's own back.
        figure.savefig(place, format=target.suffix[1:].lower(), dpi=dots, bbox_inches="tight")

    write_atomically(target, write)
