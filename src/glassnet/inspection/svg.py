"""Small drawings as SVG text, for notebooks and reports: no script, readable on light and on dark.

Text and frames take the colour of the text around them; the other colours are of a middle
brightness, and differ for colour-blind eyes.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.inspection.layout import Column, Edges, Layout, layout

if TYPE_CHECKING:
    from glassnet.network import Network

__all__ = ["BLUE", "GREEN", "ORANGE", "Line", "compact", "escape", "line_svg", "network_svg", "svg", "ticks"]

BLUE, ORANGE, GREEN = "#2A87C8", "#DE6A10", "#10976F"

_POINTS = 300
"""A curve has at most about so many points."""
_LEVELS = (0.15, 0.4, 0.7, 1.0)
"""Edges are drawn in so many widths."""


def escape(text: object) -> str:
    """Return text as HTML shows it; characters that no page can hold are replaced.

    >>> escape('<script>"a" & b')
    '&lt;script&gt;&quot;a&quot; &amp; b'
    """
    clean = "".join(c if _printable(c) else "\N{REPLACEMENT CHARACTER}" for c in str(text))
    return html.escape(clean)


def _printable(c: str) -> bool:
    code = ord(c)
    return c in "\t\n" or not (code < 32 or 127 <= code < 160 or 0xD800 <= code < 0xE000)


def svg(width: float, height: float, body: str, label: str, *, widest: float | None = None) -> str:
    """Return an SVG element that shrinks with the page; `label` is what a screen reader says."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(label)}" style="display:block;width:100%;max-width:{widest or width:g}px;'
        f'height:auto" font-family="system-ui,sans-serif" font-size="12" fill="currentColor">{body}</svg>'
    )


# -- curves -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One curve over the epochs 1, 2, ...; NaN leaves a gap."""

    name: str
    values: Sequence[float]
    colour: str = BLUE
    dashed: bool = False


def line_svg(lines: Sequence[Line], *, title: str, best: int | None = None, log: bool | None = None) -> str:
    """Draw curves over epochs, 400 wide; `best` marks an epoch, counted from 0, on the last curve.

    The vertical axis is logarithmic if asked for, or with log=None if values above 0 span a factor
    of 50 and more.
    """
    columns = [np.asarray(line.values, np.float64) for line in lines]
    finite = np.concatenate([c[np.isfinite(c)] for c in columns])
    if not len(finite):
        return svg(400, 40, '<text x="8" y="24">no finite values</text>', title)
    low, high = float(finite.min()), float(finite.max())
    if log is None:
        log = low > 0 and high / low >= 50
    log = log and low > 0
    n = max(map(len, columns))
    left, right, top, bottom = 52.0, 392.0, 34.0, 198.0
    across = _scale(1, max(n, 2), left, right) if n > 1 else (lambda _: (left + right) / 2)
    change: Callable[[float], float] = math.log if log else float
    pad = 0.05 * (change(high) - change(low)) or 0.1 * abs(change(high)) or 1.0
    up = _scale(change(low) - pad, change(high) + pad, bottom, top)
    parts = [_title(title + (", logarithmic" if log else ""))]
    for tick in _log_ticks(low, high) if log else ticks(low, high, 4):
        y = up(change(tick))
        parts.append(_rule(left, y, right, y))
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{compact(tick)}</text>')
    for tick in [t for t in ticks(1, max(n, 2), 5) if t >= 1 and t == int(t)] or [1]:
        if tick <= n:
            parts.append(f'<text x="{across(tick):.1f}" y="214" text-anchor="middle">{compact(tick)}</text>')
    parts.append('<text x="222" y="230" text-anchor="middle" opacity="0.75">epoch</text>')
    for line, column in zip(lines, columns, strict=True):
        parts.append(_curve(line, column, across, up, change))
    if best is not None and best < len(columns[-1]) and np.isfinite(columns[-1][best]):
        x, y = across(best + 1), up(change(float(columns[-1][best])))
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{lines[-1].colour}"/>')
    if len(lines) > 1:
        parts.append(_key(lines))
    return svg(400, 236, "".join(parts), title, widest=520)


