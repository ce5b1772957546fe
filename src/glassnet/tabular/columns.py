"""Tables of three sorts, one view: pyarrow tables, pandas data frames, mappings of columns.

Nothing here imports pandas or pyarrow for a table that does not come from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from glassnet.errors import DataError, MissingDependencyError
from glassnet.tabular.libraries import column_of_arrow, column_of_pandas, is_from
from glassnet.tabular.objects import column_of_array
from glassnet.tabular.view import Column, listed, shown

__all__ = ["Table", "column_names", "count_rows", "read_column", "read_columns", "take_rows"]

Table: TypeAlias = Any
"""A pyarrow Table or RecordBatch, a pandas DataFrame, a mapping from column name to sequence or
array, or an object of another library that speaks the Arrow C stream protocol (then pyarrow
reads it)."""


def column_names(table: Table) -> list[str]:
    """Return the names of a table's columns, in order, as strings.

    >>> column_names({"age": [31, 45], "city": ["Oslo", "Bergen"]})
    ['age', 'city']

    Raises:
        DataError: not a table, or two columns of one name.
    """
    return list(_raw_columns(table))


def read_columns(table: Table, names: Sequence[str] | None = None) -> list[Column]:
    """Return views of the named columns of a table; of all of them if no names are given.

    Raises:
        DataError: not a table, a name that the table lacks, columns of different lengths, or
            values that no network can take.
    """
    raw = _raw_columns(table)
    if names is not None:
        absent = [name for name in names if name not in raw]
        if absent:
            plural = "s" if len(absent) > 1 else ""
            raise DataError(
                f"The table lacks the column{plural} {listed(absent)}; it has {listed(list(raw)) or 'none'}."
            )
    columns = [column_of(name, raw[name]) for name in (raw if names is None else names)]
    for column in columns[1:]:
        if len(column) != len(columns[0]):
            raise DataError(
                f"Column {column.name!r} has {len(column)} rows, "
                f"but column {columns[0].name!r} has {len(columns[0])}."
            )
    return columns


def read_column(table: Table, name: str) -> Column:
    """Return the view of one column of a table; see :func:`read_columns`.

    >>> read_column({"age": [31, None, 45]}, "age").n_missing
    1
    """
    return read_columns(table, [name])[0]


def column_of(name: str, values: Any) -> Column:
    """Return the view of one column's values: a pandas, pyarrow or NumPy array, or a sequence."""
    if isinstance(values, Column):
        return values
    if is_from(values, "pandas", "Series", "Index"):
        return column_of_pandas(name, values)
    if is_from(values, "pyarrow", "Array", "ChunkedArray"):
        return column_of_arrow(name, values)
    return column_of_array(name, values)


def count_rows(table: Table) -> int:
    """Return how many rows a table has: the length of its first column, 0 without columns.

    >>> count_rows({"age": [31, 45], "city": ["Oslo", "Bergen"]})
    2
    """
    return next((len(values) for values in _raw_columns(table).values()), 0)


def take_rows(table: Table, rows: npt.NDArray[np.integer[Any]]) -> Table:
    """Return the table made of the given rows, in that order: of the same library, or a mapping.

    >>> take_rows({"age": [31, 45, 62]}, np.array([2, 0]))
    {'age': [62, 31]}
    """
    if is_from(table, "pandas", "DataFrame"):
        return table.iloc[rows]
    if is_from(table, "pyarrow", "Table", "RecordBatch"):
        return table.take(rows)
    return {name: _take(values, rows) for name, values in _raw_columns(table).items()}


def _take(values: Any, rows: npt.NDArray[np.integer[Any]]) -> Any:
    if isinstance(values, Column):
        return values.take(rows)
    if is_from(values, "pandas", "Series", "Index"):
        return values.take(rows)
    if is_from(values, "pyarrow", "Array", "ChunkedArray"):
        return values.take(rows)
    if hasattr(values, "__array__"):
        return values[rows]
    return [values[row] for row in rows]


def _raw_columns(table: Table) -> dict[str, Any]:
    """Return the table's own column objects by name."""
    if is_from(table, "pandas", "DataFrame"):
        labels: list[Any] = list(table.columns)
        values = [table.iloc[:, i] for i in range(len(labels))]
    elif is_from(table, "pyarrow", "Table", "RecordBatch"):
        labels, values = list(table.schema.names), list(table.columns)
    elif isinstance(table, Mapping):
        labels, values = list(table), list(table.values())
    elif hasattr(table, "__arrow_c_stream__"):
        return _raw_columns(_as_arrow(table))
    else:
        raise _no_table(table)
    raw = dict(zip(map(str, labels), values, strict=True))
    if len(raw) < len(labels):
        names = list(map(str, labels))
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"The table has more than one column named {shown(twice)}; rename one of them.")
    return raw


def _as_arrow(table: Any) -> Any:
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingDependencyError(
            f'Reading a {type(table).__name__} needs pyarrow: pip install "glassnet[data]".'
        ) from None
    try:
        return pa.table(table)
    except (pa.ArrowException, TypeError, ValueError):  # a stream of something else, such as one column
        raise _no_table(table) from None


def _no_table(value: Any) -> DataError:
    return DataError(
        "A table must be a pandas DataFrame, a pyarrow Table or a mapping from column name to values, "
        f"got {type(value).__name__}."
    )
