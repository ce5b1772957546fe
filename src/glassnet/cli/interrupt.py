"""Ctrl-C: the first ends the training in good order, the second at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from glassnet.callbacks import Callback

if TYPE_CHECKING:
    from glassnet.training import Training

__all__ = ["CtrlC"]


class CtrlC(Callback):
    """While entered, Ctrl-C ends the training after the present step; again, it interrupts.

    It stands last among the callbacks, so that its reason is the one that is told.
    """

    REASON = "interrupted with Ctrl-C"

    def __init__(self) -> None:
        self.asked = False
        """Whether Ctrl-C came."""
        self._before: Any = None

    def __enter__(self) -> Self:
        # Where SIGINT is ignored, as in a script's background job, it stays so.
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
        ):
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def on_step_end(self, training: Training, loss: float) -> None:
        """End the epoch here if asked to."""
        if self.asked:
            training.stop(self.REASON)

    def on_epoch_end(self, training: Training, logs: dict[str, float]) -> None:
        """End the training here if asked to."""
        if self.asked:
            training.stop(self.REASON)
