"""A metric: a function with a name and a direction."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from glassnet.errors import DataError, HyperparameterError
from glassnet.metrics.rows import classified, paired

__all__ = ["Metric", "MetricFunction"]


class MetricFunction(Protocol):
    """What all metrics of glassnet look like: two arrays, perhaps weights, one float."""

    def __call__(
        self, targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> float:
        """Return the metric of `predictions`."""
        ...


@dataclass(frozen=True)
class Metric:
    """A named function of targets and predictions; make one for a metric of your own.

    Args:
        name: the key of the metric in the history and in what evaluate returns.
        function: called with (targets, predictions), and with `sample_weight` by name if it has an
            argument of that name; without one the rows count alike. A single column arrives as (n,).
        higher_is_better: the direction of early stopping; None if unknown.
        needs: "predictions" passes predictions as the loss gives them (probabilities or values);
            "classes" passes true and decided classes, as int64: (n,), or (n, k) zeros and ones for
            k independent labels. Most classification functions of scikit-learn want these.

    Raises:
        HyperparameterError: `needs` is something else.

    >>> from sklearn.metrics import matthews_corrcoef
    >>> metric = Metric("mcc", matthews_corrcoef, higher_is_better=True, needs="classes")
    >>> metric([0, 1, 1], [[0.2], [0.9], [0.6]])
    1.0
    """

    name: str
    function: Callable[..., Any]
    higher_is_better: bool | None = None
    needs: Literal["predictions", "classes"] = "predictions"

    def __post_init__(self) -> None:
        if self.needs not in ("predictions", "classes"):
            raise HyperparameterError(f"Metric needs must be predictions or classes, got {self.needs!r}.")

    def __call__(
        self, targets: npt.ArrayLike, predictions: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> float:
        """Return the metric as a float: NaN for no rows, no weight, or predictions that are not finite.

        Args:
            targets: (n,) or (n, k).
            predictions: (n,) or (n, k), what the loss's ``predictions()`` gave.
            sample_weight: (n,), not negative; None means all equal.

        Raises:
            ShapeError, DataError: arrays that do not fit, or a function that returns no number.
        """
        rows = paired(targets, predictions, sample_weight)
        if not rows.defined:
            return math.nan
        if self.needs == "classes":
            case = classified(targets, predictions, sample_weight)
            arguments = (case.true, case.decided)
        else:
            single = rows.predictions.shape[1] == 1
            arguments = (rows.targets, rows.predictions[:, 0] if single else rows.predictions)
        weighted = sample_weight is not None and self._takes_weights()
        options = {"sample_weight": rows.weights} if weighted else {}
        value = np.asarray(self.function(*arguments, **options))
        if value.size != 1 or value.dtype.kind not in "fiub":
            raise DataError(f"Metric {self.name!r} must return one number, got {value!r}.")
        return float(value.item())

    def _takes_weights(self) -> bool:
        try:
            return "sample_weight" in inspect.signature(self.function).parameters
        except (TypeError, ValueError):  # some functions written in C have no signature
            return False
