"""What was changed by hand while a run went on, and when: weights, and the optimiser's hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from glassnet.errors import HyperparameterError
from glassnet.optimizers import Optimizer

__all__ = ["Edit", "Tuning", "check_same_memory"]


class Edit(NamedTuple):
    """A weight that was set by hand, before batch `batch` (from 0) of the epoch after `epoch`."""

    epoch: int
    batch: int
    parameter: str
    place: tuple[int, ...]
    value: float


class Tuning(NamedTuple):
    """An optimiser that took over, before batch `batch` (from 0) of the epoch after `epoch`."""

    epoch: int
    batch: int
    optimizer: Optimizer
    setup: Mapping[str, Any]
    """What of the set-up holds from then on."""


def check_same_memory(old: Optimizer, new: Optimizer) -> None:
    """Refuse an optimiser that cannot take over, for it remembers other things from step to step.

    Raises:
        HyperparameterError: another class, or other slots, or a velocity of another kind.

    >>> from glassnet.optimizers import SGD
    >>> check_same_memory(SGD(0.1), SGD(0.2))
    >>> check_same_memory(SGD(0.1), SGD(0.1, momentum=0.9))
    Traceback (most recent call last):
    glassnet.errors.HyperparameterError: SGD that remembers velocity cannot take over while training from \
SGD that remembers nothing: start a new network with it.
    """
    if type(old) is type(new) and _memory(old) == _memory(new):
        return
    raise HyperparameterError(
        f"{type(new).__name__} that remembers {_memory(new)} cannot take over while training from "
        f"{type(old).__name__} that remembers {_memory(old)}: start a new network with it."
    )


def _memory(optimizer: Optimizer) -> str:
    """Return what is remembered from step to step; an averaged velocity holds gradients, not steps."""
    told = " and ".join(optimizer.slots) or "nothing"
    return f"averaged {told}" if getattr(optimizer, "averaged", False) else told
