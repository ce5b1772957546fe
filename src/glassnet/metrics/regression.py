"""Metrics of values. With several outputs each is computed per output and averaged evenly."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from glassnet._typing import Array
from glassnet.metrics.rows import values, weighted_mean

__all__ = ["mae", "mse", "r2", "rmse"]


def mse(
    targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
) -> float:
    """Return the mean squared error, mean_i (y_i - p_i)^2; lower is better.

    Args:
        targets: (n,) or (n, k) values.
        predictions: (n, 1) or (n, k).
        sample_weight: (n,), not negative; None means all equal.

    Raises:
        ShapeError, DataError: arrays that do not fit each other.

    >>> mse([1.0, 2.0], [[1.0], [4.0]])
    2.0
    """
    return _evenly(_squared_errors(targets, predictions, sample_weight))


def rmse(
    targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
) -> float:
    """Return the root of the mean squared error; lower is better.

    With several outputs it is the mean of the outputs' roots, as in scikit-learn, not the root of
    the mean. Arguments and errors are those of :func:`mse`.

    >>> rmse([1.0, 2.0], [[1.0], [4.0]]) ** 2
    2.0000000000000004
    """
    return _evenly(np.sqrt(_squared_errors(targets, predictions, sample_weight)))


def mae(
    targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
) -> float:
    """Return the mean absolute error, mean_i |y_i - p_i|; lower is better.

    Arguments and errors are those of :func:`mse`.

    >>> mae([1.0, 2.0], [[1.0], [4.0]])
    1.0
    """
    given, predicted, weights = values(targets, predictions, sample_weight)
    return _evenly(weighted_mean(np.abs(given - predicted), weights))


def r2(
    targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
) -> float:
    """Return the coefficient of determination, 1 - sum (y - p)^2 / sum (y - mean(y))^2.

    1 is perfect, 0 is what the (weighted) mean of the targets reaches; there is no lower bound.
    Where the targets of an output are constant it is 1 if the predictions are perfect and 0
    otherwise, as in scikit-learn. Of a single row it is NaN. Arguments and errors are those of
    :func:`mse`.

    >>> r2([1.0, 2.0, 3.0], [[1.0], [2.0], [2.0]])
    0.5
    """
    given, predicted, weights = values(targets, predictions, sample_weight)
    if len(given) < 2:
        return math.nan
    with np.errstate(over="ignore", invalid="ignore"):
        residual = weighted_mean((given - predicted) ** 2, weights)
        total = weighted_mean((given - weighted_mean(given, weights)) ** 2, weights)
        counted = given[weights != 0]
        constant = counted.min(axis=0) == counted.max(axis=0)
        score = 1 - residual / np.where(constant, 1.0, total)
    undefined = np.isnan(residual)
    return _evenly(np.where(constant & ~undefined, residual == 0, score))


def _squared_errors(
    targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None
) -> Array:
    given, predicted, weights = values(targets, predictions, sample_weight)
    with np.errstate(over="ignore"):
        squares = (given - predicted) ** 2
    return weighted_mean(squares, weights)


def _evenly(outputs: Array) -> float:
    return float(np.mean(outputs))
