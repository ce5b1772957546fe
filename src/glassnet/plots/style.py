"""What all plots share: Axes, colours, dress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glassnet.errors import HyperparameterError, MissingDependencyError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "COLOURS",
    "MARKERS",
    "Ink",
    "axes_for",
    "colours",
    "dress",
    "ink",
    "legend",
    "plain",
    "require_matplotlib",
]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#000000", "#F0E442")
"""Okabe & Ito, "Color universal design" (2008), the strongest on white first."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")


@dataclass(frozen=True)
class Ink:
    """Colours that suit the ground of an Axes: paper, text, frames, the grid, and warnings."""

    paper: str
    text: str
    frame: str
    quiet: str
    grid: str
    warning: str


_ON_LIGHT = Ink("#FFFFFF", "#000000", "#555555", "#999999", "#DDDDDD", "#A84600")
_ON_DARK = Ink("#000000", "#FFFFFF", "#AAAAAA", "#777777", "#3A3A3A", "#FF9A4D")


def require_matplotlib() -> None:
    """Raise MissingDependencyError, which says how to install it, unless matplotlib is there."""
    try:
        import matplotlib  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise MissingDependencyError('Plots need matplotlib: pip install "glassnet[plot]".') from error


def axes_for(ax: Any, size: tuple[float, float] = (6.4, 4.2)) -> Axes:
    """Return `ax`, or the Axes of a new figure of `size` inches if it is None."""
    require_matplotlib()
    if ax is None:
        from matplotlib import pyplot as plt

        new: Axes = plt.subplots(figsize=size, layout="constrained")[1]
        return new
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise HyperparameterError(f"ax must be one matplotlib Axes or None, got {type(ax).__name__}.")
    given: Axes = ax
    return given


def ink(ax: Axes) -> Ink:
    """Return the colours for the Axes' ground: matplotlib's dark styles are respected."""
    from matplotlib.colors import to_rgba

    red, green, blue, solid = to_rgba(ax.get_facecolor())
    if not solid:
        red, green, blue, solid = to_rgba(ax.figure.get_facecolor())
    dark = solid and 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
    return _ON_DARK if dark else _ON_LIGHT


def colours(n: int) -> list[str]:
    """Return n colours that differ: the palette, then it darker, then lighter, then a rainbow's.

    >>> colours(3)
    ['#0072B2', '#D55E00', '#009E73']
    >>> len(set(colours(200)))
    200
    """
    if n <= len(COLOURS):
        return list(COLOURS[:n])
    base = [c for c in COLOURS if c != "#000000"]
    many = [
        mixed(c, to, share)
        for to, share in (("#000000", 0), ("#000000", 0.45), ("#FFFFFF", 0.5))
        for c in base
    ]
    if n <= len(many):
        return many[:n]
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["turbo"](i / (n - 1))) for i in range(n)]


def mixed(colour: str, other: str, share: float) -> str:
    """Return a colour with a share of another mixed in; all are "#RRGGBB".

    >>> mixed("#000000", "#FFFFFF", 0.5)
    '#808080'
    """
    pairs = [(int(colour[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


def dress(ax: Axes, *, title: str = "", x: str = "", y: str = "", grid: bool = True) -> None:
    """Give the Axes its title, labels and a quiet frame."""
    if title:
        ax.set_title(title, fontsize=11)
    if x:
        ax.set_xlabel(x)
    if y:
        ax.set_ylabel(y)
    ax.spines[["top", "right"]].set_visible(False)
    shade = ink(ax)
    ax.spines[["left", "bottom"]].set_color(shade.frame)
    ax.tick_params(color=shade.frame)
    if grid:
        ax.grid(True, color=shade.grid, linewidth=0.7)
        ax.set_axisbelow(True)


def legend(ax: Axes, handles: Sequence[Any], names: Sequence[str], *, outside_from: int = 7) -> None:
    """Add a legend: inside where there is room, right of the Axes for many entries."""
    many = len(names) >= outside_from
    place = (
        {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "borderaxespad": 0.0}
        if many
        else {"loc": "best"}
    )
    ax.legend(
        list(handles),
        [plain(name) for name in names],
        frameon=not many,
        framealpha=0.9,
        fontsize=9 if len(names) <= 16 else 7,
        ncols=1 if len(names) <= 24 else 2,
        **place,
    )


def plain(text: object) -> str:
    """Return text that matplotlib draws as it is: no formulas between dollar signs, nothing hidden.

    Control characters, which no font has, are replaced.

    >>> plain("$5 to $9"), plain("_hidden")
    ('\\\\$5 to \\\\$9', ' _hidden')
    """
    drawable = "".join("\N{REPLACEMENT CHARACTER}" if _is_control(c) else c for c in str(text))
    escaped = drawable.replace("$", r"\$")
    return f" {escaped}" if escaped.startswith("_") else escaped


def _is_control(c: str) -> bool:
    return c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000)
