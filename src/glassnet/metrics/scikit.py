"""scikit-learn's scorers as metrics. The only file of the metrics that imports scikit-learn."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray
from glassnet.errors import DataError
from glassnet.metrics.base import Metric
from glassnet.metrics.rows import Classified, classified, paired

__all__ = ["scorer_metric", "scorer_names"]

_OF_VALUES = frozenset(
    {
        "d2_absolute_error_score",
        "explained_variance",
        "neg_max_error",
        "neg_mean_absolute_error",
        "neg_mean_absolute_percentage_error",
        "neg_mean_gamma_deviance",
        "neg_mean_poisson_deviance",
        "neg_mean_squared_error",
        "neg_mean_squared_log_error",
        "neg_median_absolute_error",
        "neg_root_mean_squared_error",
        "neg_root_mean_squared_log_error",
        "r2",
    }
)
"""The scorers of regressors; all others judge classes or their probabilities."""


def scorer_names() -> list[str]:
    """Return the names of all scorers of the installed scikit-learn."""
    from sklearn.metrics import get_scorer_names

    names: list[str] = get_scorer_names()
    return names


def scorer_metric(name: str) -> Metric:
    """Return scikit-learn's scorer of this name as a metric; higher is always better.

    The sign is scikit-learn's: "neg_log_loss" is negative. Weights reach the scorers that take them.
    """
    return Metric(name, partial(_score, name), higher_is_better=True)


def _score(
    name: str,
    targets: npt.ArrayLike,
    predictions: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None = None,
) -> float:
    from sklearn.metrics import get_scorer

    scorer = get_scorer(name)
    estimator: _Values | _Classes
    if name in _OF_VALUES:
        rows = paired(targets, predictions, sample_weight)
        true = rows.targets
        estimator = _Values(rows.predictions[:, 0] if rows.predictions.shape[1] == 1 else rows.predictions)
    else:
        case = classified(targets, predictions, sample_weight)
        true = case.true
        estimator = _Classes(case)
    takes_weights = "sample_weight" in scorer.get_metadata_routing().score.requests
    weights = {"sample_weight": sample_weight} if takes_weights and sample_weight is not None else {}
    try:
        return float(scorer(estimator, None, true, **weights))
    except ValueError as error:
        raise DataError(f"scikit-learn's metric {name!r} cannot judge these predictions: {error}") from error


class _Values:
    """As much of a regressor as a scorer asks for: it answers with stored predictions."""

    def __init__(self, predictions: AnyArray) -> None:
        self._predictions = predictions

    def predict(self, X: None) -> AnyArray:
        return self._predictions

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import RegressorTags, Tags, TargetTags

        return Tags("regressor", TargetTags(required=True), regressor_tags=RegressorTags())


class _Classes:
    """As much of a classifier as a scorer asks for: it answers with stored predictions."""

    def __init__(self, case: Classified) -> None:
        self._case = case
        n_columns = case.predictions.shape[1]
        self.classes_: Any = np.arange(max(n_columns, 2))
        if case.kind == "multilabel":
            self.classes_ = [np.arange(2)] * n_columns

    def predict(self, X: None) -> AnyArray:
        return self._case.decided

    def predict_proba(self, X: None) -> AnyArray:
        probabilities = self._case.predictions
        if self._case.kind == "binary":
            return np.hstack([1 - probabilities, probabilities])
        return probabilities

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, Tags, TargetTags

        return Tags("classifier", TargetTags(required=True), classifier_tags=ClassifierTags())
