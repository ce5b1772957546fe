"""Markdown tables of results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.timing import ratio
from benchmarks.turns import title


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a markdown table, figures to the right."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def digits(value: float) -> str:
    """Return three digits: 0.123, 1.23, 12.3, 123, 1,234."""
    size = abs(value)
    places = 0 if size >= 99.95 else 1 if size >= 9.995 else 2 if size >= 0.9995 else 3
    return f"{value:,.{places}f}"


def columns(results: Sequence[dict[str, Any]]) -> list[str]:
    """Return the lanes of all results that could run at least once, in their order."""
    keys = dict.fromkeys(key for result in results for key in result["lanes"])
    return [key for key in keys if any("median" in r["lanes"].get(key, {}) for r in results)]


def times(results: Sequence[dict[str, Any]], scale: float, first: str = "case", spread: bool = True) -> str:
    """Return medians, with quartiles in brackets: one row a result, one column a lane."""

    def cell(lane: dict[str, Any]) -> str:
        if "median" not in lane:
            return "-"
        shown = digits(lane["median"] * scale)
        return shown + f" ({digits(lane['lower'] * scale)}–{digits(lane['upper'] * scale)})" * spread

    keys = columns(results)
    rows = [[result["name"], *(cell(result["lanes"].get(key, {})) for key in keys)] for result in results]
    return table([first, *map(title, keys)], rows) + missing(results)


def ratios(results: Sequence[dict[str, Any]], ours: str, first: str = "case") -> str:
    """Return how many times as long as `ours` each other lane took, the median over the rounds."""
    keys = [key for key in columns(results) if key != ours]
    rows = []
    for result in results:
        base = result["lanes"].get(ours, {}).get("seconds")
        if base:
            others = [result["lanes"].get(key, {}).get("seconds") for key in keys]
            rows.append([result["name"], *(digits(ratio(o, base)) if o else "-" for o in others)])
    return table([first, *map(title, keys)], rows) if rows else f"{title(ours)} was not measured."


def missing(results: Sequence[dict[str, Any]]) -> str:
    """Return a line for each peer that could not run, with its reason."""
    reasons = {
        (key, lane["missing"]): None
        for result in results
        for key, lane in result["lanes"].items()
        if lane.get("missing", "-") != "-"
    }
    return "".join(f"\n\n{title(key)}: {reason}." for key, reason in reasons)
