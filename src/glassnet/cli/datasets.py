"""glassnet datasets: what DATA may be without a file."""

from __future__ import annotations

from glassnet.cli.screen import Screen
from glassnet.datasets import DESCRIPTIONS

__all__ = ["datasets"]

_SOURCES = {
    "made": "Made from a seed",
    "scikit-learn": "Carried by scikit-learn",
    "download": "Downloaded once, or read from disk",
}
"""A dataset's source -> the title of its table."""


def datasets() -> None:
    """List the built-in datasets."""
    screen = Screen()
    for source, title in _SOURCES.items():
        if source != "made":
            screen.say()
        rows = [
            [
                d.name,
                "a value" if d.classes is None else f"{d.classes} classes",
                f"{d.rows:,}",
                f"{d.features:,}",
                d.summary,
            ]
            for d in DESCRIPTIONS.values()
            if d.source == source
        ]
        screen.table(
            ["name", "predict", "rows", "inputs", "what it is"], rows, title=title, left=(0, 1, 4), wrap=(4,)
        )
    screen.say()
    screen.say(
        "$GLASSNET_DATA names the folder of those to download; without it, a cache of the user's.", "dim"
    )