def _curve(
    line: Line,
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    across: Callable[[float], float],
    up: Callable[[float], float],
    change: Callable[[float], float],
) -> str:
    n = len(values)
    taken = np.unique(np.linspace(0, n - 1, min(n, _POINTS)).round().astype(int))
    path, pen_down = [], False
    for i in taken.tolist():
        ok = math.isfinite(values[i])
        if ok:
            x, y = across(i + 1), up(change(float(values[i])))
            path.append(f"{'L' if pen_down else 'M'}{x:.1f} {y:.1f}")
            alone = not pen_down and (i + 1 >= n or not math.isfinite(values[min(i + 1, n - 1)]))
            if alone:
                path.append("h.01")
        pen_down = ok
    dash = ' stroke-dasharray="6 4"' if line.dashed and n > 1 else ""
    return (
        f'<path d="{"".join(path)}" fill="none" stroke="{line.colour}" stroke-width="{2 if n > 1 else 7}" '
        f'stroke-linecap="round" stroke-linejoin="round"{dash}/>'
    )


def _key(lines: Sequence[Line]) -> str:
    parts, x = [], 392.0
    for line in reversed(lines):
        x -= 7.0 * len(line.name)
        dash = ' stroke-dasharray="6 4"' if line.dashed else ""
        parts.append(f'<text x="{x:.0f}" y="16">{escape(line.name)}</text>')
        parts.append(f'<path d="M{x - 25:.0f} 12h20" stroke="{line.colour}" stroke-width="2"{dash}/>')
        x -= 38
    return "".join(parts)


def _title(text: str) -> str:
    return f'<text x="8" y="16" font-weight="600">{escape(text)}</text>'


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="currentColor" stroke-opacity="0.18"/>'


def _scale(low: float, high: float, start: float, stop: float) -> Callable[[float], float]:
    return lambda value: start + (value - low) / (high - low) * (stop - start)


def ticks(low: float, high: float, n: int) -> list[float]:
    """Return about n round numbers from low to high.

    >>> ticks(0.0, 1.0, 4), ticks(3, 47, 5)
    ([0.0, 0.25, 0.5, 0.75, 1.0], [10.0, 20.0, 30.0, 40.0])
    """
    if not high > low:
        return [low]
    raw = (high - low) / n
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)] or [low]


