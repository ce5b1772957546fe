"""Checks at the door: arrays become what the engine takes, or a clear error says why not."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.errors import DataError, HyperparameterError, ShapeError

__all__ = ["as_features", "as_path", "as_weights", "require_finite"]


def as_features(X: Any, n_features: int | None, name: str = "X") -> AnyArray:
    """Return X as a numeric (n_samples, n_features) array, without copying where that is possible.

    Raises:
        ShapeError: not two-dimensional, no columns, or not `n_features` wide.
        DataError: values that are not numbers, NaN, or infinite.
    """
    array = np.asarray(X)
    if array.dtype.kind == "O":  # mixed columns of a DataFrame, or lists of unequal length
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
    require_finite(array, name)
    return array


def require_finite(array: AnyArray, name: str) -> None:
    """Raise DataError naming the first row and column of `array` that is NaN or infinite."""
    # The sum is finite unless an element is not, or the sum overflows: then look closely.
    if array.dtype.kind != "f" or array.size == 0:
        return
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(np.add.reduce(array, axis=None)):
            return
    for start in range(0, len(array), 65_536):
        bad = np.argwhere(~np.isfinite(array[start : start + 65_536]))
        if len(bad):
            place = bad[0]
            value = array[start : start + 65_536][tuple(place)]
            row = int(place[0]) + start
            column = f", column {int(place[1])}" if array.ndim > 1 else ""
            raise DataError(
                f"{name} holds {value} at row {row}{column} (counting from 0). "
                "Remove or fill missing and infinite values first."
            )


def as_weights(sample_weight: npt.ArrayLike | None, n_samples: int, dtype: npt.DTypeLike) -> Array | None:
    """Return sample weights as (n_samples,) of `dtype`, or None.

    Raises ShapeError for another length, DataError for negative, non-finite or all-zero weights.
    """
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight, dtype)
    if weights.shape != (n_samples,):
        raise ShapeError(f"sample_weight must have shape ({n_samples},), got {weights.shape}.")
    require_finite(weights, "sample_weight")
    if n_samples and weights.min() < 0:
        row = int(np.argmax(weights < 0))
        raise DataError(f"sample_weight must not be negative, got {weights[row]} at row {row}.")
    if n_samples and not weights.any():
        raise DataError("sample_weight is zero in every row: there is nothing to learn from.")
    return weights


def as_path(label: str, value: Any) -> Path:
    """Return `value` as a Path; HyperparameterError unless it can be one."""
    text = os.fsdecode(value) if isinstance(value, (str, os.PathLike)) else ""
    if not text or "\0" in text:
        raise HyperparameterError(f"{label} must be a path, got {value!r}.")
    return Path(text)
