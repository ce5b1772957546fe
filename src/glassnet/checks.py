"""Checks at the door: arrays become what the engine takes, or a clear error says why not."""

from __future__ import annotations

import contextlib
import math
import operator
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.errors import DataError, HyperparameterError, ShapeError

__all__ = [
    "as_array",
    "as_dtype",
    "as_features",
    "as_path",
    "as_seed",
    "as_weights",
    "looks_finite",
    "require_finite",
]


def as_array(values: Any, name: str) -> AnyArray:
    """Return `values` as an array; DataError for rows of unequal length."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise DataError(f"{name} must have rows of equal length: {error}.") from None


def as_features(
    X: Any,
    n_features: int | None,
    name: str = "X",
    dtype: npt.DTypeLike | None = None,
    *,
    finite: bool = True,
) -> AnyArray:
    """Return X as a numeric (n_samples, n_features) array, without copying where that is possible.

    With `dtype`, the one the network computes in, values must lie in its range; with `finite=False`
    values are not looked at, because the pass will.

    Raises:
        ShapeError: not two-dimensional, no columns, or not `n_features` wide.
        DataError: values that are not numbers, NaN, infinite, or beyond `dtype`.
    """
    if hasattr(X, "toarray"):
        raise DataError(
            f"{name} is sparse: give {name}.toarray(). "
            "gn.MLPClassifier and gn.MLPRegressor take sparse data as it is."
        )
    array = as_array(X, name)
    if array.dtype.kind == "O":  # mixed columns of a DataFrame
        with contextlib.suppress(TypeError, ValueError):
            array = np.asarray(X, np.float64)
    if array.dtype.kind not in "fiub":
        raise DataError(
            f"{name} must hold numbers, got dtype {array.dtype}. "
            "Encode text and dates first, with gn.tabular.TabularEncoder."
        )
    if array.ndim != 2:
        hint = " One row? Write X.reshape(1, -1). One column? X.reshape(-1, 1)." if array.ndim == 1 else ""
        raise ShapeError(f"{name} must have shape (n_samples, n_features), got {array.shape}.{hint}")
    if n_features is not None and array.shape[1] != n_features:
        raise ShapeError(f"{name} has {array.shape[1]} features, but the network takes {n_features}.")
    if array.shape[1] == 0:
        raise ShapeError(f"{name} has no columns.")
    if finite:
        require_finite(array, name)
    if dtype is not None:
        _require_in_range(array, name, np.dtype(dtype))
    return array


def looks_finite(array: Array) -> bool:
    """Tell at once that every element is finite; False only says that one should look closely."""
    if array.flags.c_contiguous and array.dtype.kind == "f":
        flat = array.reshape(-1)
        with np.errstate(over="ignore", invalid="ignore"):
            return math.isfinite(np.dot(flat, flat))  # no temporary array
    return array.size < 65_536 and bool(np.isfinite(array).all())


def require_finite(array: AnyArray, name: str) -> None:
    """Raise DataError naming the first row and column of `array` that is NaN or infinite."""
    if array.dtype.kind != "f" or looks_finite(array):
        return
    for start in range(0, len(array), 65_536):
        block = array[start : start + 65_536]
        bad = np.argwhere(~np.isfinite(block))
        if len(bad):
            place = bad[0]
            row = int(place[0]) + start
            column = f", column {int(place[1])}" if array.ndim > 1 else ""
            raise DataError(
                f"{name} holds {block[tuple(place)]} at row {row}{column} (counting from 0). "
                "Remove or fill missing and infinite values first."
            )


def _require_in_range(array: AnyArray, name: str, dtype: np.dtype[Any]) -> None:
    if array.dtype.kind != "f" or array.dtype.itemsize <= dtype.itemsize or array.size == 0:
        return
    limit = float(np.finfo(dtype).max)
    peak = max(float(array.max()), -float(array.min()))
    if peak > limit:
        raise DataError(
            f"{name} holds values up to {peak:g}, beyond what {dtype} can hold ({limit:g}). "
            "Scale the data, or build the network with dtype='float64'."
        )


def as_weights(sample_weight: npt.ArrayLike | None, n_samples: int, dtype: npt.DTypeLike) -> Array | None:
    """Return sample weights as (n_samples,) of `dtype`, or None.

    Raises ShapeError for another length, DataError for weights that are no numbers, negative,
    non-finite, or all zero.
    """
    if sample_weight is None:
        return None
    given = as_array(sample_weight, "sample_weight")
    if given.dtype.kind not in "fiub":
        raise DataError(f"sample_weight must hold numbers, got dtype {given.dtype}.")
    if given.shape != (n_samples,):
        raise ShapeError(f"sample_weight must have shape ({n_samples},), got {given.shape}.")
    require_finite(given, "sample_weight")
    if n_samples and given.min() < 0:
        row = int(np.argmax(given < 0))
        raise DataError(f"sample_weight must not be negative, got {given[row]} at row {row}.")
    if n_samples and not given.any():
        raise DataError("sample_weight is zero in every row: there is nothing to learn from.")
    if n_samples and float(given.max()) * n_samples > float(np.finfo(dtype).max):
        given = given / given.max()  # only their ratios count; now their sum is finite
    return given.astype(dtype, copy=False)


def as_path(label: str, value: Any) -> Path:
    """Return `value` as a Path; HyperparameterError unless it can be one."""
    text = os.fsdecode(value) if isinstance(value, (str, os.PathLike)) else ""
    if not text or "\0" in text:
        raise HyperparameterError(f"{label} must be a path, got {value!r}.")
    return Path(text)


def as_seed(seed: int | None) -> int:
    """Return the seed, one drawn for None; HyperparameterError for what is none."""
    if seed is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint64)[0])
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if number < 0 or isinstance(seed, bool):
        raise HyperparameterError(
            f"Network seed must be a whole number of at least 0, or None, got {seed!r}."
        )
    return number


def as_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    """Return float32 or float64 as a dtype; HyperparameterError for another."""
    try:
        checked = np.dtype(dtype)
    except (TypeError, SyntaxError, ValueError):
        checked = np.dtype(object)
    if checked not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise HyperparameterError(f"Network dtype must be float32 or float64, got {dtype!r}.")
    return checked
