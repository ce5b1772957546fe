"""Stop when the monitored figure gets no better, and go back to the best epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet._typing import Array
from glassnet.callbacks.base import Callback
from glassnet.callbacks.checks import check_fields
from glassnet.callbacks.monitor import MIN_DELTA, PATIENCE, Monitor, mode_field
from glassnet.hyperparameters import hyperparameter

if TYPE_CHECKING:
    from glassnet.training import Training

__all__ = ["EarlyStopping"]


@dataclass(eq=False)
class EarlyStopping(Callback):
    """Ends training after `patience` epochs in a row without progress.

    Progress is a value better by more than `min_delta` than that of the last progress. The
    parameters that are restored are those of the very best value, however small its lead;
    Keras, by contrast, restores the last that made progress. NaN is never better.

    Args:
        monitor: a column of the history; None is "val_loss" if there is validation, else "loss".
        patience: epochs, at least 1. Default 10.
        min_delta: at least 0, in the figure's own unit. Default 0: any gain is progress.
        mode: "min", "max", or "auto" (default): down for losses, otherwise as the metric says.
        restore_best: whether the network ends with the weights and running statistics of its best
            epoch, kept in memory. It does so however fit ends: early, by itself, by an error
            such as NonFiniteError, or by Ctrl-C. Default True.

    Attributes:
        best_value: the best monitored value; None before the first.
        best_epoch: where it stands in the history, counted from 0: ``history.row(best_epoch)``.

    Raises:
        HyperparameterError: a value outside its range; in fit, an unknown column.

    Source: Prechelt, "Early stopping - but when?", 1998.

    >>> import glassnet as gn
    >>> X, y = gn.datasets.spiral(seed=0)
    >>> net = gn.Network([gn.Dense(8, activation="relu"), gn.Dense(3)], seed=0)
    >>> stopping = gn.EarlyStopping(patience=3)
    >>> history = net.fit(X, y, loss="softmax_cross_entropy", validation_fraction=0.2, callbacks=[stopping])
    >>> stopping.best_value == min(history["val_loss"])
    True
    """

    monitor: str | None = hyperparameter(None, positional=True)
    patience: int = hyperparameter(10, interval=PATIENCE)
    min_delta: float = hyperparameter(0.0, interval=MIN_DELTA)
    mode: str = mode_field()
    restore_best: bool = hyperparameter(True, flag=True)

    def __post_init__(self) -> None:
        check_fields(self)
        self._watch = Monitor(type(self).__name__, self.monitor, self.mode, self.min_delta)
        self._kept: tuple[Array, Array] | None = None

    @property
    def best_value(self) -> float | None:
        """The best monitored value; None before the first."""
        return self._watch.best_value

    @property
    def best_epoch(self) -> int | None:
        """The epoch of the best value, counted from 0; None before the first."""
        return self._watch.best_epoch

    def on_fit_start(self, training: Training) -> None:
        """Forget an earlier fit; allocate the copy."""
        self._kept = None
        self._watch.start(training)
        if self.restore_best:
            parameters = training.network.parameters
            self._kept = np.empty_like(parameters.values), np.empty_like(parameters.statistics.flat)

    def on_epoch_end(self, training: Training, logs: dict[str, float]) -> None:
        """Copy the parameters if they are the best so far; stop if patience is at its end."""
        watch = self._watch
        if watch.update(training, logs) and self._kept is not None:
            parameters = training.network.parameters
            np.copyto(self._kept[0], parameters.values)
            np.copyto(self._kept[1], parameters.statistics.flat)
        if watch.waited >= self.patience:
            best = "it was never a number"
            if watch.best_value is not None and watch.best_epoch is not None:
                best = f"best {watch.best_value:.6g} in epoch {watch.best_epoch + 1}"
            epochs = "1 epoch" if self.patience == 1 else f"{self.patience} epochs"
            training.stop(f"{watch.column} made no progress for {epochs} ({best})")

    def state(self) -> dict[str, Any]:
        """Return patience, best value and best parameters."""
        kept = {} if self._kept is None else {"values": self._kept[0], "statistics": self._kept[1]}
        return self._watch.state() | kept

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what :meth:`state` returned."""
        self._watch.restore(state)
        if self.restore_best:
            self._kept = state["values"], state["statistics"]

    def on_fit_end(self, training: Training) -> None:
        """Restore the best parameters, if asked to and if there are any."""
        if self._kept is not None and self._watch.best_epoch is not None:
            parameters = training.network.parameters
            np.copyto(parameters.values, self._kept[0])
            np.copyto(parameters.statistics.flat, self._kept[1])
        self._kept = None  # the memory, and so that a fit that fails at its start restores nothing
