"""The uniform view of one column that everything else in this package works on."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray

__all__ = ["Category", "Column", "Kind", "Mask", "at_row", "listed", "shown", "spellings", "text_of"]

Kind: TypeAlias = Literal["number", "boolean", "category", "text", "datetime", "empty"]
"""What a column holds. "text" is not settled yet: its values may all be numbers or dates."""

Category: TypeAlias = str | int | float | bool
"""One value of a category column; those of one column are all of one type."""

Mask: TypeAlias = npt.NDArray[np.bool_]

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60


@dataclass(frozen=True, eq=False)
class Column:
    """One column: a name, a kind, the values as an array, and which rows are missing.

    =========  ========================================================================
    kind       values
    =========  ========================================================================
    number     integers or floats, anything at missing rows
    boolean    bool, anything at missing rows
    category   integer codes into `categories`, -1 at missing rows
    text       as category; strings that nobody declared to be categories
    datetime   float64 days since 1970-01-01 00:00 UTC, NaN at missing rows
    empty      zeros: no value is present, so nothing tells the kind
    =========  ========================================================================
    """

    name: str
    kind: Kind
    values: AnyArray
    missing: Mask
    categories: tuple[Category, ...] = ()
    rows: npt.NDArray[np.intp] | None = None
    """Which rows of the table these are, for errors; None for all of them."""

    def __len__(self) -> int:
        return len(self.values)

    @property
    def is_coded(self) -> bool:
        """Whether `values` are codes into `categories`."""
        return self.kind in ("category", "text")

    @property
    def n_missing(self) -> int:
        """How many rows have no value."""
        return int(np.count_nonzero(self.missing))

    def coded(self) -> tuple[tuple[Category, ...], AnyArray]:
        """Return the distinct values and, per row, the index into them (-1 where missing)."""
        if self.is_coded:
            return self.categories, self.values
        codes = np.full(len(self), -1, np.intp)
        distinct, codes[~self.missing] = np.unique(self.values[~self.missing], return_inverse=True)
        return tuple(distinct.tolist()), codes

    def take(self, rows: npt.NDArray[np.integer[Any]]) -> Column:
        """Return some of the rows, which keep their numbers; text that none of them holds is forgotten."""
        values = self.values[rows]
        origin = np.asarray(rows, np.intp) if self.rows is None else self.rows[rows]
        taken = replace(self, values=values, missing=self.missing[rows], rows=origin)
        if self.kind != "text":
            return taken
        used, codes = np.unique(values, return_inverse=True)
        gone = int(len(used) > 0 and used[0] < 0)  # missing rows stay -1
        kept = tuple(self.categories[code] for code in used[gone:])
        return replace(taken, values=codes - gone, categories=kept)

    def place(self, where: Mask) -> str:
        """Return the first row of a mask, as error messages name it."""
        row = int(np.argmax(where))
        return at_row(row if self.rows is None else int(self.rows[row]))

    def first(self, where: Mask) -> tuple[str, str]:
        """Return the first row of a mask and the value there, as error messages show them."""
        value = self.values[int(np.argmax(where))]
        return self.place(where), shown(self.categories[value] if self.is_coded else value.item())


def at_row(row: int) -> str:
    """Return how error messages name a row."""
    return f"row {row} (counting from 0)"


def shown(value: Any) -> str:
    """Return a value as error messages show it: its repr, of bounded length."""
    return _SHORT.repr(value)


def listed(names: list[str] | tuple[str, ...], most: int = 10) -> str:
    """Return quoted names with commas between them, the first few of many."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(shown, names[:most])) + more


def text_of(value: Any) -> str:
    """Return the one spelling by which values are compared: 1, 1.0 and "1" are the same category."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return str(value)


def spellings(value: Category) -> Iterator[str]:
    """Yield the texts that a value may have had in the training table, likeliest first.

    A file reader guesses the types of every file afresh: where all rows happen to say "1" or
    "true", a column of text comes as the number 1 or as True.
    """
    yield text_of(value)
    if isinstance(value, bool):
        yield str(value).lower()
        yield str(value).upper()
    elif isinstance(value, float):
        yield str(value)
