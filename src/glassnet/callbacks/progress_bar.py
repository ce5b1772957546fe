"""The progress bar, drawn by rich."""

from __future__ import annotations

import importlib.util
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from glassnet.callbacks.progress_status import Status, duration

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

__all__ = ["Bar", "make_bar"]

_INTERVAL = 0.1
"""Seconds between two drawings, at least."""
_SHARE = 20
"""Drawing takes at most one part in so many of the time."""
_LONG_EPOCH = 1.0
"""From so many seconds on an epoch's batches are counted on the screen."""


def make_bar(console: Any, file: TextIO | None) -> Bar | None:
    """Return a bar on its console, or None where none can be drawn: no terminal, no notebook."""
    from rich.console import Console
    from rich.errors import LiveError

    chosen = console if console is not None else Console(file=file)
    if chosen.is_jupyter:
        if importlib.util.find_spec("ipywidgets") is None:
            return None
    elif not chosen.is_interactive or chosen.is_dumb_terminal:
        return None
    try:
        return Bar(chosen)
    except LiveError:  # older rich: another bar is being drawn on this console
        return None


class Bar:
    """Two lines, drawn anew in place: the bar with counts and times, the figures below it."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live

        ours = console.file in (sys.stdout, sys.stderr)  # then what others print goes above the bar
        self._live: Live = Live(
            console=console, auto_refresh=False, redirect_stdout=ours, redirect_stderr=ours
        )
        self._drawn = 0.0
        self._epoch_seconds = 0.0
        self._live.start()

    def show(self, status: Status) -> float:
        """Draw; return the seconds to wait, which grow where drawing is slow."""
        started = time.perf_counter()
        self._live.update(self._picture(status), refresh=True)
        self._drawn = time.perf_counter()
        return max(_INTERVAL, _SHARE * (self._drawn - started))

    def finish_epoch(self, status: Status) -> None:
        """Draw, unless the last drawing was a moment ago."""
        self._epoch_seconds = status.logs.get("seconds", 0.0)
        if time.perf_counter() - self._drawn >= _INTERVAL:
            self.show(status)

    def close(self, status: Status) -> None:
        """Draw the end and leave it on the screen."""
        try:
            self._live.update(self._picture(status, ended=True), refresh=True)
        finally:
            self._live.stop()

    def _picture(self, status: Status, ended: bool = False) -> RenderableType:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        training = status.training
        width = len(str(training.epochs))
        cells: list[RenderableType] = [
            Text(f"epoch {status.epoch:>{width}}/{training.epochs}", style="bold"),
            ProgressBar(
                total=status.total, completed=status.done, complete_style="cyan", finished_style="green"
            ),
            Text(f"{100 * status.done // status.total:3}%"),
        ]
        long = max(self._epoch_seconds, time.perf_counter() - status.epoch_started) >= _LONG_EPOCH
        if long and not ended and training.batches.n_batches > 1:
            total = f"{training.batches.n_batches:,}"
            cells.append(Text(f"batch {training.batch:>{len(total)},}/{total}"))
        left = "" if ended else f", {duration(status.remaining)} left"
        cells.append(Text(f"{duration(status.elapsed)} elapsed{left}"))
        line = Table.grid(padding=(0, 1), expand=True)
        for i in range(len(cells)):
            line.add_column(ratio=1 if i == 1 else None, no_wrap=True)
        line.add_row(*cells)
        lines: list[RenderableType] = [line, Text(status.figures(self._live.console.width))]
        if ended and training.stopped:
            lines.append(Text(f"stopped: {training.history.stop_reason}", style="yellow"))
        return Group(*lines)
