"""The table of README.md: the main figures of several subcommands beside those of the peers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.tables import digits, table
from benchmarks.turns import title

Found = Mapping[str, dict[str, Any]]

COLUMNS = ("glassnet", "glassnet-mkl", "torch", "jax", "sklearn")
NEEDED = ("steps", "predict", "cold")
COLD = {"glassnet": "glassnet", "torch": "PyTorch", "sklearn": "scikit-learn"}


def readme(found: Found) -> str:
    """Return the table of what :data:`NEEDED` measured."""
    rows = [
        [f"step, {result['name']}, µs", *cells(lambda key, r=result: median(r, key, 1e6))]
        for result in found["steps"]["results"]
    ]
    one = next(result for result in found["predict"]["results"] if result["name"] == "one row")
    rows.append(["one row through 50-256-256-2, µs", *cells(lambda key: median(one, key, 1e6))])
    cold = {each["name"]: each["median"] for each in found["cold"]["results"]}
    rows.append(
        [
            "a new process that loads it and predicts, ms",
            *cells(lambda key: digits(1e3 * cold[COLD[key]]) if COLD.get(key) in cold else ""),
        ]
    )
    return table(["", *map(title, COLUMNS)], rows)


def cells(cell: Callable[[str], str]) -> list[str]:
    """Return one cell for each column, a dash where there is no figure."""
    return [cell(key) or "-" for key in COLUMNS]


def median(result: dict[str, Any], key: str, scale: float) -> str:
    """Return a lane's median, or nothing."""
    lane = result["lanes"].get(key, {})
    return digits(lane["median"] * scale) if "median" in lane else ""
