"""Checkpoint: the whole state of the training on disk, so that a killed run can go on exactly."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar

from glassnet.callbacks.base import Callback
from glassnet.callbacks.checks import check_fields, require_folder
from glassnet.checks import as_path
from glassnet.errors import HyperparameterError
from glassnet.files.checkpoint import write_checkpoint
from glassnet.hyperparameters import Interval, hyperparameter

if TYPE_CHECKING:
    from glassnet.training import Training

__all__ = ["Checkpoint"]


@dataclass(eq=False)
class Checkpoint(Callback):
    """Writes the state of the training every so many steps or seconds, whichever comes first.

    ``fit(..., resume=path)`` goes on from it: after a kill at any step, the final parameters,
    optimiser state and history (its times aside) are bit for bit those of an unbroken run, on the
    same machine and with the same library versions and thread count. The previous checkpoint is kept
    as NAME.previous; a damaged one is recognised by its checksum and the previous one is used.

    Args:
        path: the file to write; its folder must exist.
        every_steps: updates between two checkpoints, at least 1; None: by seconds alone.
        every_seconds: seconds between two, above 0; None: by steps alone. Default of both: 60 seconds.

    Raises:
        HyperparameterError: a value out of range; in fit, L-BFGS, which has no steps to resume from.
        DataError: in fit, the folder is missing.

    >>> import glassnet as gn, tempfile, os
    >>> X, y = gn.datasets.spiral(seed=0)
    >>> path = os.path.join(tempfile.mkdtemp(), "spiral.checkpoint")
    >>> def train(epochs):
    ...     net = gn.Network([gn.Dense(8, activation="relu"), gn.Dropout(0.1), gn.Dense(3)], seed=0)
    ...     net.fit(X, y, loss="softmax_cross_entropy", epochs=epochs, resume=path,
    ...             callbacks=[gn.Checkpoint(path, every_steps=7)])
    ...     return net.parameters.values
    >>> broken = train(2)  # pretend that the run ended here
    >>> resumed = train(5)
    >>> os.remove(path), os.remove(path + ".previous")
    (None, None)
    >>> bool((resumed == train(5)).all())
    True
    """

    acts_last: ClassVar[bool] = True

    path: str | PathLike[str]
    every_steps: int | None = hyperparameter(
        None, interval=Interval(1, math.inf, "left", integer=True), optional=True
    )
    every_seconds: float | None = hyperparameter(
        None, interval=Interval(0, math.inf, "neither"), optional=True
    )

    def __post_init__(self) -> None:
        check_fields(self)
        self._path = as_path("Checkpoint path", self.path)
        if self.every_steps is None and self.every_seconds is None:
            self.every_seconds = 60.0
        self._settings: dict[str, Any] = {}
        self._written = 0.0

    def on_fit_start(self, training: Training) -> None:
        """Look at the folder, take the settings, start the clock."""
        from glassnet.optimizers import LBFGS
        from glassnet.training.resume import settings_of

        if isinstance(training.optimizer, LBFGS):
            raise HyperparameterError("Checkpoint cannot serve L-BFGS, which has no steps to resume from.")
        require_folder("Checkpoint", self._path)
        self._settings = settings_of(training)
        self._written = time.monotonic()

    def on_step_end(self, training: Training, loss: float) -> None:
        """Write, if it is time."""
        if training.stopped:  # a resumed run is to go on, not to find itself stopped
            return
        step = training.optimizer_state.step
        due = self.every_steps is not None and step % self.every_steps == 0
        if not due and self.every_seconds is not None:
            due = time.monotonic() - self._written >= self.every_seconds
        if due:
            self.write(training)

    def write(self, training: Training) -> None:
        """Write a checkpoint now; only after a whole step."""
        from glassnet.training.resume import capture

        write_checkpoint(self._path, *capture(training, self._settings))
        self._written = time.monotonic()
