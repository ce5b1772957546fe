"""Progress on the screen, or in a log."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from glassnet.callbacks.base import Callback
from glassnet.callbacks.checks import check_fields
from glassnet.callbacks.progress_status import Status, duration
from glassnet.errors import HyperparameterError, MissingDependencyError
from glassnet.hyperparameters import hyperparameter

if TYPE_CHECKING:
    from glassnet.training import Training

__all__ = ["Progress"]

_FEW = 20
"""About so many lines are written for many epochs where a bar cannot be drawn."""
_QUIET_SECONDS = 60.0
"""Where epochs are long, a line is written after so many seconds; later after ever more."""


class View(Protocol):
    """Where progress goes."""

    def show(self, status: Status) -> float:
        """Show progress within an epoch; return the seconds to wait before the next time."""
        ...

    def finish_epoch(self, status: Status) -> None:
        """Show a finished epoch."""
        ...

    def close(self, status: Status) -> None:
        """Show the end."""
        ...


@dataclass(eq=False)
class Progress(Callback):
    """Shows how far training is: epochs, batches, loss, metrics, samples per second, time left.

    Args:
        mode: "bar" (default) draws a bar with rich, on a terminal or in a notebook (which needs
            ipywidgets), at most ten times a second. Where neither is there, such as in CI or a
            pipe, it writes a plain line now and then: about 20 for many epochs, or one a minute,
            later less often, for long ones. "lines" writes a plain line every epoch.
        file: where to write; default is what sys.stdout is when fit starts.
        console: a rich console instead of `file`, for mode "bar".

    The time left assumes that all epochs will run. Between epochs the last epoch's figures stay;
    within one, "loss" is the mean over its batches so far.

    Raises:
        HyperparameterError: another mode, both a file and a console, or a console for "lines".
        MissingDependencyError: mode "bar" without rich.

    >>> import sys, glassnet as gn
    >>> X, y = gn.datasets.spiral(seed=0)
    >>> net = gn.Network([gn.Dense(3)], seed=0)
    >>> history = net.fit(X, y, loss="softmax_cross_entropy", epochs=2, callbacks=[gn.Progress("lines")])
    epoch 1/2  loss ...  samples/s  elapsed 0:00  left 0:00
    epoch 2/2  loss ...  samples/s  elapsed 0:00  left 0:00
    """

    mode: str = hyperparameter("bar", choices=("bar", "lines"), positional=True)
    file: TextIO | None = field(default=None, kw_only=True, repr=False)
    console: Any = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        check_fields(self)
        if self.console is not None and (self.file is not None or self.mode == "lines"):
            raise HyperparameterError("Progress console is for mode='bar', and without a file.")
        if self.mode == "bar":
            _require_rich()
        self._view: View | None = None
        self._status: Status | None = None
        self._due = math.inf

    def on_fit_start(self, training: Training) -> None:
        """Choose the display and start the clock."""
        self._status = Status(training)
        self._view = self._make_view()
        self._due = time.perf_counter() + self._view.show(self._status)

    def on_epoch_start(self, training: Training) -> None:
        """Start the epoch's clock."""
        if self._status is not None:
            self._status.start_epoch()

    def on_step_end(self, training: Training, loss: float) -> None:
        """Show the batch, unless the last showing was a moment ago."""
        if time.perf_counter() >= self._due and self._view is not None and self._status is not None:
            wait = self._view.show(self._status)
            self._due = time.perf_counter() + wait

    def on_epoch_end(self, training: Training, logs: dict[str, float]) -> None:
        """Show the epoch's figures."""
        if self._view is not None and self._status is not None:
            self._status.logs = logs
            self._view.finish_epoch(self._status)

    def on_fit_end(self, training: Training) -> None:
        """Leave the last figures, and the reason if training ended early."""
        view, status = self._view, self._status
        self._view = self._status = None
        if view is not None and status is not None:
            view.close(status)

    def _make_view(self) -> View:
        if self.mode == "bar":
            from glassnet.callbacks.progress_bar import make_bar

            bar = make_bar(self.console, self.file)
            if bar is not None:
                return bar
        file = self.file or sys.stdout
        if self.console is not None:
            file = self.console.file
        return Lines(file, every_epoch=self.mode == "lines")


class Lines:
    """Plain lines in a text stream: one every epoch, or one now and then."""

    def __init__(self, file: TextIO, *, every_epoch: bool) -> None:
        self.file = file
        self.every_epoch = every_epoch
        self._written = -1
        self._last = time.perf_counter()

    def show(self, status: Status) -> float:
        """Write a line if none was written for long and an epoch may come only once."""
        if self.every_epoch:
            return math.inf
        if status.training.batch and self._left(status) <= 0:
            batches = f"batch {status.training.batch:,}/{status.training.batches.n_batches:,}  "
            self._write(status, batches)
        return max(self._left(status), 1.0)

    def finish_epoch(self, status: Status) -> None:
        """Write a line for this epoch, or not."""
        training = status.training
        every = 1 if self.every_epoch else max(1, -(-training.epochs // _FEW))
        last = training.epoch == training.epochs
        if training.epoch % every == 0 or last or self._left(status) <= 0:
            self._write(status)
            self._written = training.epoch

    def close(self, status: Status) -> None:
        """Write the last epoch, if it was not, and the reason of an early end."""
        training = status.training
        if training.epoch not in (self._written, 0) and not training.batch and status.logs:
            self._write(status)
        if training.stopped:
            self.file.write(f"stopped: {training.history.stop_reason}\n")
            self.file.flush()

    def _left(self, status: Status) -> float:
        wait = max(_QUIET_SECONDS, 0.1 * status.elapsed)
        return self._last + wait - time.perf_counter()

    def _write(self, status: Status, batches: str = "") -> None:
        epochs = str(status.training.epochs)
        times = f"elapsed {duration(status.elapsed)}  left {duration(status.remaining)}"
        epoch = f"{status.epoch:>{len(epochs)}}"
        self.file.write(f"epoch {epoch}/{epochs}  {batches}{status.figures()}  {times}\n")
        self.file.flush()
        self._last = time.perf_counter()


def _require_rich() -> None:
    try:
        import rich  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise MissingDependencyError(
            'Progress draws its bar with rich: pip install "glassnet[cli]", or use mode="lines".'
        ) from error
