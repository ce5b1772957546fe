"""The command line: ``glassnet train DATA`` and its companions.

Importing this imports neither typer nor rich; :func:`main` does.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 fine, 1 a bug, 2 bad input, 130 ended by Ctrl-C.

    Args:
        arguments: without the program's name; default those of the process.
    """
    try:
        try:
            import rich  # noqa: F401 - only whether it is there
            import typer  # noqa: F401
        except ImportError as error:
            sys.stderr.write(f'Error: The command line needs {error.name}: pip install "glassnet[cli]"\n')
            raise SystemExit(2) from None
        from glassnet.cli.app import run

        code = run(arguments)
        if arguments is None:
            _ignore_interrupts()
    except KeyboardInterrupt:  # while the program was still being loaded
        _ignore_interrupts()
        sys.stderr.write("Interrupted: nothing was written.\n")
        raise SystemExit(130) from None
    raise SystemExit(code)


def _ignore_interrupts() -> None:
    """Let no further Ctrl-C disturb the end of the process."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
