"""Ctrl-C: it ends a training in good order, and never loses what a training came to."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from glassnet.callbacks import Callback

if TYPE_CHECKING:
    from glassnet.training import Training

__all__ = ["CtrlC"]

DOUBLE_TAP = 1.0
"""Seconds after the first Ctrl-C within which another one means the same."""


class CtrlC(Callback):
    """While entered, what Ctrl-C does depends on where the work is.

    Before a training it interrupts at once. During one it ends the training after the present step;
    again, but no double tap, it interrupts. After one it is ignored, for then the results are written.

    It stands last among the callbacks, so that its reason is the one that is told.
    """

    REASON = "interrupted with Ctrl-C"

    def __init__(self) -> None:
        self.asked = False
        """Whether Ctrl-C came during a training."""
        self._since = 0.0
        self._phase = "before"
        self._before: Any = None

    def __enter__(self) -> Self:
        self._before = _handle_with(self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._phase == "after":
            return
        if self._phase == "before" or (self.asked and time.monotonic() - self._since >= DOUBLE_TAP):
            raise KeyboardInterrupt
        if not self.asked:
            self.asked, self._since = True, time.monotonic()

    def on_fit_start(self, training: Training) -> None:
        """From here on Ctrl-C ends the training."""
        self._phase = "training"

    def on_step_end(self, training: Training, loss: float) -> None:
        """End the epoch here if asked to."""
        if self.asked:
            training.stop(self.REASON)

    def on_epoch_end(self, training: Training, logs: dict[str, float]) -> None:
        """End the training here if asked to."""
        if self.asked:
            training.stop(self.REASON)

    def on_fit_end(self, training: Training) -> None:
        """From here on Ctrl-C is ignored."""
        self._phase = "after"


def _handle_with(handler: Any) -> Any:
    """Set the handler and return the one before; None where SIGINT is not ours to handle."""
    # Where SIGINT is ignored, as in a script's background job, it stays so.
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    ):
        return None
    return signal.signal(signal.SIGINT, handler)
