"""Targets at the door: checked once, and brought into the form that a loss computes with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.checks import require_finite
from glassnet.errors import DataError, ShapeError

__all__ = [
    "binary_targets",
    "class_targets",
    "distribution_targets",
    "first_place",
    "real_targets",
    "require_several_outputs",
]

_SUM_TOLERANCE = 1e-3
"""How far the probabilities of a row may sum from 1."""


def real_targets(owner: str, targets: npt.ArrayLike, n_columns: int, dtype: npt.DTypeLike) -> Array:
    """Return finite numbers as (n_samples, n_columns); (n_samples,) will do for one column."""
    return _converted(owner, _columns(owner, _numbers(owner, targets), n_columns), dtype)


def binary_targets(owner: str, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> Array:
    """Return 0, 1 or a probability between for each output: (n_samples, n_outputs)."""
    array = _numbers(owner, targets)
    hint = ""
    if array.ndim == 1 and n_outputs > 1:
        hint = " For one label per sample out of several classes use a categorical cross-entropy."
    array = _converted(owner, _columns(owner, array, n_outputs, hint), dtype)
    _require_probabilities(owner, array, "0, 1 or a probability between")
    return array


def class_targets(owner: str, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> AnyArray:
    """Return labels as int64 (n_samples,), or one-hot and soft targets as (n_samples, n_outputs)."""
    array = _numbers(owner, targets)
    if array.ndim == 2 and array.shape[1] == n_outputs:
        return distribution_targets(owner, array, n_outputs, dtype)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ShapeError(
            f"{owner} targets must be labels of shape (n_samples,) or probabilities of shape "
            f"(n_samples, {n_outputs}), got {array.shape}."
        )
    outside = ~((array >= 0) & (array < n_outputs))
    if array.dtype.kind == "f":
        outside |= array != np.floor(array)
    if outside.any():
        row = int(np.argmax(outside))
        raise DataError(
            f"{owner} labels must be integers from 0 to {n_outputs - 1} for n_outputs={n_outputs}, "
            f"got {array[row]} at row {row} (counting from 0)."
        )
    return np.ascontiguousarray(array, np.int64)


def distribution_targets(owner: str, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> Array:
    """Return rows of probabilities, each summing to 1 within 0.001: (n_samples, n_outputs)."""
    array = _numbers(owner, targets)
    if array.ndim != 2 or array.shape[1] != n_outputs:
        raise ShapeError(
            f"{owner} targets must be probabilities of shape (n_samples, {n_outputs}), got {array.shape}."
        )
    array = _converted(owner, array, dtype)
    _require_probabilities(owner, array, "probabilities")
    sums = np.add.reduce(array, axis=1, dtype=np.float64)
    wrong = np.abs(sums - 1) > _SUM_TOLERANCE
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{owner} targets must sum to 1 in every row, got the sum {sums[row]:g} at row {row} "
            "(counting from 0). Several classes at once? Use a sigmoid or binary cross-entropy."
        )
    return array


def require_several_outputs(owner: str, n_outputs: int, instead: str) -> None:
    """Raise ShapeError for one output, whose softmax is 1 whatever the network says."""
    if n_outputs < 2:
        raise ShapeError(
            f"{owner} needs one output per class, at least 2; got n_outputs={n_outputs}. "
            f"For two classes on one output use {instead}."
        )


def first_place(mask: AnyArray) -> tuple[int, int]:
    """Return row and column of the first True of a (n, k) mask that has one."""
    row, column = divmod(int(np.argmax(mask)), mask.shape[1])
    return row, column


def _numbers(owner: str, targets: npt.ArrayLike) -> AnyArray:
    try:
        array = np.asarray(targets)
        if array.dtype.kind == "O" and not any(isinstance(item, str | bytes) for item in array.flat):
            array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{owner} targets must be an array of numbers: {error}.") from error
    if array.dtype.kind not in "biuf":
        raise DataError(
            f"{owner} targets must be numbers, got dtype {array.dtype}. "
            "Class names? Turn them into integers from 0 first, with np.unique(y, return_inverse=True)."
        )
    return array


def _columns(owner: str, array: AnyArray, n_columns: int, hint: str = "") -> AnyArray:
    if array.ndim == 1 and n_columns == 1:
        return array[:, None]
    if array.ndim != 2 or array.shape[1] != n_columns:
        expected = f"(n_samples, {n_columns})" + (" or (n_samples,)" if n_columns == 1 else "")
        raise ShapeError(f"{owner} targets must have shape {expected}, got {array.shape}.{hint}")
    return array


def _converted(owner: str, array: AnyArray, dtype: npt.DTypeLike) -> Array:
    with np.errstate(over="ignore"):
        converted: Array = np.ascontiguousarray(array, dtype)
    require_finite(converted, f"{owner} targets")
    return converted


def _require_probabilities(owner: str, array: Array, what: str) -> None:
    outside = (array < 0) | (array > 1)
    if outside.any():
        row, column = first_place(outside)
        raise DataError(
            f"{owner} targets must be {what}, in [0, 1]; got {array[row, column]} at row {row}, "
            f"column {column} (counting from 0)."
        )
