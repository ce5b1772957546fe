"""From a column of targets to what a loss takes, and from a network's outputs back."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray
from glassnet.errors import DataError, NotBuiltError, ShapeError
from glassnet.hyperparameters import Rule
from glassnet.tabular.columns import column_of
from glassnet.tabular.features import mean_and_std, standardised
from glassnet.tabular.fields import Fields
from glassnet.tabular.kinds import category_codes, category_index, coerce, settle, strays
from glassnet.tabular.view import Category, Column, at_row, listed, shown

__all__ = ["TargetEncoder"]

_TASK = Rule(choices=("auto", "classification", "regression"))
_FOR_REGRESSION = "must hold numbers for regression"
MOST_INTEGER_CLASSES = 20
ROWS_PER_INTEGER_CLASS = 4


class TargetEncoder:
    """Turns classes into integer labels, or values into standardised floats, and outputs back.

    With ``task="auto"`` the training targets decide:

    - text, booleans and categoricals: classification;
    - whole numbers (of integer or float type, or text that all reads as whole numbers) with two
      different values, or with at most 20 and at least four rows per value on average: classification;
    - all else (numbers, durations in seconds): regression. Dates are refused.

    Args:
        task: "auto", "classification" or "regression".

    >>> target = TargetEncoder().fit(["yes", "no", "yes", "yes"])
    >>> target.classes, target.counts
    (('no', 'yes'), (1, 3))
    >>> target.encode(["no", "yes"])
    array([0, 1])
    >>> target.decode(np.array([[0.2, 0.8], [0.7, 0.3]]))
    array(['yes', 'no'], dtype=object)
    """

    def __init__(self, *, task: str = "auto") -> None:
        self.task: str = _TASK.check("TargetEncoder", "task", task)
        """What was asked for; :attr:`is_classification` tells what it came to."""
        self.name = "target"
        self._classes: tuple[Category, ...] = ()
        self._counts: tuple[int, ...] = ()
        self._mean = 0.0
        self._std = 0.0

    def fit(self, values: Any, name: str = "target") -> Self:
        """Learn classes or scale from the training part's targets.

        Args:
            values: (n_rows,) a pandas, pyarrow or NumPy array, or a sequence.
            name: of the column, for errors.

        Raises:
            DataError: no rows, missing or infinite values, one single value, values that are no
                numbers for regression, or more than two classes with fewer than two rows each on
                average (which is an identifier or a measurement).
        """
        column = column_of(name, values)
        if not len(column):
            raise DataError(f"Target {name!r} has no rows.")
        settled = settle(column)
        self._check_complete(settled)
        task = self.task
        if task == "auto":
            task = "classification" if _looks_like_classes(settled) else "regression"
        if task == "classification":
            self._fit_classes(column)
        else:
            number = coerce(settled, "number", _FOR_REGRESSION)
            mean, std = mean_and_std(number)
            if std == 0:
                raise _single(name, shown(mean), len(column))
            self._classes, self._counts = (), ()
            self._mean, self._std = mean, std
        self.name = name
        return self

    def encode(self, values: Any) -> npt.NDArray[np.int64] | npt.NDArray[np.float32]:
        """Return int64 labels (n_rows,) for classification, float32 (n_rows, 1) for regression.

        A label is the position in :attr:`classes`; values are compared by their spelling, so 1.0
        and "1" are the class 1. A regression target becomes (y - mean) / std of the training part.

        Raises:
            DataError: a missing value, a class that training had not, a value that is no number.
        """
        is_classification = self.is_classification
        column = column_of(self.name, values)
        if not len(column):
            return np.zeros(0, np.int64) if is_classification else np.zeros((0, 1), np.float32)
        if not is_classification:
            column = coerce(column, "number", _FOR_REGRESSION)
            self._check_complete(column)
            return standardised(column, self._mean, self._std).reshape(-1, 1)
        self._check_complete(column)
        if column.kind == "datetime":
            raise DataError(f"Target {self.name!r} held classes in training, but it holds dates.")
        labels, unknown = category_codes(column, category_index(self._classes))
        if unknown.any():
            row, value = column.first(unknown)
            raise DataError(
                f"Target {self.name!r} holds {value} at {row}, a class that training had not; "
                f"it knows {listed(tuple(map(str, self._classes)))}."
            )
        return labels.astype(np.int64)

    def fit_encode(
        self, values: Any, name: str = "target"
    ) -> npt.NDArray[np.int64] | npt.NDArray[np.float32]:
        """Do :meth:`fit` and return the same values' :meth:`encode`."""
        return self.fit(values, name).encode(values)

    def decode(self, outputs: npt.ArrayLike) -> AnyArray:
        """Return what a network's outputs mean: class values of the original type, or numbers.

        Args:
            outputs: classification: (n_rows, n_classes) probabilities or logits, of which the largest
                wins; or, of two classes, (n_rows, 1) or (n_rows,) probabilities of the second, which
                wins above 0.5. Regression: (n_rows, 1) or (n_rows,).

        Returns:
            (n_rows,) text as objects; integers, floats and booleans as such; regression: float64.

        Raises:
            ShapeError: an unfitting number of columns.
            DataError: NaN where classes are to be chosen.
        """
        array = np.asarray(outputs)
        width = array.shape[1] if array.ndim == 2 else 1
        n_classes = len(self._classes)
        fits = (
            width == 1
            if not self.is_classification
            else width == n_classes or (width == 1 and n_classes == 2)
        )
        if array.ndim not in (1, 2) or not fits:
            wanted = f"(n, {n_classes})" if n_classes else "(n, 1)"
            raise ShapeError(f"Outputs for target {self.name!r} must have shape {wanted}, got {array.shape}.")
        if not n_classes:
            return array.reshape(-1).astype(np.float64) * self._std + self._mean
        bad = np.isnan(array.reshape(len(array), width)).any(axis=1)
        if bad.any():
            raise DataError(
                f"The network's output is NaN at {at_row(int(np.argmax(bad)))}; no class can be chosen."
            )
        return self.decode_labels(array.argmax(axis=1) if width > 1 else array.reshape(-1) > 0.5)

    def decode_labels(self, labels: npt.ArrayLike) -> AnyArray:
        """Return the class values of integer labels (n_rows,)."""
        is_text = isinstance(self.classes[0], str)
        return np.array(self.classes, dtype=object if is_text else None)[np.asarray(labels).astype(np.intp)]

    @property
    def is_classification(self) -> bool:
        """Whether the targets are classes (else they are values)."""
        if not self._classes and not self._std:
            raise NotBuiltError("This TargetEncoder is not fitted yet; call fit(values) first.")
        return bool(self._classes)

    @property
    def classes(self) -> tuple[Category, ...]:
        """The classes, sorted, as they were in the data."""
        if not self.is_classification:
            raise DataError(f"Target {self.name!r} holds values, not classes.")
        return self._classes

    @property
    def counts(self) -> tuple[int, ...]:
        """How many training rows each class has, in the order of :attr:`classes`."""
        return self._counts if self.classes else ()

    @property
    def mean(self) -> float:
        """Mean of the training values of a regression target."""
        return self._moments()[0]

    @property
    def std(self) -> float:
        """Standard deviation (dividing by n) of the training values of a regression target."""
        return self._moments()[1]

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted encoder as plain JSON-able data; floats survive JSON exactly."""
        if self.is_classification:
            classes, counts = list(self._classes), list(self._counts)
            return {"name": self.name, "task": "classification", "classes": classes, "counts": counts}
        return {"name": self.name, "task": "regression", "mean": self._mean, "std": self._std}

    @classmethod
    def from_dict(cls, document: Any) -> Self:
        """Return the encoder that :meth:`to_dict` described.

        Raises:
            FileFormatError: anything that :meth:`to_dict` would not have written, by field.
        """
        fields = Fields(document, "target")
        target = cls(task=fields.choice("task", "classification", "regression"))
        target.name = fields.text("name")
        if target.task == "regression":
            fields.only("name", "task", "mean", "std")
            target._mean, target._std = fields.number("mean"), fields.number("std", 0.0)
            if not target._std:
                raise fields.wrong("std", "a number above 0")
            return target
        fields.only("name", "task", "classes", "counts")
        target._classes = fields.categories("classes")
        target._counts = tuple(fields.items("counts"))
        if len(target._classes) < 2:
            raise fields.wrong("classes", "two classes or more")
        if len(target._counts) != len(target._classes) or any(
            type(n) is not int or n < 1 for n in target._counts
        ):
            raise fields.wrong("counts", f"a list of {len(target._classes)} integers above 0")
        return target

    def _moments(self) -> tuple[float, float]:
        if self.is_classification:
            raise DataError(f"Target {self.name!r} holds classes, which have no mean.")
        return self._mean, self._std

    def _check_complete(self, column: Column) -> None:
        if column.n_missing:
            plural = "s" if column.n_missing > 1 else ""
            raise DataError(
                f"Target {column.name!r} has {column.n_missing:,} missing value{plural}, "
                f"the first at {column.place(column.missing)}; leave such rows out."
            )

    def _fit_classes(self, column: Column) -> None:
        """Learn the classes of a column as the table held it: text that reads as numbers stays text."""
        if column.kind == "datetime":
            raise DataError(f"Target {column.name!r} holds dates; predict a number or a class made of them.")
        if column.kind == "number" and not np.isfinite(column.values).all():
            mean_and_std(column)  # raises
        distinct, codes = column.coded()
        counts = np.bincount(codes, minlength=len(distinct))
        seen = sorted((value, int(count)) for value, count in zip(distinct, counts, strict=True) if count)
        if len(seen) == 1:
            raise _single(column.name, shown(seen[0][0]), len(column))
        if len(seen) > 2 and 2 * len(seen) > len(column):
            odd = strays(column)
            advice = (
                f"{odd}; correct or empty what is no number."
                if odd
                else 'Is it an identifier? For a number, use task="regression".'
            )
            raise DataError(
                f"Target {column.name!r} has {len(seen):,} classes in {len(column):,} rows, such as "
                f"{shown(seen[0][0])}: too few rows for each. {advice}"
            )
        self._classes, self._counts = tuple(value for value, _ in seen), tuple(count for _, count in seen)
        self._mean, self._std = 0.0, 0.0


def _looks_like_classes(column: Column) -> bool:
    """Apply the rule of ``task="auto"`` to a settled column without missing values."""
    if column.kind != "number":
        return column.kind != "datetime"
    distinct = np.unique(column.values)
    if not np.array_equal(distinct, np.floor(distinct)):
        return False
    few = len(distinct) <= MOST_INTEGER_CLASSES and len(distinct) * ROWS_PER_INTEGER_CLASS <= len(column)
    return len(distinct) == 2 or few


def _single(name: str, value: str, n_rows: int) -> DataError:
    return DataError(
        f"Target {name!r} holds {value} alone in all {n_rows:,} rows; there is nothing to learn."
    )
