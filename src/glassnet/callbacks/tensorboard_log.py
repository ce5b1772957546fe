"""Figures of every epoch for TensorBoard."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.callbacks.base import Callback
from glassnet.callbacks.checks import check_fields
from glassnet.checks import as_path
from glassnet.errors import DataError, MissingDependencyError
from glassnet.hyperparameters import hyperparameter

if TYPE_CHECKING:
    from glassnet.training import Training

__all__ = ["TensorBoardLog"]

_FLUSH_SECONDS = 2
_count = itertools.count()


@dataclass(eq=False)
class TensorBoardLog(Callback):
    """Writes event files that TensorBoard shows: ``tensorboard --logdir FOLDER``.

    Training figures go to the subfolder "training", validation figures, without their "val_",
    to "validation", so that TensorBoard draws both in one chart. The step is the epoch,
    counted from 1. Needs tensorboardX; TensorBoard itself only to look.

    Args:
        folder: made if it does not exist. Give each fit its own, or TensorBoard mixes them.
        histograms: whether each parameter's distribution is written too. Default False.

    Raises:
        HyperparameterError: `folder` is not a path.
        MissingDependencyError: tensorboardX is missing.
        DataError: in fit, before the first step, if the folder cannot be made or written.

    >>> import glassnet as gn
    >>> gn.TensorBoardLog("runs/first", histograms=True)
    TensorBoardLog(folder='runs/first', histograms=True)
    """

    folder: str | PathLike[str]
    histograms: bool = hyperparameter(False, flag=True)

    def __post_init__(self) -> None:
        self._folder = as_path("TensorBoardLog folder", self.folder)
        check_fields(self)
        _writer_class()
        self._writers: dict[str, Any] = {}

    def on_fit_start(self, training: Training) -> None:
        """Open the event files."""
        parts = ["training"] if training.validation is None else ["training", "validation"]
        for part in parts:
            folder = self._folder / part
            # The writer's own file names differ from second to second only.
            suffix = f".{os.getpid()}.{next(_count)}"
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._writers[part] = _writer_class()(
                    str(folder), flush_secs=_FLUSH_SECONDS, filename_suffix=suffix
                )
            except OSError as error:
                raise DataError(
                    f"TensorBoardLog cannot write to {folder}: {error.strerror or error}."
                ) from error

    def on_epoch_end(self, training: Training, logs: dict[str, float]) -> None:
        """Write the epoch's figures."""
        for name, value in logs.items():
            part, tag = "training", name
            if name.startswith("val_") and "validation" in self._writers:
                part, tag = "validation", name.removeprefix("val_")
            self._writers[part].add_scalar(tag, float(value), training.epoch)
        if self.histograms:
            for name, values in training.network.parameters.items():
                if values.size and np.isfinite(values).all():
                    tag = name.replace(".", "/")
                    self._writers["training"].add_histogram(tag, values, training.epoch)

    def on_fit_end(self, training: Training) -> None:
        """Close the event files."""
        while self._writers:
            self._writers.popitem()[1].close()


def _writer_class() -> Any:
    try:
        from tensorboardX import SummaryWriter
    except ImportError as error:
        raise MissingDependencyError(
            'TensorBoardLog needs tensorboardX: pip install "glassnet[tensorboard]".'
        ) from error
    return SummaryWriter
