"""Metrics of class probabilities. In those of two classes, class 1 is the positive one."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from glassnet._typing import Array
from glassnet.errors import DataError, HyperparameterError, ShapeError
from glassnet.metrics.rows import Classified, classified

__all__ = [
    "accuracy",
    "f1",
    "log_loss",
    "precision",
    "recall",
    "roc_auc",
    "specificity",
    "top_k_accuracy",
]


def accuracy(
    targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
) -> float:
    """Return the share of rows whose class is right; higher is better.

    The decided class is the most probable one; with a single column it is class 1 above 0.5.
    With k independent labels a row is right only if all of its labels are (exact match).

    Args:
        targets: labels (n,) or (n, 1); or one-hot, soft or independent labels (n, k). Soft targets
            count as their most probable class.
        predictions: probabilities (n, 1) or (n, k).
        sample_weight: (n,), not negative; None means all equal.

    Raises:
        ShapeError, DataError: arrays that do not fit each other, or labels out of range.

    >>> accuracy([0, 1, 2], [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.5, 0.3, 0.2]])
    0.6666666666666666
    """
    case = classified(targets, predictions, sample_weight)
    right = case.true == case.decided
    return case.mean(right.all(axis=1) if case.kind == "multilabel" else right)


def top_k_accuracy(
    targets: npt.ArrayLike,
    predictions: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None = None,
    *,
    k: int = 5,
) -> float:
    """Return the share of rows whose class is among the k most probable; higher is better.

    By name: "top_k_accuracy" is k = 5, "top_3_accuracy" is k = 3. Equal probabilities rank by class,
    lower first, so k = 1 is :func:`accuracy`; scikit-learn ranks the higher class first.

    Args:
        targets: labels (n,) or (n, 1); or one-hot or soft (n, n_classes).
        predictions: probabilities (n, n_classes).
        sample_weight: (n,), not negative; None means all equal.
        k: how many guesses count, at least 1; default 5.

    Raises:
        ShapeError, DataError: arrays that do not fit each other, or not multiclass.
        HyperparameterError: k below 1.

    >>> top_k_accuracy([0, 2], [[0.2, 0.3, 0.5], [0.3, 0.6, 0.1]], k=2)
    0.0
    """
    if k < 1:
        raise HyperparameterError(f"top_k_accuracy k must be at least 1, got {k}.")
    case = classified(targets, predictions, sample_weight)
    if case.kind != "multiclass":
        raise ShapeError(f"top_k_accuracy is for one of several classes, but this is {case.kind}.")
    probability = np.take_along_axis(case.predictions, case.true[:, None], axis=1)  # (n, 1)
    earlier = np.arange(case.predictions.shape[1]) < case.true[:, None]
    ahead = (case.predictions > probability) | ((case.predictions == probability) & earlier)
    return case.mean(ahead.sum(axis=1) < k)


def precision(
    targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
) -> float:
    """Return the share of rows decided as class 1 that are class 1, TP / (TP + FP).

    Higher is better; 0 if no row is decided as class 1.

    Args:
        targets: labels 0 and 1, (n,) or (n, 1); or one-hot (n, 2).
        predictions: probabilities of class 1 (n, 1), or of both classes (n, 2).
        sample_weight: (n,), not negative; None means all equal.

    Raises:
        ShapeError, DataError: arrays that do not fit each other, or more than two classes.

    >>> precision([0, 1, 1], [[0.7], [0.9], [0.2]])
    0.5
    """
    case = _two_classes("precision", targets, predictions, sample_weight)
    hits = case.total((case.true == 1) & (case.decided == 1))
    return _ratio(hits, case.total(case.decided == 1))


def recall(
    targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
) -> float:
    """Return the share of rows of class 1 that are found, TP / (TP + FN); the sensitivity.

    Higher is better; 0 if no row is class 1. Arguments and errors are those of :func:`precision`.

    >>> recall([0, 1, 1], [[0.7], [0.9], [0.2]])
    0.5
    """
    case = _two_classes("recall", targets, predictions, sample_weight)
    hits = case.total((case.true == 1) & (case.decided == 1))
    return _ratio(hits, case.total(case.true == 1))


def specificity(
    targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
) -> float:
    """Return the share of rows of class 0 that are decided so, TN / (TN + FP).

    Higher is better; 0 if no row is class 0. Arguments and errors are those of :func:`precision`.

    >>> specificity([0, 0, 1], [[0.7], [0.1], [0.9]])
    0.5
    """
    case = _two_classes("specificity", targets, predictions, sample_weight)
    hits = case.total((case.true == 0) & (case.decided == 0))
    return _ratio(hits, case.total(case.true == 0))


def f1(
    targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
) -> float:
    """Return the harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN).

    Higher is better; 0 if class 1 neither occurs nor is decided. Arguments and errors are those of
    :func:`precision`.

    >>> f1([0, 1, 1], [[0.7], [0.9], [0.2]])
    0.5
    """
    case = _two_classes("f1", targets, predictions, sample_weight)
    hits = case.total((case.true == 1) & (case.decided == 1))
    return _ratio(2 * hits, case.total(case.decided == 1) + case.total(case.true == 1))


def roc_auc(
    targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
) -> float:
    """Return the area under the ROC curve: how surely class 1 gets the higher probability.

        sum over pairs (i of class 1, j of class 0) of w_i w_j ([p_i > p_j] + [p_i = p_j] / 2),

    divided by the sum of w_i w_j (the Mann-Whitney statistic; Hanley & McNeil, 1982), in one sort.
    Higher is better; NaN if only one class has weight. Arguments and errors are those of
    :func:`precision`; the order of the probabilities counts, not their size.

    >>> roc_auc([0, 0, 1, 1], [[0.1], [0.4], [0.4], [0.8]])
    0.875
    """
    case = _two_classes("roc_auc", targets, predictions, sample_weight)
    scores, position = np.unique(case.predictions[:, -1], return_inverse=True)
    positives = np.bincount(position, case.weights * (case.true == 1), minlength=len(scores))
    negatives = np.bincount(position, case.weights * (case.true == 0), minlength=len(scores))
    pairs = float(positives.sum()) * float(negatives.sum())
    if pairs == 0:
        return math.nan
    below = np.cumsum(negatives) - negatives / 2  # weight of class 0 below each score, ties half
    return float(positives @ below) / pairs


def log_loss(
    targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
) -> float:
    """Return the cross-entropy, mean_i -sum_j t_ij log p_ij, in nats; lower is better.

    Probabilities are kept eps away from 0 and 1, with eps that of their dtype, as in scikit-learn.
    Classes that do not occur in the targets are no trouble.

    Args:
        targets: labels (n,) or (n, 1); or one-hot or soft (n, k); for one column soft (n,) too.
        predictions: probabilities (n, 1) or (n, k).
        sample_weight: (n,), not negative; None means all equal.

    Raises:
        ShapeError, DataError: arrays that do not fit each other, predictions outside [0, 1], or
            independent labels.

    >>> round(log_loss([0, 1], [[0.5], [0.25]]), 4)
    1.0397
    """
    case = classified(targets, predictions, sample_weight)
    if case.kind == "multilabel":
        raise ShapeError("log_loss is for one of several classes, but the targets are independent labels.")
    eps = float(np.finfo(case.predictions.dtype).eps)
    if case.defined and not (case.predictions.min() >= -1e-5 and case.predictions.max() <= 1 + 1e-5):
        raise DataError(
            f"log_loss needs probabilities in [0, 1], got {case.predictions.min():g} to "
            f"{case.predictions.max():g}. Is the loss one of values?"
        )
    probabilities: Array = np.clip(case.predictions.astype(np.float64), eps, 1 - eps)
    if case.kind == "binary":
        given, positive = case.targets, probabilities[:, 0]
        return case.mean(-(given * np.log(positive) + (1 - given) * np.log1p(-positive)))
    if case.targets.ndim == 2:
        return case.mean(-(case.targets * np.log(probabilities)).sum(axis=1))
    return case.mean(-np.log(np.take_along_axis(probabilities, case.true[:, None], axis=1))[:, 0])


def _two_classes(
    metric: str,
    targets: npt.ArrayLike,
    predictions: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None,
) -> Classified:
    case = classified(targets, predictions, sample_weight)
    if case.kind == "binary" or (case.kind == "multiclass" and case.predictions.shape[1] == 2):
        return case
    others = {"roc_auc": "roc_auc_ovr", "specificity": "balanced_accuracy"}
    raise ShapeError(
        f"{metric} is for two classes, but the predictions have {case.predictions.shape[1]} columns "
        f"({case.kind}). Ask for {others.get(metric, metric + '_macro')!r} instead, from scikit-learn."
    )


def _ratio(part: float, whole: float) -> float:
    return 0.0 if whole == 0 else part / whole
