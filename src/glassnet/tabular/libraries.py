"""Columns from pandas and pyarrow objects; neither library is imported unless such an object comes in."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet._typing import AnyArray
from glassnet.tabular.objects import (
    column_of_array,
    column_of_dates,
    column_of_distinct,
    column_of_durations,
    unusable,
)
from glassnet.tabular.view import Column

__all__ = ["column_of_arrow", "column_of_pandas", "is_from"]


def is_from(value: Any, library: str, *class_names: str) -> bool:
    """Return whether a value is of one of a library's classes, without importing the library."""
    return any(
        cls.__name__ in class_names and cls.__module__.partition(".")[0] == library
        for cls in type(value).__mro__
    )


def column_of_pandas(name: str, series: Any) -> Column:
    """Return the view of a pandas Series or Index, whichever of pandas' many array types it holds."""
    dtype = series.dtype
    family = type(dtype).__name__
    if family == "CategoricalDtype":
        categorical = series.array
        distinct = categorical.categories.astype(object).tolist()
        return column_of_distinct(name, distinct, np.asarray(categorical.codes, np.intp), declared=True)
    if family == "ArrowDtype" or (family == "StringDtype" and dtype.storage == "pyarrow"):
        return column_of_arrow(name, series.array.__arrow_array__())
    if family == "DatetimeTZDtype":
        return column_of_dates(name, series.array.tz_convert(None).to_numpy())
    if family == "PeriodDtype":
        return column_of_dates(name, series.array.to_timestamp().to_numpy())
    if isinstance(dtype, np.dtype) or family == "SparseDtype":
        return column_of_array(name, np.asarray(series))
    if dtype.kind in "biuf":  # nullable numbers and booleans
        missing = np.asarray(series.isna(), bool)
        values = series.to_numpy(dtype=dtype.kind + str(np.dtype(dtype.type).itemsize), na_value=0)
        return Column(name, "boolean" if dtype.kind == "b" else "number", values, missing)
    return column_of_array(name, series.to_numpy(dtype=object))


def column_of_arrow(name: str, values: Any) -> Column:
    """Return the view of a pyarrow Array or ChunkedArray."""
    import pyarrow as pa

    kind = values.type
    if isinstance(values, pa.ChunkedArray):
        if pa.types.is_dictionary(kind):
            values = values.unify_dictionaries()
        values = values.combine_chunks()
    if isinstance(values, pa.ChunkedArray):  # older versions give no single array for some types
        values = values.chunk(0) if values.num_chunks else pa.array([], kind)
    if isinstance(kind, pa.BaseExtensionType):
        return column_of_arrow(name, values.storage)
    missing = np.asarray(values.is_null().to_numpy(zero_copy_only=False), bool)
    if pa.types.is_null(kind):
        return Column(name, "empty", np.zeros(len(values)), missing)
    if pa.types.is_dictionary(kind):
        codes = values.indices.fill_null(0).cast(pa.int64()).to_numpy(zero_copy_only=False)
        distinct = values.dictionary.to_pylist()
        return column_of_distinct(name, distinct, np.where(missing, -1, codes), declared=True)
    if _is_text(kind):
        encoded = values.dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return column_of_distinct(name, encoded.dictionary.to_pylist(), codes)
    if pa.types.is_boolean(kind):
        flags = values.fill_null(False).to_numpy(zero_copy_only=False)
        return Column(name, "boolean", flags, missing)
    if pa.types.is_decimal(kind):
        values = values.cast(pa.float64(), safe=False)
    elif pa.types.is_temporal(kind) and not pa.types.is_interval(kind):
        return _arrow_times(name, values, missing)
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise unusable(name, f"{kind} values")
    reals = values.fill_null(0).to_numpy(zero_copy_only=False)
    if reals.dtype.kind == "f":
        missing = missing | np.isnan(reals)
    return Column(name, "number", reals, missing)


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    is_view = getattr(pa.types, "is_string_view", lambda _: False)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or is_view(kind))


def _arrow_times(name: str, values: Any, missing: AnyArray) -> Column:
    """Return dates and timestamps as a datetime column, durations and times of day as seconds."""
    import pyarrow as pa

    kind = values.type
    unit = "D" if pa.types.is_date32(kind) else "ms" if pa.types.is_date64(kind) else kind.unit
    narrow = pa.int32() if kind.bit_width == 32 else pa.int64()
    counts = values.cast(narrow).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    is_date = pa.types.is_date(kind) or pa.types.is_timestamp(kind)
    stamps = counts.view(f"{'datetime64' if is_date else 'timedelta64'}[{unit}]")
    stamps = np.where(missing, np.array("NaT", stamps.dtype), stamps)
    return column_of_dates(name, stamps) if is_date else column_of_durations(name, stamps)
