"""Every error becomes one line on stderr and an exit code; every warning becomes one line."""

from __future__ import annotations

import functools
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer

from glassnet.cli.screen import error_line
from glassnet.errors import GlassnetError

__all__ = [
    "BAD_INPUT",
    "BUG",
    "INTERRUPTED",
    "Interruption",
    "Told",
    "guarded",
    "in_options",
    "interruptible",
    "warnings_in_one_line",
]

BUG, BAD_INPUT, INTERRUPTED = 1, 2, 130

_IN_PYTHON = re.compile(
    r"""(?<!['"\w])(?P<name>max_categories(?!\w)|(?:task|clip_norm|validation|test)(?==))"""
    r"""(?:="?(?P<value>\w+(?:\.\d+)?)"?)?"""
)
"""Arguments in the messages of the library: those that are options here."""

# typer carries click, either as a dependency or inside; both derive its usage errors from this.
_UsageError: Any = typer.BadParameter.__base__
_ClickException: Any = _UsageError.__base__


class Interruption(Exception):
    """Ctrl-C outside of a training; typer would turn a KeyboardInterrupt into a bare exit code."""

    def __init__(self, message: str = "nothing was written.") -> None:
        super().__init__(message)


class Told(int):
    """An exit code whose reason the command has told."""


def interruptible(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return the command, its KeyboardInterrupt replaced by an Interruption."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except KeyboardInterrupt:
            raise Interruption from None

    return run


def guarded(command: Callable[[], Any]) -> int:
    """Run a command and return its exit code; whatever it raises is told in one line."""
    try:
        with warnings_in_one_line():
            code = command()
            sys.stdout.flush()
        if code == INTERRUPTED and not isinstance(code, Told):
            raise Interruption  # typer met a KeyboardInterrupt before the command began
        return int(code) if isinstance(code, int) else 0
    except typer.Exit as leave:
        return int(leave.exit_code)
    except (KeyboardInterrupt, Interruption, typer.Abort) as error:
        error_line("Interrupted", str(error if isinstance(error, Interruption) else Interruption()))
        return INTERRUPTED
    except _ClickException as error:
        error_line("Error", _usage(error))
        return BAD_INPUT
    except (GlassnetError, OSError, MemoryError) as error:
        _trace_if_asked()
        error_line("Error", _message(error))
        return BAD_INPUT
    except Exception as error:
        if _by_interrupt(error):
            error_line("Interrupted", str(Interruption()))
            return INTERRUPTED
        asked = _trace_if_asked()
        hint = "" if asked else " To see where, set GLASSNET_TRACEBACK=1."
        error_line(
            "Unexpected error",
            f"{type(error).__name__}: {error}. This is a fault in glassnet; please report it.{hint}",
        )
        return BUG


def _by_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error: an extension module that it stops raises an ImportError."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


@contextmanager
def warnings_in_one_line() -> Iterator[None]:
    """Show warnings as "Warning: ..." on stderr."""

    def show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        error_line("Warning", in_options(str(message)), style="yellow")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def in_options(text: str) -> str:
    """Return a message of the library in the words of the command line.

    >>> in_options('more than max_categories=100: raise max_categories, or use task="regression".')
    'more than --max-categories 100: raise --max-categories, or use --task regression.'
    """

    def option(found: re.Match[str]) -> str:
        value = f" {found['value']}" if found["value"] else ""
        return f"--{found['name'].replace('_', '-')}{value}"

    return _IN_PYTHON.sub(option, text)


def _usage(error: Any) -> str:
    context = getattr(error, "ctx", None)
    text = str(error.format_message()).strip()
    if context is None:
        return text
    text = text.rstrip(".")
    return f"{text}{'' if text.endswith('?') else '.'} See: {context.command_path} --help"


def _message(error: BaseException) -> str:
    return in_options(_text(error))


def _text(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "There is not enough memory for this."
    if isinstance(error, OSError) and not isinstance(error, GlassnetError) and error.strerror:
        place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        return f"{place}{error.strerror}."
    return str(error) or type(error).__name__


def _trace_if_asked() -> bool:
    asked = os.environ.get("GLASSNET_TRACEBACK", "") not in ("", "0")
    if asked:
        traceback.print_exc()
    return asked
