"""The figures of docs/performance.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.peers import PEERS
from benchmarks.scaling import limit_or_none
from benchmarks.tables import columns
from benchmarks.timing import ratio
from benchmarks.turns import title

Results = list[dict[str, Any]]
GREY = "#555555"


def draw_steps(data: dict[str, Any], path: Path) -> bool:
    """Draw how many steps each peer does while PyTorch does one; return False if nothing is there to draw."""
    results = [r for r in data["results"] if median(r, "torch")]
    keys = columns(results)
    if not results:
        return False
    figure, ax = bars(results, keys, lambda r, key: ratio(seconds(r, "torch"), seconds(r, key)))
    ax.set_yscale("log", base=2)
    ax.yaxis.set_major_formatter("{x:g}")
    ax.axhline(1, color=GREY, linewidth=0.8)
    finish(figure, ax, "Training steps in the time of one of PyTorch", "steps", path)
    return True


def draw_limit(data: dict[str, Any], path: Path) -> bool:
    """Draw the fraction of the limit that each peer reaches."""
    results = [r for r in data["results"] if limit_or_none(r)]
    keys = [key for key in columns(results) if key in PEERS]
    if not keys:
        return False
    figure, ax = bars(results, keys, lambda r, key: 100 * (limit_or_none(r) or 0) / median(r, key))
    ax.axhline(100, color=GREY, linewidth=0.8)
    finish(figure, ax, "Fraction of the limit that a training step reaches", "percent", path)
    return True


def draw_scaling(data: dict[str, Any], path: Path) -> bool:
    """Draw microseconds a step against each size that grows, a panel for each, all axes logarithmic."""
    kinds = {kind: results for kind, results in data["results"].items() if results}
    if not kinds:
        return False
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    from glassnet.plots.style import MARKERS, dress

    rows = (len(kinds) + 1) // 2
    figure = Figure(figsize=(9.0, 0.5 + 3.3 * rows), layout="constrained")
    panels = list(figure.subplots(rows, 2, squeeze=False).flat)
    for ax, (kind, results) in zip(panels, kinds.items(), strict=False):
        for key in (key for key in columns(results) if key in PEERS):
            points = [(r["value"], 1e6 * median(r, key)) for r in results if median(r, key)]
            marker = MARKERS[list(PEERS).index(key) % len(MARKERS)]
            ax.plot(
                *zip(*points, strict=True), color=colour(key), marker=marker, markersize=4, label=title(key)
            )
        least = [(r["value"], 1e6 * bound) for r in results if (bound := limit_or_none(r))]
        if least:
            ax.plot(*zip(*least, strict=True), color=GREY, linestyle="--", label="limit")
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xticks([r["value"] for r in results], [short(r["value"]) for r in results], fontsize=8)
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.xaxis.minorticks_off()
        dress(ax, x=kind, y="microseconds a step")
    for ax in panels[len(kinds) :]:
        ax.remove()
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=6, frameon=False, fontsize=8)
    figure.savefig(path, dpi=120)
    return True


def bars(
    results: Results, keys: Sequence[str], height: Callable[[dict[str, Any], str], float]
) -> tuple[Any, Any]:
    """Return figure and Axes with a group of bars for each result, one bar a lane."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    ax = figure.subplots()
    width = 0.8 / len(keys)
    for i, key in enumerate(keys):
        places = [p + (i - (len(keys) - 1) / 2) * width for p, r in enumerate(results) if median(r, key)]
        heights = [height(r, key) for r in results if median(r, key)]
        ax.bar(places, heights, width, color=colour(key), label=title(key))
    ax.set_xticks(range(len(results)), [r["name"].replace(", ", "\n") for r in results], fontsize=8)
    return figure, ax


def finish(figure: Any, ax: Any, heading: str, unit: str, path: Path) -> None:
    """Dress the Axes, put the legend below and write the file."""
    from glassnet.plots.style import dress

    dress(ax, title=heading, y=unit)
    ax.grid(False, axis="x")
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    figure.savefig(path, dpi=120)


def median(result: dict[str, Any], key: str) -> float:
    """Return a lane's median, 0 where it has none."""
    return float(result["lanes"].get(key, {}).get("median", 0.0))


def short(value: int) -> str:
    """Return 8192 as 8.2k, so that ticks keep clear of each other."""
    return f"{value / 1000:.3g}k" if value >= 2000 else str(value)


def seconds(result: dict[str, Any], key: str) -> list[float]:
    """Return what each round took."""
    return list(result["lanes"][key]["seconds"])


def colour(key: str) -> str:
    """Return the colour of a peer, the same in every figure."""
    from glassnet.plots.style import colours

    order = sorted(PEERS, key=lambda name: "scaling" not in PEERS[name].parts)  # those drawn most come first
    return colours(len(PEERS))[order.index(key)]


_DRAWN = {"steps": draw_steps, "limit": draw_limit, "scaling": draw_scaling}
FIGURES: dict[str, Callable[[dict[str, Any], Path], bool]] = _DRAWN if find_spec("matplotlib") else {}
