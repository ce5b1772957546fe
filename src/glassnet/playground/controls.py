"""Errors that say which control of the page they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from glassnet.errors import GlassnetError

__all__ = ["ControlError", "control"]


class ControlError(GlassnetError, ValueError):
    """A set-up or a command that cannot be followed; `control` names its place, as "layers.0.units"."""

    def __init__(self, message: str, control: str) -> None:
        super().__init__(message)
        self.control = control


@contextmanager
def control(name: str) -> Iterator[None]:
    """Give errors raised inside the control's name, unless they have one already."""
    try:
        yield
    except ControlError:
        raise
    except GlassnetError as error:
        raise ControlError(str(error), name) from error
