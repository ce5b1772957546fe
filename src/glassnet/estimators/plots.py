"""The learning curve of a fitted estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_learning_curve"]


def plot_learning_curve(estimator: Any, metrics: Any = None, **options: Any) -> Axes:
    """Draw a fitted estimator's loss per epoch, training and validation, and its validation score.

    Args:
        estimator: a fitted MLPClassifier or MLPRegressor.
        metrics: columns of its history_, each in a panel of its own; None takes the score that early
            stopping watched, if it did.
        options: those of :func:`glassnet.plots.learning_curve`, such as `ax` and `log_scale`.

    Returns:
        The Axes of the loss.

    Raises:
        sklearn.exceptions.NotFittedError: it is not fitted.
        DataError: it has no curve, such as one that came from scikit-learn's lbfgs.
        MissingDependencyError: matplotlib is missing.
    """
    from glassnet.plots import learning_curve

    check_is_fitted(estimator)
    history = estimator.history_.to_dict() if estimator.history_.n_epochs else {"loss": []}
    if metrics is None:
        metrics = ["val_score"] if "val_score" in history else []
    return learning_curve(history, metrics, **options)
