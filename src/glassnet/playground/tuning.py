"""Tuning: what of a set-up may change while its network goes on training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glassnet.optimizers import Optimizer
from glassnet.playground.controls import ControlError, control
from glassnet.playground.edits import check_same_memory
from glassnet.playground.parts import learning_optimizer
from glassnet.playground.run import Run
from glassnet.playground.setup import complete

__all__ = ["TUNED", "optimizers_of", "timed", "tuned"]

TUNED = ("optimizer", "schedule", "stop", "compare")
"""The keys of a set-up that may change."""


def tuned(setup: Mapping[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the complete set-up with what a message changes of it.

    Raises:
        ControlError: a key that cannot be tuned, or a value out of range.
    """
    changed = {key: value for key, value in message.items() if key != "type"}
    for key in changed:
        if key not in TUNED:
            raise ControlError(
                f"{key:.40} cannot change while training goes on, only {', '.join(TUNED)} can: "
                "send a whole set-up.",
                key[:80],
            )
    whole = complete({**setup, **changed})
    if (whole["compare"] is None) != (setup["compare"] is None):
        raise ControlError(
            "A second network cannot come or go while training goes on: send a whole set-up.", "compare"
        )
    return whole


def optimizers_of(setup: Mapping[str, Any], run: Run, second: Run | None) -> tuple[Optimizer, Optimizer]:
    """Return a set-up's optimisers, once for either run; both are the first one's if there is no second.

    Raises:
        ControlError: one cannot take over where the run is.
    """
    schedule = setup["schedule"]
    first = other = learning_optimizer(setup["optimizer"], schedule, "optimizer")
    with control("optimizer"):
        check_same_memory(run.training.optimizer, first)
    if second is not None:
        other = learning_optimizer(setup["compare"]["optimizer"], schedule, "compare.optimizer")
        with control("compare.optimizer"):
            check_same_memory(second.training.optimizer, other)
    return first, other


def timed(setup: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a set-up belongs to a time of its run, so that rewinding brings it back."""
    return {key: setup[key] for key in ("optimizer", "schedule", "compare")}
