"""glassnet playground: a page in the browser on which networks train."""

from __future__ import annotations

from typing import Annotated

import typer

from glassnet.cli.screen import error_line
from glassnet.playground.launch import DEFAULT_PORT, launch

__all__ = ["playground"]


def playground(
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="The port; 0 takes a free one.")
    ] = DEFAULT_PORT,
    host: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="Where to listen. Any other is open to other machines."),
    ] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A further name of this machine in the browser; may be repeated."),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Watch networks learn, in the browser.

    Starts a server for this machine alone and opens its page: choose data, layers and an optimiser, and
    see every weight, neuron and gradient while the library trains. The address that is printed carries a
    key; without it the page stays closed. Ctrl-C ends it.
    """
    launch(
        host=host,
        port=port,
        allow_hosts=allow_host or [],
        browser=browser,
        say=lambda line: typer.echo(line),
        warn=lambda line: error_line("Warning", line, "yellow"),
    )
