"""Columns from NumPy arrays and from sequences of Python objects."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray
from glassnet.errors import DataError
from glassnet.tabular.view import Category, Column, at_row, shown, text_of

__all__ = ["column_of_array", "column_of_dates", "column_of_distinct", "column_of_durations", "unusable"]

MICROSECONDS_A_DAY = 86_400_000_000


def column_of_array(name: str, values: Any) -> Column:
    """Return the view of a one-dimensional array or sequence.

    NaN, NaT, None and masked entries are missing, and so is text that is empty or blank.

    Raises:
        DataError: not one-dimensional, or values that are neither numbers, booleans, text,
            dates nor durations.
    """
    if not hasattr(values, "__array__"):
        return _column_of_sequence(name, values)
    if isinstance(values, np.ma.MaskedArray):
        column = column_of_array(name, values.data)
        return _with_missing(column, column.missing | np.ma.getmaskarray(values))
    array = np.asarray(values)
    if array.ndim != 1:
        raise DataError(f"Column {name!r} must be one-dimensional, got shape {array.shape}.")
    kind = array.dtype.kind
    if kind == "b":
        return Column(name, "boolean", array, np.zeros(len(array), bool))
    if kind in "iu":
        return Column(name, "number", array, np.zeros(len(array), bool))
    if kind == "f":
        return Column(name, "number", array, np.isnan(array))
    if kind == "M":
        return column_of_dates(name, array)
    if kind == "m":
        return column_of_durations(name, array)
    if kind in "OUT":
        return _column_of_objects(name, array.tolist())
    raise unusable(name, str(array.dtype))


def column_of_dates(name: str, values: npt.NDArray[np.datetime64]) -> Column:
    """Return a datetime column of an array of datetime64, read as UTC, rounded down to microseconds."""
    missing = np.isnat(values)
    days = values.astype("datetime64[us]").view(np.int64) / MICROSECONDS_A_DAY
    days[missing] = np.nan
    return Column(name, "datetime", days, missing)


def column_of_durations(name: str, values: npt.NDArray[np.timedelta64]) -> Column:
    """Return a number column, in seconds, of an array of timedelta64."""
    if np.datetime_data(values.dtype)[0] in ("Y", "M"):
        raise DataError(f"Column {name!r} holds durations in months or years, which have no fixed length.")
    seconds = values.astype("timedelta64[us]").view(np.int64) / 1_000_000
    return Column(name, "number", seconds, np.isnat(values))


def column_of_distinct(
    name: str, distinct: Sequence[Any], codes: AnyArray, *, declared: bool = False
) -> Column:
    """Return the column whose row i holds ``distinct[codes[i]]``, missing where the code is -1.

    Args:
        name: of the column.
        distinct: Python objects, each once; those that mean "missing" are taken out.
        codes: (n_rows,) integers.
        declared: whether the table says that these are categories; else their type tells the kind.
    """
    absent = np.array([_is_missing(value) for value in distinct] + [True])
    missing = absent[codes]
    if missing.all():
        return Column(name, "empty", np.zeros(len(codes)), missing)
    codes = np.where(absent, -1, np.cumsum(~absent) - 1)[codes]
    present = [value for value, gone in zip(distinct, absent, strict=False) if not gone]
    if declared:
        return _coded(name, "category", _categories(name, present), codes, missing)
    kinds = {_kind_of_type(name, cls) for cls in set(map(type, present))}
    if kinds == {"boolean"}:
        return Column(name, "boolean", np.array(present, dtype=bool)[codes], missing)
    if kinds <= {"number", "boolean"}:
        return Column(name, "number", _reals(name, present)[codes], missing)
    if kinds <= {"text", "number", "boolean"}:
        return _coded(name, "text", tuple(map(text_of, present)), codes, missing)
    if kinds == {"datetime"}:
        days = column_of_dates(name, np.array([_utc(value) for value in present], "datetime64[us]")).values
        return Column(name, "datetime", np.where(missing, np.nan, days[codes]), missing)
    if kinds == {"duration"}:
        seconds = column_of_durations(name, np.array([_span(value) for value in present], "timedelta64[us]"))
        return Column(name, "number", seconds.values[codes], missing)
    raise DataError(f"Column {name!r} mixes {' and '.join(sorted(kinds))} values; make them all of one kind.")


def unusable(name: str, what: str) -> DataError:
    """Return the error for a column of values that no feature can be made of."""
    return DataError(
        f"Column {name!r} holds {what}; a column holds numbers, booleans, text, dates or durations. "
        "Convert or drop it."
    )


def _column_of_sequence(name: str, values: Any) -> Column:
    if isinstance(values, (str, bytes, Mapping, Set)) or not hasattr(values, "__len__"):
        raise DataError(f"Column {name!r} must be a sequence or an array, got {shown(values)}.")
    items = list(values)
    types = set(map(type, items))
    if types <= {int, float} or types == {bool}:
        array = np.array(items, dtype=None if items else object)
        if array.dtype.kind != "O":  # integers beyond 64 bits stay objects
            return column_of_array(name, array)
    return _column_of_objects(name, items)


def _column_of_objects(name: str, items: list[Any]) -> Column:
    try:
        distinct = list(dict.fromkeys(items))
    except TypeError:
        row, bad = next((i, item) for i, item in enumerate(items) if not _is_hashable(item))
        raise unusable(name, f"{type(bad).__name__} values, the first at {at_row(row)}") from None
    position = {value: i for i, value in enumerate(distinct)}
    codes = np.fromiter(map(position.__getitem__, items), np.intp, len(items))
    return column_of_distinct(name, distinct, codes)


def _is_hashable(item: Any) -> bool:
    try:
        hash(item)
    except TypeError:
        return False
    return True


def _is_missing(value: Any) -> bool:
    if isinstance(value, str):
        return not value or value.isspace()
    if value is None or type(value).__name__ in ("NAType", "NaTType", "MaskedConstant"):
        return True
    return bool(value != value)


def _kind_of_type(name: str, cls: type[Any]) -> str:
    """Return the kind that values of a Python type make a column."""
    if issubclass(cls, (bool, np.bool_)):
        return "boolean"
    if issubclass(cls, (timedelta, np.timedelta64, time)):  # before numbers: timedelta64 is an integer there
        return "duration"
    if issubclass(cls, (numbers.Real, Decimal)):
        return "number"
    if issubclass(cls, str):
        return "text"
    if issubclass(cls, (date, np.datetime64)):
        return "datetime"
    raise unusable(name, f"{cls.__name__} values")


def _coded(name: str, kind: Any, categories: Iterable[Category], codes: AnyArray, missing: Any) -> Column:
    """Return a column of codes, those of equal categories made one."""
    position: dict[Category, int] = {}
    merged = [position.setdefault(category, len(position)) for category in categories]
    if len(position) < len(merged):
        codes = np.array([*merged, -1])[codes]
    return Column(name, kind, codes, missing, tuple(position))


def _categories(name: str, present: list[Any]) -> tuple[Category, ...]:
    """Return declared categories as plain str, int, float or bool, all of one type (mixed ones as text)."""
    items = [item.item() if isinstance(item, np.generic) else item for item in present]
    for plain in (bool, int, float):
        if all(type(item) is plain for item in items):
            if plain is float and not all(map(math.isfinite, items)):
                raise DataError(
                    f"Column {name!r} has an infinite category; give it a finite value or a text."
                )
            return tuple(items)
    return tuple(map(text_of, items))


def _reals(name: str, present: list[Any]) -> AnyArray:
    if all(type(value) is int for value in present):
        array = np.array(present)
        if array.dtype.kind in "iu":
            return array
    try:
        return np.array([float(value) for value in present])
    except OverflowError:
        raise DataError(f"Column {name!r} holds an integer too large for a 64-bit float.") from None


def _utc(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return np.datetime64(value.astimezone(UTC).replace(tzinfo=None), "us")
    return np.datetime64(value, "us")


def _span(value: Any) -> Any:
    if isinstance(value, time):
        value = timedelta(
            hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
        )
    return np.timedelta64(value, "us")


def _with_missing(column: Column, missing: Any) -> Column:
    if missing.all():
        return Column(column.name, "empty", np.zeros(len(column)), missing)
    values = column.values
    if column.is_coded:
        values = np.where(missing, -1, values)
    elif column.kind == "datetime":
        values = np.where(missing, np.nan, values)
    return Column(column.name, column.kind, values, missing, column.categories)
