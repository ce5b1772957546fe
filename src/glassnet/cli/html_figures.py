"""The report's drawings of predictions: a confusion matrix, and predicted against true values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet._typing import AnyArray
from glassnet.inspection.svg import BLUE, ORANGE, compact, escape, svg, ticks

__all__ = ["confusion_svg", "scatter_svg"]

_WITH_NUMBERS = 12
_NAMED = 26
_SHADES = 8
_POINTS = 1500
_CELLS = 48


def confusion_svg(counts: AnyArray, names: Sequence[str]) -> str:
    """Draw how often each true class (row) was predicted as each class (column), 400 wide.

    The shade is the share of the row.
    """
    n = len(counts)
    named = n <= _NAMED
    room = min(7.0 * max(min(len(name), 12) for name in names) + 8, 100.0) if named else 20.0
    left, top = room + 18, 26.0
    cell = min((392 - left) / n, 64.0)
    side = cell * n
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    level = np.ceil(share * _SHADES - 1e-9).astype(int)
    parts = [
        f'<rect x="{left:.1f}" y="{top}" width="{side:.1f}" height="{side:.1f}" fill="none" '
        'stroke="currentColor" stroke-opacity="0.4"/>'
    ]
    for k in range(1, _SHADES + 1):
        cells = "".join(
            f"M{left + j * cell:.2f} {top + i * cell:.2f}h{cell:.2f}v{cell:.2f}h-{cell:.2f}z"
            for i, j in np.argwhere(level == k).tolist()
        )
        if cells:
            parts.append(f'<path d="{cells}" fill="{BLUE}" fill-opacity="{0.1 + 0.9 * k / _SHADES:.2f}"/>')
    if n <= _WITH_NUMBERS:
        size = min(13.0, 1.7 * cell / max(len(f"{counts.max():,}"), 2))
        for i, j in np.ndindex(n, n):
            x, y = left + (j + 0.5) * cell, top + (i + 0.5) * cell + size / 3
            colour = ' fill="#fff"' if level[i, j] > _SHADES * 0.6 else ""
            faint = ' opacity="0.4"' if not counts[i, j] else ""
            parts.append(
                f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" font-size="{size:.1f}"{colour}{faint}>'
                f"{int(counts[i, j]):,}</text>"
            )
    foot = top + side
    if named:
        small = min(12.0, max(0.8 * cell, 8.0))
        turned = max(map(len, names)) > 3
        for i, name in enumerate(names):
            middle = (i + 0.5) * cell
            text = escape(name if len(name) <= 13 else name[:12] + "…")
            parts.append(
                f'<text x="{left - 6:.1f}" y="{top + middle + 4:.1f}" text-anchor="end" '
                f'font-size="{small:.1f}">{text}</text>'
            )
            place = (
                f'transform="translate({left + middle + 4:.1f} {foot + 8:.1f}) rotate(-45)" text-anchor="end"'
                if turned
                else f'x="{left + middle:.1f}" y="{foot + 14:.1f}" text-anchor="middle"'
            )
            parts.append(f'<text {place} font-size="{small:.1f}">{text}</text>')
        foot += 0.75 * room + 10 if turned else 18
    across = left + side / 2
    parts.append(
        f'<text x="{across:.1f}" y="{foot + 16:.1f}" text-anchor="middle" opacity="0.75">predicted</text>'
    )
    parts.append(
        f'<text transform="translate(12 {top + side / 2:.1f}) rotate(-90)" text-anchor="middle" '
        'opacity="0.75">true</text>'
    )
    parts.append('<text x="8" y="14" font-weight="600">Confusion matrix</text>')
    return svg(400, foot + 24, "".join(parts), "Confusion matrix", widest=560)


def scatter_svg(true: AnyArray, predicted: AnyArray) -> str:
    """Draw predicted against true values, 400 wide; on the line a prediction is right.

    Of many samples their density is drawn.
    """
    true, predicted = np.asarray(true, float).ravel(), np.asarray(predicted, float).ravel()
    low, high = float(min(true.min(), predicted.min())), float(max(true.max(), predicted.max()))
    pad = 0.04 * (high - low) or 0.1 * abs(low) or 1.0
    low, high = low - pad, high + pad
    left, top, side = 58.0, 26.0, 330.0

    def x(values: AnyArray | float) -> AnyArray:
        return np.asarray(left + (values - low) / (high - low) * side)

    def y(values: AnyArray | float) -> AnyArray:
        return np.asarray(top + side - (values - low) / (high - low) * side)

    parts = []
    for tick in ticks(low, high, 5):
        parts.append(
            f'<path d="M{left} {y(tick):.1f}h{side}M{x(tick):.1f} {top}v{side}" stroke="currentColor" '
            'stroke-opacity="0.15"/>'
            f'<text x="{left - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{compact(tick)}</text>'
            f'<text x="{x(tick):.1f}" y="{top + side + 16}" text-anchor="middle">{compact(tick)}</text>'
        )
    if len(true) <= _POINTS:
        path = "".join(f"M{a:.1f} {b:.1f}h.01" for a, b in zip(x(true), y(predicted), strict=True))
        faint = float(np.clip(200 / len(true), 0.3, 0.85))
        parts.append(
            f'<path d="{path}" stroke="{BLUE}" stroke-width="6" stroke-linecap="round" '
            f'stroke-opacity="{faint:.2f}"/>'
        )
    else:
        parts.append(_density(true, predicted, low, high, left, top, side))
    parts.append(f'<path d="M{left} {top + side}l{side} -{side}" stroke="{ORANGE}" stroke-width="1.5"/>')
    parts.append(
        f'<text x="{left + side / 2}" y="{top + side + 34}" text-anchor="middle" opacity="0.75">true</text>'
    )
    parts.append(
        f'<text transform="translate(12 {top + side / 2}) rotate(-90)" text-anchor="middle" '
        'opacity="0.75">predicted</text><text x="8" y="14" font-weight="600">Predicted against true</text>'
    )
    return svg(400, top + side + 42, "".join(parts), "Predicted against true values", widest=560)


def _density(
    true: AnyArray, predicted: AnyArray, low: float, high: float, left: float, top: float, side: float
) -> str:
    edges = np.linspace(low, high, _CELLS + 1)
    counts = np.histogram2d(true, predicted, (edges, edges))[0]
    level = np.ceil(np.log1p(counts) / np.log1p(counts.max()) * _SHADES).astype(int)
    cell = side / _CELLS
    parts = []
    for k in range(1, _SHADES + 1):
        path = "".join(
            f"M{left + i * cell:.1f} {top + side - (j + 1) * cell:.1f}h{cell:.2f}v{cell:.2f}h-{cell:.2f}z"
            for i, j in np.argwhere(level == k).tolist()
        )
        if path:
            parts.append(f'<path d="{path}" fill="{BLUE}" fill-opacity="{0.15 + 0.85 * k / _SHADES:.2f}"/>')
    return "".join(parts)
