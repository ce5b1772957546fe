"""What the page is told without having asked: what the library logs, and errors nobody has foreseen."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

__all__ = ["Notes", "explained"]


class Notes(logging.Handler):
    """Passes what the library logs on to the page."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._note = note

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one message on."""
        self._note(record.getMessage())


def explained(error: Exception) -> str:
    """Return what the page is told of an error that nobody has foreseen; the terminal gets all of it."""
    if isinstance(error, MemoryError):
        return "There is not enough memory for this."
    traceback.print_exception(error)
    told = f"{type(error).__name__}: {error}"
    return f"The playground itself failed, and the terminal tells where: {told:.300}"
