"""From what a table holds to what an encoder needs: kinds settled in training, kept at prediction."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from glassnet._typing import AnyArray
from glassnet.errors import DataError
from glassnet.tabular.objects import column_of_dates
from glassnet.tabular.view import Category, Column, Kind, spellings, text_of

__all__ = ["category_codes", "category_index", "coerce", "parse_number", "settle", "strays"]

_MOSTLY = 0.9
"""Share of a text column's values from which on, if numbers, the others look like slips."""

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")

_WHAT: dict[Kind, str] = {"number": "numbers", "boolean": "true or false", "datetime": "dates"}


def settle(column: Column) -> Column:
    """Return a column whose text has become what it says, for training.

    Text every value of which reads as a number ("12.5", " 3 ", "1e-3") becomes a number column;
    text every value of which is an ISO 8601 date ("2024-02-29", "2024-02-29T12:00:00Z") a datetime
    column; any other text a category column. Declared categories stay what they are.
    """
    if column.kind != "text":
        return column
    for kind, parse in (("number", parse_number), ("datetime", _parse_date)):
        parsed: list[Any] = []
        for text in column.categories:
            value = parse(text_of(text))
            if value is None:
                break
            parsed.append(value)
        else:
            return _from_parsed(column, kind, parsed)
    return replace(column, kind="category")


def strays(column: Column) -> str:
    """Return a sentence on the few values that keep a column from being numbers; none if it is no such.

    "59 of 60 values of 'b' are numbers, but 'oops' in row 39 (counting from 0) is not", for a column
    of text nine tenths or more of whose values read as numbers.
    """
    if not column.is_coded or not all(isinstance(value, str) for value in column.categories):
        return ""
    odd = np.array([parse_number(str(text)) is None for text in column.categories] + [False])[column.values]
    n_odd, n = int(np.count_nonzero(odd)), len(column) - column.n_missing
    if not n_odd or n - n_odd < _MOSTLY * n:
        return ""
    row, value = column.first(odd)
    which = f"{value} in {row} is not" if n_odd == 1 else f"{n_odd:,} are not, such as {value} in {row}"
    return f"{n - n_odd:,} of {n:,} values of {column.name!r} are numbers, but {which}"


def coerce(column: Column, kind: Kind, rule: str = "") -> Column:
    """Return a column as the kind that it had in training, for prediction.

    Numbers take booleans and text that reads as a number; booleans take 0, 1 and the texts "true"
    and "false"; dates take ISO 8601 text; categories take numbers, booleans and text, compared by
    their spelling. A column without any value fits every kind. The `rule` that errors state is
    "held numbers in training" or the like unless given.

    Raises:
        DataError: a value that does not fit; the message names column, row and value.
    """
    rule = rule or f"held {_held(kind)} in training"
    if column.missing.all():
        return _all_missing(column, kind)
    if column.kind == kind or (kind == "category" and column.kind in ("text", "number", "boolean")):
        return column
    if column.is_coded and kind in _WHAT:
        parse = {"number": parse_number, "boolean": _parse_flag, "datetime": _parse_date}[kind]
        parsed = [parse(text_of(category)) for category in column.categories]
        bad = np.array([value is None for value in parsed] + [False])[column.values]
        if bad.any():
            raise _misfit(column, rule, bad)
        return _from_parsed(column, kind, parsed)
    if kind == "number" and column.kind == "boolean":
        return replace(column, kind=kind, values=column.values.astype(np.float64))
    if kind == "boolean" and column.kind == "number":
        bad = (column.values != 0) & (column.values != 1) & ~column.missing
        if bad.any():
            raise _misfit(column, rule, bad)
        return replace(column, kind=kind, values=column.values == 1)
    raise DataError(f"Column {column.name!r} {rule}, but it holds {_held(column.kind)}.")


def category_codes(column: Column, index: dict[str, int]) -> tuple[AnyArray, AnyArray]:
    """Return the rows' positions among known categories, and a mask of the rows that have none.

    Args:
        column: of kind category, text, number or boolean.
        index: the known categories' spellings (:func:`text_of`) with their positions.

    Returns:
        (n_rows,) positions, -1 for missing and for unknown values; (n_rows,) whether unknown.
    """
    distinct, codes = column.coded()
    known = [next((index[s] for s in spellings(value) if s in index), -1) for value in distinct]
    positions = np.array([*known, -1], np.intp)[codes]
    return positions, (positions < 0) & ~column.missing


def category_index(categories: Sequence[Category]) -> dict[str, int]:
    """Return each category's spelling with its position."""
    return {text_of(category): i for i, category in enumerate(categories)}


def _held(kind: Kind) -> str:
    return _WHAT.get(kind, "categories")


def _misfit(column: Column, rule: str, bad: AnyArray) -> DataError:
    row, value = column.first(bad)
    return DataError(f"Column {column.name!r} {rule}, but {row} holds {value}.")


def _all_missing(column: Column, kind: Kind) -> Column:
    if kind == "category":
        return replace(column, kind=kind, values=np.full(len(column), -1), categories=())
    values = np.zeros(len(column), bool) if kind == "boolean" else np.full(len(column), np.nan)
    return replace(column, kind=kind, values=values, categories=())


def _from_parsed(column: Column, kind: Any, parsed: list[Any]) -> Column:
    if kind == "boolean":
        flags = np.array(parsed, bool)[column.values]
        return replace(column, kind=kind, values=flags, categories=())
    if kind == "datetime":
        stamps = np.array([*parsed, np.datetime64("NaT")], "datetime64[us]")
        values = column_of_dates(column.name, stamps).values[column.values]
    else:
        values = np.array([*parsed, math.nan], np.float64)[column.values]
    return replace(column, kind=kind, values=values, missing=np.isnan(values), categories=())


def parse_number(text: str) -> float | None:
    """Return the number that a text reads as, None if it reads as none."""
    if "_" in text:  # Python's own grouping, which no table means
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _parse_flag(text: str) -> bool | None:
    return {"true": True, "false": False, "1": True, "0": False}.get(text.strip().lower())


def _parse_date(text: str) -> Any:
    text = text.strip()
    if not _ISO_DATE.fullmatch(text):
        return None
    try:
        stamp = datetime.fromisoformat(text)
        if stamp.tzinfo is not None:
            stamp = stamp.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    return np.datetime64(stamp, "us")
