"""Every error becomes one line on stderr and an exit code; every warning becomes one line."""

from __future__ import annotations

import functools
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer

from glassnet.cli.screen import error_line
from glassnet.errors import GlassnetError

__all__ = ["BAD_INPUT", "BUG", "INTERRUPTED", "guarded", "interruptible", "warnings_in_one_line"]

BUG, BAD_INPUT, INTERRUPTED = 1, 2, 130

# typer carries click, either as a dependency or inside; both derive its usage errors from this.
_UsageError: Any = typer.BadParameter.__base__
_ClickException: Any = _UsageError.__base__


class Interruption(Exception):
    """Ctrl-C outside of a training; typer would turn a KeyboardInterrupt into a bare exit code."""


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
        return code if isinstance(code, int) else 0
    except typer.Exit as leave:
        return int(leave.exit_code)
    except (KeyboardInterrupt, Interruption, typer.Abort):
        error_line("Interrupted", "nothing was written.")
        return INTERRUPTED
    except BrokenPipeError:  # `glassnet datasets | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BUG
    except _ClickException as error:
        error_line("Error", _usage(error))
        return BAD_INPUT
    except (GlassnetError, OSError, MemoryError) as error:
        _trace_if_asked()
        error_line("Error", _message(error))
        return BAD_INPUT
    except Exception as error:
        asked = _trace_if_asked()
        hint = "" if asked else " To see where, set GLASSNET_TRACEBACK=1."
        error_line(
            "Unexpected error",
            f"{type(error).__name__}: {error}. This is a fault in glassnet; please report it.{hint}",
        )
        return BUG


@contextmanager
def warnings_in_one_line() -> Iterator[None]:
    """Show warnings as "Warning: ..." on stderr."""

    def show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        error_line("Warning", str(message), style="yellow")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _usage(error: Any) -> str:
    context = getattr(error, "ctx", None)
    text = str(error.format_message()).strip()
    if context is None:
        return text
    return f"{text.rstrip('.')}. See: {context.command_path} --help"


def _message(error: BaseException) -> str:
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
