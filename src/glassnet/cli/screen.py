"""What is written to the terminal, and how."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["Screen", "counted", "error_line", "figure"]


NO_BREAK = "\N{NO-BREAK SPACE}"


def error_line(label: str, message: str, style: str = "bold red") -> None:
    """Write one line to stderr, whatever the width of the terminal."""
    line = Text.assemble((f"{label}: ", style), " ".join(message.split()))
    Console(stderr=True, highlight=False).print(line, soft_wrap=True)


def figure(value: float | None) -> str:
    """Return a loss or a metric in four significant places or four decimals.

    >>> figure(0.98765), figure(1234.5), figure(0.00001234), figure(float("nan"))
    ('0.9877', '1,234', '1.234e-05', '-')
    """
    if value is None or math.isnan(value):
        return "-"
    size = abs(value)
    if size and (size < 1e-3 or size >= 1e7):
        return f"{value:.3e}"
    return f"{value:.4f}" if size < 10 else f"{value:.2f}" if size < 1000 else f"{value:,.0f}"


def counted(n: int, what: str) -> str:
    """Return a count with its noun.

    >>> counted(1, "feature"), counted(1200, "row")
    ('1 feature', '1,200 rows')
    """
    return f"{n:,} {what}{'' if n == 1 else 's'}"


class Screen:
    """The terminal's standard output; quiet, normal or verbose."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.console = Console(highlight=False, emoji=False)
        self.quiet, self.verbose = quiet, verbose

    def say(self, text: str | Text = "", style: str = "") -> None:
        """Write a line that wraps at words, unless the screen is quiet."""
        if not self.quiet:
            self.console.print(text if isinstance(text, Text) else Text(text, style))

    def facts(self, facts: Iterable[tuple[str, str]], *, always: bool = False) -> None:
        """Write "name   text" lines, the texts wrapped in a column of their own.

        A line never ends at a no-break space, which is written as a plain one.
        """
        if self.quiet and not always:
            return
        facts = list(facts)
        width = max(self.console.width - max(len(name) for name, _ in facts) - 2, 10)
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="bold cyan", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, text in facts:
            lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
            grid.add_row(Text(name), Text("\n".join(lines).replace(NO_BREAK, " ")))
        self.console.print(grid)

    def places(self, places: Iterable[tuple[str, Any]]) -> None:
        """Write "name   path" lines, also if the screen is quiet; a path is never broken."""
        for name, path in places:
            line = Text.assemble((f"{name:<10}", "bold cyan"), str(path))
            self.console.print(line, soft_wrap=True)

    def plain(self, text: str) -> None:
        """Write text as it is."""
        if not self.quiet:
            self.console.print(Text(text), soft_wrap=True)

    def results(self, parts: Mapping[str, tuple[int, Mapping[str, float | None]]], title: str = "") -> None:
        """Write a table of parts, their rows, loss and metrics."""
        if self.quiet:
            return
        names = list(dict.fromkeys(name for _, figures in parts.values() for name in figures))
        rows = [
            [part, f"{n:,}", *(figure(figures.get(name)) for name in names)]
            for part, (n, figures) in parts.items()
        ]
        self.table(["part", "rows", *names], rows, title=title)

    def table(
        self,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        title: str = "",
        left: Sequence[int] = (0,),
        wrap: Sequence[int] = (0,),
        bold: int | None = None,
    ) -> None:
        """Write a table: columns in `left` are text, the others numbers; those in `wrap` may be narrowed."""
        if title:
            self.console.print(Text(title, "bold cyan"))
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
        for i, name in enumerate(header):
            justify: Any = "left" if i in left else "right"
            table.add_column(Text(name), justify=justify, overflow="fold", no_wrap=i not in wrap)
        for i, row in enumerate(rows):
            table.add_row(*map(Text, row), style="bold" if i == bold else None)
        self.console.print(table)
