"""Keep the best network on disk."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

from glassnet.callbacks.base import Callback
from glassnet.callbacks.checks import check_fields, require_folder
from glassnet.callbacks.monitor import Monitor, mode_field
from glassnet.checks import as_path
from glassnet.hyperparameters import hyperparameter

if TYPE_CHECKING:
    from glassnet.training import Training

__all__ = ["SaveBest"]


@dataclass(eq=False)
class SaveBest(Callback):
    """Saves the network whenever the monitored figure improves; :func:`glassnet.load` reads it.

    The file is replaced whole or not at all, so it always holds the best epoch so far. A file
    from an earlier fit stays until the first epoch's end, then it is replaced.

    Args:
        path: the file, in a folder that exists.
        monitor: a column of the history; None is "val_loss" if there is validation, else "loss".
        mode: "min", "max", or "auto" (default): down for losses, otherwise as the metric says.

    Attributes:
        best_value, best_epoch: as those of EarlyStopping.

    Raises:
        HyperparameterError: a value outside its range; in fit, an unknown column.
        DataError: in fit, before the first step, if the folder does not exist.

    >>> import glassnet as gn
    >>> gn.SaveBest("best.safetensors", monitor="val_accuracy")
    SaveBest(path='best.safetensors', monitor='val_accuracy', mode='auto')
    """

    path: str | PathLike[str]
    monitor: str | None = hyperparameter(None)
    mode: str = mode_field()

    def __post_init__(self) -> None:
        self._path = as_path("SaveBest path", self.path)
        check_fields(self)
        self._watch = Monitor(type(self).__name__, self.monitor, self.mode)

    @property
    def best_value(self) -> float | None:
        """The best monitored value; None before the first."""
        return self._watch.best_value

    @property
    def best_epoch(self) -> int | None:
        """The epoch of the best value, counted from 0; None before the first."""
        return self._watch.best_epoch

    def on_fit_start(self, training: Training) -> None:
        """Forget an earlier fit; make sure that the file can be written."""
        self._watch.start(training)
        require_folder("SaveBest", self._path)

    def state(self) -> dict[str, Any]:
        """Return the best value so far."""
        return self._watch.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what :meth:`state` returned."""
        self._watch.restore(state)

    def on_epoch_end(self, training: Training, logs: dict[str, float]) -> None:
        """Save the network if it is the best so far."""
        if self._watch.update(training, logs):
            training.network.save(self._path)
