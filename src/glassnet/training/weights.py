"""Class weights: how much each class counts in the training loss."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from glassnet._typing import Array
from glassnet.errors import DataError, HyperparameterError
from glassnet.training.batches import Data

__all__ = ["with_class_weight"]


def with_class_weight(
    data: Data, class_weight: Mapping[int, float] | str | None, dtype: npt.DTypeLike
) -> Data:
    """Return the data with its sample weights multiplied by those of the classes, for the loss alone.

    Args:
        data: checked, with one label per row.
        dtype: what the network computes in.
        class_weight: {label: weight}, "balanced" for n / (classes * count), or None.

    Raises:
        HyperparameterError: a label without a weight, a bad weight, or targets that are no labels.
    """
    if class_weight is None:
        return data
    labels = data.targets[:, 0] if data.targets.ndim == 2 and data.targets.shape[1] == 1 else data.targets
    if labels.ndim != 1 or (labels.dtype.kind == "f" and not np.isin(labels, (0, 1)).all()):
        raise HyperparameterError("fit class_weight needs one integer label per row.")
    present, where, counts = np.unique(labels.astype(np.int64), return_inverse=True, return_counts=True)
    factors = _factors(class_weight, [int(label) for label in present], counts / len(labels))
    weights: Array = factors[where]
    if data.weights is not None:
        weights = weights * data.weights
    if not weights.any():
        raise DataError("class_weight and sample_weight leave no row with a weight above zero.")
    return Data(data.X, data.targets, data.weights, weights.astype(dtype))


def _factors(class_weight: Mapping[int, float] | str, labels: list[int], shares: Array) -> Array:
    if class_weight == "balanced":
        return 1 / (len(labels) * shares)
    if not isinstance(class_weight, Mapping):
        raise HyperparameterError(f"fit class_weight must be a dict or 'balanced', got {class_weight!r}.")
    missing = [label for label in labels if label not in class_weight]
    if missing:
        raise HyperparameterError(f"fit class_weight lacks the labels {missing}.")
    try:
        factors = np.array([float(class_weight[label]) for label in labels])
    except (TypeError, ValueError):
        factors = np.full(len(labels), np.nan)
    if not (np.isfinite(factors).all() and (factors >= 0).all()):
        raise HyperparameterError(f"fit class_weight must be numbers of at least 0, got {class_weight!r}.")
    return factors
