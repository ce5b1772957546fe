"""What a progress display shows: counts, clock and figures of a running training, and their text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glassnet.training import Training

__all__ = ["Status", "duration", "figure"]

_NOT_FIGURES = ("learning_rate", "seconds", "samples_per_second")


class Status:
    """Counts, times and figures of a running training; worked out only when asked for."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self.logs: dict[str, float] = {}
        self.started = time.perf_counter()
        self.first = self.done
        self.start_epoch()

    def start_epoch(self) -> None:
        """Start the epoch's clock."""
        self.epoch_started = time.perf_counter()
        self._first_batch = self.training.batch

    @property
    def done(self) -> int:
        """Batches finished in all epochs."""
        return self.training.epoch * self.training.batches.n_batches + self.training.batch

    @property
    def total(self) -> int:
        """Batches in all epochs that were asked for."""
        return self.training.epochs * self.training.batches.n_batches

    @property
    def epoch(self) -> int:
        """The epoch at work, or the one just finished, counted from 1."""
        return self.training.epoch + (self.training.batch > 0 or self.training.epoch == 0)

    @property
    def elapsed(self) -> float:
        """Seconds since fit began."""
        return time.perf_counter() - self.started

    @property
    def remaining(self) -> float | None:
        """Seconds that the rest takes at the mean pace so far; None before the first batch."""
        done = self.done - self.first
        return self.elapsed / done * (self.total - self.done) if done > 0 else None

    def figures(self, width: int | None = None) -> str:
        """Return the figures as text: the running loss within an epoch, the rest from the last one.

        In a `width` that is too small the speed goes first, then what is neither a loss nor of the
        validation, then the last ones.
        """
        training, shown = self.training, dict(self.logs)
        speed = shown.get("samples_per_second")
        if training.batch:
            if training.weight_sum:
                shown = {**shown, "loss": training.loss_sum / training.weight_sum}
            rows = (training.batch - self._first_batch) * training.batches.batch_size
            speed = rows / max(time.perf_counter() - self.epoch_started, 1e-9)
        names = [name for name in shown if name not in _NOT_FIGURES]
        parts = [f"{name} {figure(shown[name])}" for name in names]
        minor = [p for n, p in zip(names, parts, strict=True) if n != "loss" and not n.startswith("val_")]
        if speed is not None:
            parts.append(f"{speed:,.0f} samples/s")
            minor.append(parts[-1])
        while width is not None and len(parts) > 1 and len("  ".join(parts)) > width:
            parts.remove(minor.pop() if minor else parts[-1])
        return "  ".join(parts)


def figure(value: float) -> str:
    """Return a number in few characters, equally many for most: 0.1234, 12.34, 1.234e-05.

    >>> figure(0.12345), figure(1234.5), figure(1.5e-5), figure(0)
    ('0.1235', '1234.5', '1.500e-05', '0.0000')
    """
    size = abs(value)
    if size != size or size == float("inf"):
        return str(value)
    if size and (size < 1e-3 or size >= 1e6):
        return f"{value:.3e}"
    return f"{value:.4f}" if size < 10 else f"{value:.{5 if size < 100 else 6}g}"


def duration(seconds: float | None) -> str:
    """Return a time as text; "?" for None.

    >>> duration(7.4), duration(75), duration(3723), duration(None)
    ('0:07', '1:15', '1:02:03', '?')
    """
    if seconds is None:
        return "?"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
