"""Targets, predictions and weights, checked and in one form for all metrics."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.checks import as_weights, require_finite
from glassnet.errors import DataError, ShapeError

__all__ = ["Classified", "Rows", "classified", "paired", "values", "weighted_mean"]

_SUM_TOLERANCE = 1e-3
"""How far a row of soft targets may sum from 1; the losses allow the same."""


@dataclass(frozen=True)
class Rows:
    """Checked rows. Where no metric is defined, the weights are NaN, and so is every mean."""

    targets: AnyArray
    """As given, but (n,) if it was (n, 1)."""
    predictions: Array
    """(n, k)"""
    weights: Array
    """(n,) float64: ones if none were given; NaN if all are zero or a prediction is not finite."""

    def mean(self, quantity: AnyArray) -> float:
        """Return the weighted mean of one number (or truth) per row; NaN of no rows."""
        return float(weighted_mean(quantity, self.weights))

    def total(self, which: AnyArray) -> float:
        """Return the weight of the rows where `which` holds; NaN of no rows."""
        return float((self.weights * which).sum()) if len(self.weights) else math.nan

    @property
    def defined(self) -> bool:
        """Whether there are rows that count, all with finite predictions."""
        return len(self.weights) > 0 and not math.isnan(self.weights[0])


@dataclass(frozen=True)
class Classified(Rows):
    """Rows whose predictions are probabilities of classes."""

    kind: str
    """binary (k = 1), multiclass, or multilabel"""
    true: AnyArray
    """(n,) class of each row, or (n, k) zeros and ones if multilabel; int64."""
    decided: AnyArray
    """The same for the predictions: the most probable class, or every label above 0.5."""


def weighted_mean(quantity: AnyArray, weights: Array) -> AnyArray:
    """Return the mean over rows, sum_i w_i q_i / sum_i w_i, of each column; NaN of no rows."""
    if len(weights) == 0:
        return np.full(quantity.shape[1:], math.nan)
    columns = weights.reshape(-1, *[1] * (quantity.ndim - 1))
    with np.errstate(over="ignore", invalid="ignore"):
        mean: AnyArray = (columns * quantity).sum(axis=0) / weights.sum()
    return mean


def paired(targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None) -> Rows:
    """Check that targets, predictions and weights have the same rows and hold numbers."""
    given, predicted = np.asarray(targets), np.asarray(predictions)
    for name, array in (("Targets", given), ("Predictions", predicted)):
        if array.dtype.kind not in "fiub":
            raise DataError(f"{name} must hold numbers, got dtype {array.dtype}. Encode class names first.")
        if array.ndim not in (1, 2):
            raise ShapeError(f"{name} must have shape (n_samples,) or (n_samples, k), got {array.shape}.")
    if len(given) != len(predicted):
        raise ShapeError(f"{len(predicted)} rows of predictions but {len(given)} targets.")
    require_finite(given, "Targets")
    if given.ndim == 2 and given.shape[1] == 1:
        given = given[:, 0]
    if predicted.ndim == 1:
        predicted = predicted[:, None]
    if predicted.dtype.kind != "f":
        predicted = predicted.astype(np.float64)
    if predicted.shape[1] == 0:
        raise ShapeError(f"Predictions have no columns: their shape is {predicted.shape}.")
    return Rows(given, predicted, _weights(sample_weight, predicted))


def values(
    targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None
) -> tuple[Array, Array, Array]:
    """Return targets (n, k), predictions (n, k) and weights (n,) of a regression, in float64."""
    rows = paired(targets, predictions, sample_weight)
    given = rows.targets[:, None] if rows.targets.ndim == 1 else rows.targets
    if given.shape != rows.predictions.shape:
        raise ShapeError(
            f"Targets {np.shape(targets)} and predictions {np.shape(predictions)} must have the same shape."
        )
    return given.astype(np.float64), rows.predictions.astype(np.float64), rows.weights


def classified(
    targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None
) -> Classified:
    """Return the rows of a classification with its kind, the true classes and the decided ones.

    Ties go to the lower class, so a probability of exactly 0.5 decides for class 0.
    """
    rows = paired(targets, predictions, sample_weight)
    given, probabilities = rows.targets, rows.predictions
    n_columns = probabilities.shape[1]
    if given.ndim == 2 and given.shape[1] != n_columns:
        raise ShapeError(
            f"Targets {np.shape(targets)} do not fit predictions {np.shape(predictions)}: "
            "give labels (n,), or as many columns as the predictions have."
        )
    if given.ndim == 1 and n_columns > 1:
        kind, true = "multiclass", _labels(given, n_columns)
    else:
        _require_shares(given, n_columns)
        if given.ndim == 1:
            kind, true = "binary", given > 0.5
        elif (abs(given.sum(axis=1, dtype=np.float64) - 1) <= _SUM_TOLERANCE).all():
            kind, true = "multiclass", given.argmax(axis=1)
        else:
            kind, true = "multilabel", given > 0.5
    if kind == "multiclass":
        decided = probabilities.argmax(axis=1)
    else:
        decided = probabilities.reshape(true.shape) > 0.5
    return Classified(
        given, probabilities, rows.weights, kind, true.astype(np.int64), decided.astype(np.int64)
    )


def _weights(sample_weight: npt.ArrayLike | None, predicted: Array) -> Array:
    n_samples = len(predicted)
    undefined = np.full(n_samples, math.nan)
    if sample_weight is not None and np.shape(sample_weight) == (n_samples,) and not np.any(sample_weight):
        return undefined
    weights = as_weights(sample_weight, n_samples, np.float64)
    if not np.isfinite(predicted).all():
        return undefined
    return np.ones(n_samples) if weights is None else weights


def _labels(given: AnyArray, n_classes: int) -> AnyArray:
    labels = given.astype(np.int64)
    wrong = (labels != given) | (labels < 0) | (labels >= n_classes)
    if wrong.any():
        raise DataError(
            f"Labels must be whole numbers from 0 to {n_classes - 1} for {n_classes} columns of "
            f"probabilities, got {given[wrong][0]:g} in row {int(wrong.argmax())}."
        )
    return labels


def _require_shares(given: AnyArray, n_columns: int) -> None:
    if given.size and not (given.min() >= 0 and given.max() <= 1):
        columns = "one column" if n_columns == 1 else f"{n_columns} columns"
        hint = " Predictions of more classes need a column for each." if n_columns == 1 else ""
        raise DataError(
            f"Targets beside {columns} of probabilities must lie in [0, 1], "
            f"got {given.min():g} to {given.max():g}.{hint}"
        )
