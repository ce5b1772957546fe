"""Lower the learning rate when the monitored figure gets no better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glassnet.callbacks.base import Callback
from glassnet.callbacks.checks import check_fields
from glassnet.callbacks.monitor import MIN_DELTA, PATIENCE, Monitor, mode_field
from glassnet.errors import HyperparameterError
from glassnet.hyperparameters import Interval, hyperparameter

if TYPE_CHECKING:
    from glassnet.training import Training

__all__ = ["ReduceOnPlateau"]


@dataclass(eq=False)
class ReduceOnPlateau(Callback):
    """Multiplies the learning rate by `factor` after `patience` epochs in a row without progress.

    It works on top of a schedule: the rate of step t is schedule(t) times all factors so far.
    `min_delta` is absolute, as in Keras; PyTorch's threshold is relative by default.

    Args:
        monitor: a column of the history; None is "val_loss" if there is validation, else "loss".
        factor: in (0, 1). Default 0.5.
        patience: epochs, at least 1. Default 5. (PyTorch waits one epoch more.)
        min_delta: at least 0, in the figure's own unit. Default 1e-4.
        mode: "min", "max", or "auto" (default): down for losses, otherwise as the metric says.
        min_learning_rate: at least 0; no reduction goes below it. Default 0.
        cooldown: epochs after a reduction that do not count, at least 0. Default 0.

    Raises:
        HyperparameterError: a value outside its range; in fit, an unknown column, or L-BFGS,
            which has no learning rate.

    >>> import glassnet as gn
    >>> gn.ReduceOnPlateau(factor=0.2, patience=3).factor
    0.2
    """

    monitor: str | None = hyperparameter(None, positional=True)
    factor: float = hyperparameter(0.5, interval=Interval(0, 1, "neither"))
    patience: int = hyperparameter(5, interval=PATIENCE)
    min_delta: float = hyperparameter(1e-4, interval=MIN_DELTA)
    mode: str = mode_field()
    min_learning_rate: float = hyperparameter(0.0, interval=Interval(0, math.inf, "left"))
    cooldown: int = hyperparameter(0, interval=Interval(0, math.inf, "left", integer=True))

    def __post_init__(self) -> None:
        check_fields(self)
        self._watch = Monitor(type(self).__name__, self.monitor, self.mode, self.min_delta)
        self._cooling = 0

    def on_fit_start(self, training: Training) -> None:
        """Forget an earlier fit."""
        from glassnet.optimizers import LBFGS

        if isinstance(training.optimizer, LBFGS):
            raise HyperparameterError("ReduceOnPlateau has no learning rate to reduce: L-BFGS has none.")
        self._watch.start(training)
        self._cooling = 0

    def on_epoch_end(self, training: Training, logs: dict[str, float]) -> None:
        """Reduce the rate if patience is at its end."""
        watch = self._watch
        watch.update(training, logs)
        if self._cooling:
            self._cooling -= 1
            watch.waited = 0
        elif watch.waited >= self.patience:
            watch.waited, self._cooling = 0, self.cooldown
            self._reduce(training)

    def state(self) -> dict[str, Any]:
        """Return what was watched and the epochs left to cool down; the factor is the optimiser's state."""
        return {**self._watch.state(), "cooling": self._cooling}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what :meth:`state` returned."""
        self._watch.restore(state)
        self._cooling = state["cooling"]

    def _reduce(self, training: Training) -> None:
        state = training.optimizer_state
        scheduled = training.optimizer.rate_at(state.step)
        now = state.learning_rate_factor
        lowest = self.min_learning_rate / scheduled if scheduled > 0 else 0.0
        state.learning_rate_factor = max(now * self.factor, min(now, lowest))
