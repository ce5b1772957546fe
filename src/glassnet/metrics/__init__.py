"""Metrics: one number that says how good predictions are.

Every metric is called with ``(targets, predictions, sample_weight=None)`` and returns a float.
Predictions are what a loss's ``predictions()`` gives:

- (n, 1) or (n,), probabilities of class 1: two classes;
- (n, k), probabilities of k classes, with labels (n,) or one-hot or soft targets (n, k);
- (n, k), probabilities of k independent labels, with targets (n, k) of zeros and ones;
- (n,) or (n, k), values: regression.

Targets (n, k) are read as one-hot or soft if every row of them sums to one, else as independent
labels. A metric of no rows, of rows that all weigh nothing, or of predictions that are not all
finite is NaN; nothing warns.

The `metrics` argument of fit and evaluate takes names (glassnet's own, then any of scikit-learn's
scorers), functions ``(y_true, y_pred)``, and :class:`Metric` objects; see :func:`resolve`.
"""

from glassnet.metrics.base import Metric, MetricFunction
from glassnet.metrics.classification import (
    accuracy,
    f1,
    log_loss,
    precision,
    recall,
    roc_auc,
    specificity,
    top_k_accuracy,
)
from glassnet.metrics.names import BY_NAME, higher_is_better, resolve
from glassnet.metrics.regression import mae, mse, r2, rmse

__all__ = [
    "BY_NAME",
    "Metric",
    "MetricFunction",
    "accuracy",
    "f1",
    "higher_is_better",
    "log_loss",
    "mae",
    "mse",
    "precision",
    "r2",
    "recall",
    "resolve",
    "rmse",
    "roc_auc",
    "specificity",
    "top_k_accuracy",
]
