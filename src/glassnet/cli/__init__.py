"""The command line: ``glassnet train DATA`` and its companions.

Importing this imports neither typer nor rich; :func:`main` does.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 fine, 1 a bug, 2 bad input, 130 ended by Ctrl-C.

    Args:
        arguments: without the program's name; default those of the process.
    """
    try:
        import rich  # noqa: F401 - only whether it is there
        import typer  # noqa: F401
    except ImportError as error:
        sys.stderr.write(f'Error: The command line needs {error.name}: pip install "glassnet[cli]"\n')
        raise SystemExit(2) from None
    try:
        from glassnet.cli.app import run

        raise SystemExit(run(arguments))
    except KeyboardInterrupt:  # while the program was still being loaded
        sys.stderr.write("Interrupted: nothing was written.\n")
        raise SystemExit(130) from None
