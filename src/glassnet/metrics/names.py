"""From what a user passes as a metric to the metric."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from glassnet.errors import HyperparameterError, unknown_name
from glassnet.metrics import classification, regression
from glassnet.metrics.base import Metric

__all__ = ["BY_NAME", "higher_is_better", "resolve"]

BY_NAME: dict[str, Metric] = {
    "accuracy": Metric("accuracy", classification.accuracy, higher_is_better=True),
    "f1": Metric("f1", classification.f1, higher_is_better=True),
    "log_loss": Metric("log_loss", classification.log_loss, higher_is_better=False),
    "mae": Metric("mae", regression.mae, higher_is_better=False),
    "mse": Metric("mse", regression.mse, higher_is_better=False),
    "precision": Metric("precision", classification.precision, higher_is_better=True),
    "r2": Metric("r2", regression.r2, higher_is_better=True),
    "recall": Metric("recall", classification.recall, higher_is_better=True),
    "rmse": Metric("rmse", regression.rmse, higher_is_better=False),
    "roc_auc": Metric("roc_auc", classification.roc_auc, higher_is_better=True),
    "specificity": Metric("specificity", classification.specificity, higher_is_better=True),
    "top_k_accuracy": Metric("top_k_accuracy", classification.top_k_accuracy, higher_is_better=True),
}
"""glassnet's own metrics; beside these every "top_<number>_accuracy" is known."""

_TOP = re.compile(r"top_([1-9]\d*)_accuracy")


def resolve(metric: str | Metric | Callable[..., Any]) -> Metric:
    """Return the metric that a name or a function stands for; a :class:`Metric` is returned as it is.

    Args:
        metric: one of :data:`BY_NAME` ("accuracy"), "top_3_accuracy" and the like, the name of any of
            scikit-learn's scorers ("balanced_accuracy", "neg_log_loss"; glassnet's own come first
            where both know a name), or a function (y_true, y_pred). A function gets the predictions
            as the loss gives them, and sample weights if it has an argument `sample_weight`; its
            direction follows from a name that ends in _score, _error, _loss or _deviance, as
            scikit-learn names them, and is unknown otherwise. :class:`Metric` says it outright.

    Raises:
        HyperparameterError: an unknown name (it lists the choices), or no function.

    >>> resolve("accuracy")([0, 1], [[0.2], [0.7]])
    1.0
    >>> resolve("balanced_accuracy")([0, 1, 1], [[0.2], [0.7], [0.4]])
    0.75
    """
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, str):
        return _named(metric)
    if inspect.isclass(metric) or not callable(metric):
        raise HyperparameterError(f"A metric is a name, a function or a Metric, got {metric!r}.")
    if hasattr(metric, "get_metadata_routing"):
        raise HyperparameterError(
            f"A metric is called with targets and predictions, but {metric!r} is a scikit-learn scorer, "
            "which is called with an estimator. Pass its name, or its score function in a Metric(...)."
        )
    name = _name_of(metric)
    return Metric(name, metric, higher_is_better=_direction(name))


def higher_is_better(name: str, metrics: Iterable[Metric] = ()) -> bool | None:
    """Return whether a higher value of what the history calls `name` is better; None if unknown.

    Args:
        name: "loss" (False) or the name of a metric, with or without "val_" before it.
        metrics: metrics of the training in question, looked at first: they may be the user's own.

    Raises:
        HyperparameterError: an unknown name.

    >>> higher_is_better("val_loss"), higher_is_better("val_accuracy"), higher_is_better("neg_log_loss")
    (False, True, True)
    """
    bare = name.removeprefix("val_")
    for metric in metrics:
        if metric.name in (name, bare):
            return metric.higher_is_better
    return False if bare == "loss" else resolve(bare).higher_is_better


def _named(name: str) -> Metric:
    if name in BY_NAME:
        return BY_NAME[name]
    if top := _TOP.fullmatch(name):
        return Metric(name, partial(classification.top_k_accuracy, k=int(top[1])), higher_is_better=True)
    from glassnet.metrics.scikit import scorer_metric, scorer_names  # scikit-learn only where it is asked for

    theirs = scorer_names()
    if name not in theirs:
        raise unknown_name("metric", name, {*BY_NAME, *theirs})
    return scorer_metric(name)


def _name_of(function: Any) -> str:
    while isinstance(function, partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def _direction(name: str) -> bool | None:
    if name.endswith("_score"):
        return True
    return False if name.endswith(("_error", "_loss", "_deviance")) else None
