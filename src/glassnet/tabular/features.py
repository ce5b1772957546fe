"""What each kind of column becomes: a fitted, frozen rule from a column to a few float32 features.

Every rule writes its features and then, if training saw missing values there, an indicator that
is 1 where the value is missing. A column of one value gives no feature of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from glassnet._typing import AnyArray, Array
from glassnet.errors import DataError
from glassnet.tabular.fields import Fields
from glassnet.tabular.kinds import category_codes, category_index
from glassnet.tabular.view import Category, Column, Kind, Mask

__all__ = [
    "BooleanFeatures",
    "CategoryFeatures",
    "DatetimeFeatures",
    "Features",
    "NumberFeatures",
    "mean_and_std",
]

PERIODS = {"year": 365.2425, "week": 7.0, "day": 1.0}
"""The cycles that a date has features for, in days."""


@dataclass(frozen=True)
class Features:
    """Base of the four rules: `fit` on a column of the kind, then `write`."""

    kind: ClassVar[Kind]

    name: str
    n_missing: int
    """Rows without a value in training."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the features; none if the column is dropped."""
        indicator = (f"{self.name}:missing",) if self.n_missing else ()
        return (*self._value_names(), *indicator)

    def write(self, column: Column, out: Array) -> Mask | None:
        """Fill `out` (n_rows, features), zeros before; return the rows of unknown category if any.

        Raises DataError for values that float32 cannot hold.
        """
        width = len(self.names) - bool(self.n_missing)
        unknown = self._write_values(column, out[:, :width]) if width else None
        if self.n_missing:
            out[:, -1] = column.missing
        return unknown

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as plain JSON-able data."""
        described = {field.name: getattr(self, field.name) for field in fields(self)}
        plain = {key: list(value) if isinstance(value, tuple) else value for key, value in described.items()}
        return {"kind": self.kind, **plain}

    @classmethod
    def fit(cls, column: Column) -> Self:
        """Return the rule for a training column of this kind that has at least one value."""
        return cls(column.name, column.n_missing, **cls._learnt(column))

    @classmethod
    def from_fields(cls, document: Fields, n_rows: int) -> Self:
        """Return the rule that :meth:`to_dict` described; FileFormatError if it breaks a rule."""
        document.only("kind", *(field.name for field in fields(cls)))
        # At least one row has a value: a column without any is refused in training.
        n_missing = document.integer("n_missing", 0, n_rows - 1)
        return cls(document.text("name"), n_missing, **cls._rest(document))

    @classmethod
    def _learnt(cls, column: Column) -> dict[str, Any]:
        raise NotImplementedError

    @classmethod
    def _rest(cls, document: Fields) -> dict[str, Any]:
        raise NotImplementedError

    def _value_names(self) -> tuple[str, ...]:
        raise NotImplementedError

    def _write_values(self, column: Column, out: Array) -> Mask | None:
        raise NotImplementedError


@dataclass(frozen=True)
class NumberFeatures(Features):
    """A number, standardised: (x - mean) / std; a missing one becomes the mean, that is 0."""

    kind: ClassVar[Kind] = "number"

    mean: float
    std: float
    """Of the training values, divided by their number (not one less); 0 if they are all equal."""

    @classmethod
    def _learnt(cls, column: Column) -> dict[str, Any]:
        mean, std = mean_and_std(column)
        return {"mean": mean, "std": std}

    @classmethod
    def _rest(cls, document: Fields) -> dict[str, Any]:
        return {"mean": document.number("mean"), "std": document.number("std", 0.0)}

    def _value_names(self) -> tuple[str, ...]:
        return (self.name,) if self.std > 0 else ()

    def _write_values(self, column: Column, out: Array) -> None:
        out[:, 0] = standardised(column, self.mean, self.std)


@dataclass(frozen=True)
class BooleanFeatures(Features):
    """A boolean as 0 or 1; a missing one becomes the share of True in training."""

    kind: ClassVar[Kind] = "boolean"

    mean: float

    @classmethod
    def _learnt(cls, column: Column) -> dict[str, Any]:
        return {"mean": float(np.mean(column.values[~column.missing]))}

    @classmethod
    def _rest(cls, document: Fields) -> dict[str, Any]:
        return {"mean": document.number("mean", 0.0, 1.0)}

    def _value_names(self) -> tuple[str, ...]:
        return (self.name,) if 0 < self.mean < 1 else ()

    def _write_values(self, column: Column, out: Array) -> None:
        out[:, 0] = column.values
        out[column.missing, 0] = self.mean


@dataclass(frozen=True)
class CategoryFeatures(Features):
    """A category, one-hot, in sorted order; a missing or unknown one becomes all zeros."""

    kind: ClassVar[Kind] = "category"

    categories: tuple[Category, ...]

    @classmethod
    def _learnt(cls, column: Column) -> dict[str, Any]:
        codes = column.values[~column.missing]
        used = np.bincount(codes, minlength=len(column.categories)) > 0
        seen = [value for value, is_used in zip(column.categories, used, strict=True) if is_used]
        return {"categories": tuple(sorted(seen))}

    @classmethod
    def _rest(cls, document: Fields) -> dict[str, Any]:
        return {"categories": document.categories("categories")}

    @cached_property
    def _index(self) -> dict[str, int]:
        return category_index(self.categories)

    def _value_names(self) -> tuple[str, ...]:
        if len(self.categories) < 2:
            return ()
        return tuple(f"{self.name}={category}" for category in self.categories)

    def _write_values(self, column: Column, out: Array) -> Mask | None:
        positions, unknown = category_codes(column, self._index)
        rows = np.flatnonzero(positions >= 0)
        out[rows, positions[rows]] = 1.0
        return unknown if unknown.any() else None


@dataclass(frozen=True)
class DatetimeFeatures(Features):
    """A date as standardised days since 1970 and the sine and cosine of its place in each cycle."""

    kind: ClassVar[Kind] = "datetime"

    mean: float
    std: float
    cycles: tuple[str, ...]
    """Which of year, week and day have features: those in which the training dates differ."""

    @classmethod
    def _learnt(cls, column: Column) -> dict[str, Any]:
        mean, std = mean_and_std(column)
        days = column.values[~column.missing]
        cycles = (name for name, period in PERIODS.items() if np.ptp(np.mod(days, period)) > 1e-6)
        return {"mean": mean, "std": std, "cycles": tuple(cycles) if std > 0 else ()}

    @classmethod
    def _rest(cls, document: Fields) -> dict[str, Any]:
        cycles = document.texts("cycles")
        if any(cycle not in PERIODS for cycle in cycles):
            raise document.wrong("cycles", f"a list of {', '.join(PERIODS)}")
        return {"mean": document.number("mean"), "std": document.number("std", 0.0), "cycles": cycles}

    def _value_names(self) -> tuple[str, ...]:
        if not self.std > 0:
            return ()
        waves = (f"{self.name}:{cycle}_{wave}" for cycle in self.cycles for wave in ("sin", "cos"))
        return (self.name, *waves)

    def _write_values(self, column: Column, out: Array) -> None:
        out[:, 0] = standardised(column, self.mean, self.std)
        for i, cycle in enumerate(self.cycles):
            period = PERIODS[cycle]
            angle = np.mod(column.values, period) * (2 * math.pi / period)
            out[:, 2 * i + 1] = np.where(column.missing, 0.0, np.sin(angle))
            out[:, 2 * i + 2] = np.where(column.missing, 0.0, np.cos(angle))


def mean_and_std(column: Column) -> tuple[float, float]:
    """Return mean and population standard deviation of a column's values; exactly 0 if all are equal.

    Raises DataError for an infinite value.
    """
    values = np.asarray(column.values[~column.missing], np.float64)
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise _infinite(column, ~np.isfinite(column.values) & ~column.missing)
    if low == high:
        return low, 0.0
    peak = max(-low, high)
    # A power of two, so that scaling rounds nothing: keeps squares of huge and tiny values in range.
    scale = 1.0 if 1e-100 < peak < 1e100 else math.ldexp(1.0, math.frexp(peak)[1] - 1)
    scaled = values / scale
    mean = float(scaled.mean())
    scaled -= mean
    return mean * scale, math.sqrt(float(np.dot(scaled, scaled)) / len(scaled)) * scale


def standardised(column: Column, mean: float, std: float) -> AnyArray:
    """Return (x - mean) / std as float32, 0 where missing; DataError for what float32 cannot hold."""
    with np.errstate(over="ignore", invalid="ignore"):
        distance = np.subtract(column.values, mean, dtype=np.float64)
        distance /= std
        distance[column.missing] = 0.0
        result = distance.astype(np.float32)
    is_bad = ~np.isfinite(result)
    if not is_bad.any():
        return result
    if np.isinf(column.values[is_bad]).any():
        raise _infinite(column, np.isinf(column.values) & ~column.missing)
    row, value = column.first(is_bad)
    raise DataError(
        f"Column {column.name!r} holds {value} at {row}, so far from the training values "
        f"(mean {mean:g}, standard deviation {std:g}) that float32 cannot hold it."
    )


def _infinite(column: Column, where: Mask) -> DataError:
    row, value = column.first(where)
    return DataError(
        f"Column {column.name!r} holds {value} at {row}; give it a finite value, or none to mark it missing."
    )
