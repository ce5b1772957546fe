"""Monitor: one figure of the logs, watched from epoch to epoch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from glassnet.errors import HyperparameterError, unknown_name
from glassnet.hyperparameters import Interval, hyperparameter

if TYPE_CHECKING:
    from glassnet.training import Training

__all__ = ["MIN_DELTA", "PATIENCE", "Monitor", "mode_field"]

PATIENCE = Interval(1, math.inf, "left", integer=True)
MIN_DELTA = Interval(0, math.inf, "left")

_REMEMBERED = ("best_value", "best_epoch", "waited", "_seen", "_best_score", "_reference")
_WITHOUT_DIRECTION = ("learning_rate", "seconds", "samples_per_second")


def mode_field() -> Any:
    """Declare the field `mode` of a callback that monitors a figure."""
    return hyperparameter("auto", choices=("auto", "min", "max"))


class Monitor:
    """Finds the column, knows its direction, and remembers the best; NaN is never better.

    Args:
        owner: the callback's name, for messages.
        asked: the column's name; None is "val_loss" if there is validation, else "loss".
        mode: "min" or "max", or "auto": as the metric says, and "min" for losses.
        min_delta: by how much a value must beat the last progress to count as progress.

    Attributes:
        column: the column's name in the logs, once started.
        best_value, best_epoch: the best so far, however small its lead, and its epoch as the
            history counts, from 0; None before the first.
        waited: epochs in a row without progress.
    """

    def __init__(self, owner: str, asked: str | None, mode: str = "auto", min_delta: float = 0.0) -> None:
        if asked is not None and (not isinstance(asked, str) or not asked):
            raise HyperparameterError(f"{owner} monitor must be the name of a column or None, got {asked!r}.")
        self.owner, self.asked, self.mode, self.min_delta = owner, asked, mode, min_delta
        self._reset("")

    def _reset(self, column: str) -> None:
        self.column = column
        self.best_value: float | None = None
        self.best_epoch: int | None = None
        self.waited = 0
        self._seen = False
        self._sign = 1.0
        self._best_score = self._reference = math.inf  # scores: the value, or minus it; lower is better

    def start(self, training: Training) -> None:
        """Forget an earlier fit, and find the column and its direction.

        Raises:
            HyperparameterError: mode "auto" and a column without a known direction.
        """
        self._reset(self.asked or ("loss" if training.validation is None else "val_loss"))
        higher = self._higher_is_better(training) if self.mode == "auto" else self.mode == "max"
        self._sign = -1.0 if higher else 1.0

    def update(self, training: Training, logs: dict[str, float]) -> bool:
        """Take in an epoch's figures; return whether this epoch is the best so far.

        Raises:
            HyperparameterError: the column is not in the first logs; lists those that are.
        """
        if self.column not in logs and not self._seen:
            raise unknown_name(f"{self.owner} monitor", self.column, logs)
        self._seen = True
        value = float(logs.get(self.column, math.nan))
        score = self._sign * value
        if score < self._reference - self.min_delta:
            self._reference, self.waited = score, 0
        else:
            self.waited += 1
        if not score < self._best_score:
            return False
        self._best_score, self.best_value, self.best_epoch = score, value, training.epoch - 1
        return True

    def state(self) -> dict[str, Any]:
        """Return what is remembered, as plain data."""
        return {name: getattr(self, name) for name in _REMEMBERED}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what :meth:`state` returned."""
        for name in _REMEMBERED:
            setattr(self, name, state[name])

    def _higher_is_better(self, training: Training) -> bool:
        directions: dict[str, bool | None] = {"loss": False}
        directions.update((metric.name, metric.higher_is_better) for metric in training.metrics)
        known = dict(directions)
        if training.validation is not None:
            known.update((f"val_{name}", higher) for name, higher in directions.items())
        known.update(dict.fromkeys(_WITHOUT_DIRECTION))
        if self.column not in known:
            name = self.column.removeprefix("val_")
            if name in directions:
                raise HyperparameterError(
                    f"{self.owner} monitor {self.column!r} needs validation data: "
                    f"give fit validation_data or validation_fraction, or monitor {name!r}."
                )
            problem = unknown_name(f"{self.owner} monitor", self.column, known)
            raise HyperparameterError(
                f"{problem} For a column that another callback adds, give mode='min' or mode='max'."
            )
        higher = known[self.column]
        if higher is None:
            raise HyperparameterError(
                f"{self.owner} mode='auto' does not know whether a higher {self.column!r} is better; "
                "give mode='min' or mode='max'."
            )
        return higher
