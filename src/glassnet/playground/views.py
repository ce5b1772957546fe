"""What a page asks to see, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glassnet.errors import HyperparameterError
from glassnet.hyperparameters import Interval, Rule

__all__ = ["WANTS", "Views"]

WANTS = ("surface", "neurons", "weights", "histograms", "confusion", "compare")
"""Parts of a frame; "compare" is the second network's surface."""

_GRID = Rule(Interval(2, 100, integer=True))
_NEURON_GRID = Rule(Interval(2, 50, integer=True))
_LARGE = Rule(Interval(2, 200, integer=True))


@dataclass(frozen=True)
class Views:
    """What frames contain: only what is visible.

    Attributes:
        grid: places of the decision surface along a side; neuron_grid: of a neuron's picture.
        want: parts out of :data:`WANTS`.
    """

    grid: int = 50
    neuron_grid: int = 20
    want: frozenset[str] = frozenset({"surface", "neurons", "weights"})

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Views:
        """Return the views that a message asks for.

        Raises:
            HyperparameterError: a size out of range, or a want that is no list.
        """
        want = message.get("want", [*cls.want])
        if not isinstance(want, list):
            raise HyperparameterError("Views want must be a list.")
        return cls(
            _GRID.check("Views", "grid", message.get("grid", cls.grid)),
            _NEURON_GRID.check("Views", "neuron_grid", message.get("neuron_grid", cls.neuron_grid)),
            frozenset(name for name in WANTS if name in want),
        )


def large_grid(value: Any) -> int:
    """Return the size of one neuron's large picture; raises HyperparameterError."""
    size: int = _LARGE.check("Neuron", "grid", value)
    return size