def _log_ticks(low: float, high: float) -> list[float]:
    powers = list(range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1))
    if len(powers) < 2:
        return ticks(low, high, 4)
    return [10.0**p for p in powers[:: -(-len(powers) // 6)]]


def compact(value: float) -> str:
    """Return a number in a few characters.

    >>> compact(1.0), compact(12000), compact(0.00012), compact(0.25)
    ('1', '12k', '0.00012', '0.25')
    """
    if abs(value) >= 1e4 and abs(value) < 1e6:
        return f"{value / 1e3:g}k"
    return f"{value:.3g}" if abs(value) >= 1e6 else f"{value:.6g}"


# -- the network ------------------------------------------------------------------------------------


def network_svg(network: Network, *, max_units: int = 7, max_columns: int = 9) -> str:
    """Draw a network: units as dots, weights as lines, blue below zero and orange above, wide if large."""
    plan = layout(network, max_units=max_units, max_columns=max_columns)
    step, n = 84.0, len(plan.columns)
    tall = max(column.heights[0] - column.heights[-1] for column in plan.columns)
    rise = 18.0
    skips = any(edges.skip for edges in plan.edges)
    lines = max(len(column.notes) + ("." in column.name) for column in plan.columns)
    above = 14.0 + (24 if skips else 0)
    middle = above + tall * rise / 2
    foot = middle + tall * rise / 2 + 24
    width, height = step * n + (20 if plan.gap is not None else 0), foot + 22 + 13 * min(lines, 3)

    def x(i: int) -> float:
        return step * (i + 0.5) + (20 if plan.gap is not None and i >= plan.gap else 0)

    parts = [_links(plan, edges, x, middle, rise, above) for edges in plan.edges]
    parts += [_units(column, x(i), middle, rise, foot) for i, column in enumerate(plan.columns)]
    if plan.gap is not None:
        at = (x(plan.gap - 1) + x(plan.gap)) / 2
        parts.append(f'<text x="{at:.0f}" y="{middle + 4:.0f}" text-anchor="middle">···</text>')
        parts.append(f'<text x="{at:.0f}" y="{middle + 20:.0f}" text-anchor="middle">{plan.left_out}</text>')
    label = " to ".join(f"{c.name} {'?' if c.width is None else c.width}" for c in plan.columns)
    return svg(width, height, "".join(parts), f"Network: {label}", widest=min(1.3 * width, 760))


def _links(
    plan: Layout, edges: Edges, x: Callable[[int], float], middle: float, rise: float, above: float
) -> str:
    start, stop = plan.columns[edges.start], plan.columns[edges.stop]
    x1, x2 = x(edges.start), x(edges.stop)
    if edges.skip:
        top1, top2 = middle - start.heights[0] * rise - 8, middle - stop.heights[0] * rise - 8
        return (
            f'<path d="M{x1:.0f} {top1:.0f}C{x1:.0f} {above - 34:.0f} {x2:.0f} {above - 34:.0f} '
            f'{x2:.0f} {top2:.0f}" fill="none" stroke="currentColor" stroke-opacity="0.6" '
            'stroke-dasharray="4 3"><title>skip connection</title></path>'
        )
    paths: dict[tuple[bool, int], list[str]] = {}
    for i, a in enumerate(start.heights):
        for j, b in enumerate(stop.heights):
            share = 0.5 if edges.shares is None else float(edges.shares[i, j])
            level = next(k for k, end in enumerate(_LEVELS) if abs(share) <= end + 1e-9)
            line = f"M{x1:.0f} {middle - a * rise:.1f}L{x2:.0f} {middle - b * rise:.1f}"
            paths.setdefault((share >= 0, level), []).append(line)
    drawn = []
    for (positive, level), path in sorted(paths.items(), key=lambda item: item[0][1]):
        colour = "currentColor" if edges.shares is None else ORANGE if positive else BLUE
        wide, opaque = (1.0, 0.25) if edges.shares is None else ((0.5, 1, 1.7, 2.6)[level], 0.3 + 0.2 * level)
        drawn.append(
            f'<path d="{"".join(path)}" stroke="{colour}" stroke-width="{wide}" '
            f'stroke-opacity="{opaque:.1f}"/>'
        )
    return "".join(drawn)


def _units(column: Column, x: float, middle: float, rise: float, foot: float) -> str:
    size = "?" if column.width is None else f"{column.width:,}"
    parts = [
        f'<circle cx="{x:.0f}" cy="{middle - h * rise:.1f}" r="6" fill="#8C98A4" stroke="currentColor" '
        'stroke-width="1"/>'
        for h in column.heights
    ]
    if column.gap is not None:
        last = column.heights[column.gap - 1] - 1
        at = middle - last * rise
        dots = "".join(f"M{x:.0f} {at + dy:.1f}h.01" for dy in (-5, 0, 5))
        parts.append(f'<path d="{dots}" stroke="currentColor" stroke-width="2.5" stroke-linecap="round"/>')
    block, _, name = column.name.rpartition(".")
    notes = [*([f"in {block}"] if block else []), *column.notes]
    if len(notes) > 3:
        notes = [*notes[:2], f"+{len(notes) - 2} more"]
    text = [
        f'<text x="{x:.0f}" y="{foot:.0f}" text-anchor="middle">{escape(_short(name))}</text>',
        f'<text x="{x:.0f}" y="{foot + 14:.0f}" text-anchor="middle">{size}</text>',
        *(
            f'<text x="{x:.0f}" y="{foot + 28 + 13 * i:.0f}" text-anchor="middle" font-size="10" '
            f'opacity="0.75">{escape(_short(note))}</text>'
            for i, note in enumerate(notes)
        ),
    ]
    return "".join(parts + text)


def _short(name: str, most: int = 13) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
