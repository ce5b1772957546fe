"""From the columns of a table to the float32 matrix that a dense network takes."""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from glassnet.errors import DataError, FileFormatError, NotBuiltError
from glassnet.hyperparameters import Interval, Rule
from glassnet.tabular.columns import Table, column_names, read_columns
from glassnet.tabular.features import (
    BooleanFeatures,
    CategoryFeatures,
    DatetimeFeatures,
    Features,
    NumberFeatures,
)
from glassnet.tabular.fields import Fields
from glassnet.tabular.kinds import coerce, parse_number, settle, strays
from glassnet.tabular.view import Category, Column, Kind, Mask, listed, shown

__all__ = ["ColumnSummary", "TabularEncoder", "UnknownCategoryWarning"]

_RULES: dict[str, type[Features]] = {
    rule.kind: rule for rule in (NumberFeatures, BooleanFeatures, CategoryFeatures, DatetimeFeatures)
}
_MAX_CATEGORIES = Rule(interval=Interval(1, math.inf, "left", integer=True))
_COUNTING = threading.Lock()


class UnknownCategoryWarning(UserWarning):
    """Prediction met categories that training had not; they were encoded as zeros."""


@dataclass(frozen=True)
class ColumnSummary:
    """What an encoder understood of one column."""

    name: str
    kind: Kind
    """number, boolean, category or datetime."""
    n_missing: int
    """Rows of the training part without a value."""
    categories: tuple[Category, ...]
    """Of a category column, sorted; else empty."""
    features: tuple[str, ...]
    """Names of the matrix's columns that it became; empty if it was dropped, for it never varies."""


class TabularEncoder:
    """Turns the columns of a table into a float32 matrix, by rules fitted on the training part alone.

    A table is a pandas DataFrame, a pyarrow Table or a mapping from column name to values; all three
    give the same matrix. Features follow the order of the training table's columns:

    - numbers (and durations, in seconds; and text that all reads as numbers): standardised,
      ``(x - mean) / std`` over the training values, std dividing by n as in scikit-learn.
    - booleans: 0 or 1.
    - categories (text, pandas categoricals, pyarrow dictionaries): one-hot, sorted; of a declared
      categorical, only the values that training saw. Values are compared by their spelling, so the
      category "1" is met by the number 1. One unseen in training becomes all zeros, with one
      :class:`UnknownCategoryWarning` per encoder; `unknown_counts` goes on counting.
    - text of which nine tenths or more, but not all, reads as numbers: categories too, with a warning
      that names what is no number.
    - dates (and text that is all ISO 8601; zones are converted to UTC): standardised days since
      1970-01-01, then sine and cosine of the place in the year (of 365.2425 days), the week and the
      day, each cycle only if the training dates differ in it.
    - missing values (None, NaN, NaT, null, blank text): the mean of numbers, booleans and dates (0 for
      the waves of a cycle), all zeros for categories; plus a 0/1 indicator after the column's other
      features if any value was missing in training.
    - a column with one single value in training is dropped, without a warning: it shows up in
      :meth:`summary` with no features. If values are missing from it, its indicator stays.

    Args:
        max_categories: most distinct values that a category column may have, 1 or more, default 100.

    >>> encoder = TabularEncoder().fit({"age": [20, 30, None], "city": ["Oslo", "Rome", "Oslo"]})
    >>> encoder.feature_names_out()
    ['age', 'age:missing', 'city=Oslo', 'city=Rome']
    >>> encoder.transform({"city": ["Rome"], "age": [35]})
    array([[2., 0., 0., 1.]], dtype=float32)
    """

    def __init__(self, *, max_categories: int = 100) -> None:
        self.max_categories: int = _MAX_CATEGORIES.check("TabularEncoder", "max_categories", max_categories)
        self.unknown_counts: dict[str, int] = {}
        """Values that training had not seen, counted so far, by column name."""
        self._features: tuple[Features, ...] = ()
        self._n_rows = 0

    def fit(self, table: Table, exclude: Iterable[str] = ()) -> Self:
        """Learn the rules from the training part.

        Args:
            table: pandas DataFrame, pyarrow Table or mapping; one row or more.
            exclude: names of columns to leave out, such as the target.

        Raises:
            DataError: no rows or no usable columns, an excluded column that the table lacks, columns
                without any value, an infinite value, a category column with more than
                `max_categories` values, or values of a kind that has no encoding.
        """
        self._learn(self._read(table, exclude))
        return self

    def transform(self, table: Table) -> npt.NDArray[np.float32]:
        """Return the matrix (n_rows, n_features), C-contiguous float32.

        Columns are found by name: their order is free, others are ignored, and so are those that
        were dropped in training. Safe to call from many threads.

        Raises:
            DataError: a column that is lacking, a value that does not fit the kind its column had in
                training (text where numbers were), an infinite value.
            NotBuiltError: before :meth:`fit`.
        """
        return self._encode(read_columns(table, self.needed_columns))

    def fit_transform(self, table: Table, exclude: Iterable[str] = ()) -> npt.NDArray[np.float32]:
        """Do :meth:`fit` and return the same table's matrix, reading the table once."""
        columns = self._read(table, exclude)
        self._learn(columns)
        needed = set(self.needed_columns)
        return self._encode([column for column in columns if column.name in needed])

    @property
    def needed_columns(self) -> list[str]:
        """Names of the columns that :meth:`transform` reads: all but the dropped ones."""
        return [features.name for features in self._fitted() if features.names]

    @property
    def n_features(self) -> int:
        """How many columns the matrix has."""
        return len(self.feature_names_out())

    @property
    def n_rows(self) -> int:
        """How many rows the encoder was fitted on."""
        self._fitted()
        return self._n_rows

    def feature_names_out(self) -> list[str]:
        """Return the names of the matrix's columns: "age", "age:missing", "city=Oslo", "sold:year_sin"."""
        return [name for features in self._fitted() for name in features.names]

    def summary(self) -> list[ColumnSummary]:
        """Return what was understood of every column, dropped ones too, in the table's order."""
        return [
            ColumnSummary(f.name, f.kind, f.n_missing, getattr(f, "categories", ()), f.names)
            for f in self._fitted()
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted encoder as plain JSON-able data; floats survive JSON exactly."""
        columns = [features.to_dict() for features in self._fitted()]
        return {"max_categories": self.max_categories, "n_rows": self._n_rows, "columns": columns}

    @classmethod
    def from_dict(cls, document: Any) -> Self:
        """Return the encoder that :meth:`to_dict` described; it transforms bit for bit alike.

        Raises:
            FileFormatError: anything that :meth:`to_dict` would not have written, by field.
        """
        fields = Fields(document, "encoder")
        fields.only("max_categories", "n_rows", "columns")
        encoder = cls(max_categories=fields.integer("max_categories", 1))
        encoder._n_rows = fields.integer("n_rows", 1)
        features: list[Features] = []
        for column in fields.nested("columns"):
            rule = _RULES[column.choice("kind", *_RULES)]
            one = rule.from_fields(column, encoder._n_rows)
            if isinstance(one, CategoryFeatures) and len(one.categories) > encoder.max_categories:
                raise column.wrong("categories", f"at most {encoder.max_categories} values")
            features.append(one)
        names = [one.name for one in features]
        if len(set(names)) < len(names):
            raise FileFormatError("encoder.columns has two columns of one name.")
        if not any(one.names for one in features):
            raise FileFormatError("encoder.columns must give at least one feature.")
        encoder._features = tuple(features)
        return encoder

    def _fitted(self) -> tuple[Features, ...]:
        if not self._features:
            raise NotBuiltError("This TabularEncoder is not fitted yet; call fit(table) first.")
        return self._features

    def _read(self, table: Table, exclude: Iterable[str]) -> list[Column]:
        """Return the settled columns of a training table, or raise for what cannot be learnt from."""
        names = column_names(table)
        left_out = [str(name) for name in ([exclude] if isinstance(exclude, str) else exclude)]
        unknown = [name for name in left_out if name not in names]
        if unknown:
            raise DataError(
                f"Cannot leave out {listed(unknown)}: the table has {listed(names) or 'no columns'}."
            )
        read = read_columns(table, [name for name in names if name not in left_out])
        columns = [settle(column) for column in read]
        if not columns or not len(columns[0]):
            raise DataError(
                f"There is nothing to learn from: the table has no {'rows' if columns else 'columns'}."
            )
        hollow = [column.name for column in columns if column.missing.all()]
        if hollow:
            plural = "s hold" if len(hollow) > 1 else " holds"
            raise DataError(f"Column{plural} no value at all: {listed(hollow)}. Leave out, or fill in.")
        for raw, column in zip(read, columns, strict=True):
            if raw.kind == "text" and column.kind == "category":
                _warn_of_strays(column, self.max_categories)
        return columns

    def _learn(self, columns: list[Column]) -> None:
        fitted = tuple(_RULES[column.kind].fit(column) for column in columns)
        _check_categories(fitted, self.max_categories)
        if not any(features.names for features in fitted):
            raise DataError("There is nothing to learn from: no column has more than one value.")
        self._features = fitted
        self._n_rows = len(columns[0])
        self.unknown_counts = {}

    def _encode(self, columns: list[Column]) -> npt.NDArray[np.float32]:
        """Return the matrix of the columns that have features, in order."""
        used = [features for features in self._features if features.names]
        matrix = np.zeros((len(columns[0]), self.n_features), np.float32)
        strangers: list[tuple[Column, Mask]] = []
        start = 0
        for features, column in zip(used, columns, strict=True):
            column = coerce(column, features.kind)
            stop = start + len(features.names)
            unknown = features.write(column, matrix[:, start:stop])
            if unknown is not None:
                strangers.append((column, unknown))
            start = stop
        if strangers:
            self._report(strangers)
        return matrix

    def _report(self, strangers: list[tuple[Column, Mask]]) -> None:
        """Count unknown categories; warn of them the first time."""
        counts = {column.name: int(np.count_nonzero(unknown)) for column, unknown in strangers}
        with _COUNTING:
            is_first = not self.unknown_counts
            for name, count in counts.items():
                self.unknown_counts[name] = self.unknown_counts.get(name, 0) + count
        if is_first:
            what = "; ".join(
                f"column {column.name!r} holds {counts[column.name]:,}, such as {value} at {row}"
                for column, unknown in strangers
                for row, value in [column.first(unknown)]
            )
            warnings.warn(
                f"Categories not seen in training are encoded as zeros: {what}. "
                "(Further ones are counted in unknown_counts without a warning.)",
                UnknownCategoryWarning,
                stacklevel=4,
            )


def _warn_of_strays(column: Column, most: int) -> None:
    """Warn of the few texts that make categories of a column of numbers, unless it is refused anyway."""
    odd = strays(column) if len(column.categories) <= most else ""
    if odd:
        warnings.warn(
            f"{odd}: the column is read as categories; correct or empty what is no number.", stacklevel=4
        )


def _check_categories(fitted: Sequence[Features], most: int) -> None:
    """Refuse category columns of more than `most` values: identifiers, names, free text."""
    crowded = [f for f in fitted if isinstance(f, CategoryFeatures) and len(f.categories) > most]
    if not crowded:
        return
    values = crowded[0].categories
    odd = [value for value in values if parse_number(str(value)) is None]
    hint = f" Most are numbers: mark {shown(odd[0])} as missing." if 0 < 2 * len(odd) < len(values) else ""
    also = f" The same goes for {listed([f.name for f in crowded[1:]])}." if crowded[1:] else ""
    raise DataError(
        f"Column {crowded[0].name!r} holds {len(values):,} different values, such as {shown(values[0])}; "
        f"more than max_categories={most}. Drop it, group its values into fewer, "
        f"or raise max_categories.{hint}{also}"
    )
