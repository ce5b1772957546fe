"""Which rows train, which validate and which test: drawn by seed, class by class."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray
from glassnet.errors import DataError, ShapeError
from glassnet.hyperparameters import Interval, Rule

__all__ = ["Split", "split_rows"]

_FRACTION = Rule(interval=Interval(0.0, 1.0, "left"))


class Split(NamedTuple):
    """Row indices of the three parts, each ascending; together they are every row once."""

    train: npt.NDArray[np.intp]
    validation: npt.NDArray[np.intp]
    test: npt.NDArray[np.intp]


def split_rows(
    n_rows: int,
    *,
    validation: float = 0.2,
    test: float = 0.0,
    labels: npt.ArrayLike | None = None,
    seed: int | np.random.Generator = 0,
) -> Split:
    """Return which rows train, validate and test.

    The parts have ``round(n_rows * fraction)`` rows, halves rounded up; the rest trains. With
    labels, every class is spread over the parts in these proportions as nearly as whole rows
    allow, and keeps at least one row in training, so a class of one row trains. Equal
    arguments give equal parts. Indices ascend, which keeps reading a table in its order fast;
    training shuffles anyway.

    Args:
        n_rows: how many rows there are, 1 or more.
        validation: fraction of the rows, in [0, 1), default 0.2; 0 for no such part.
        test: fraction of the rows, in [0, 1), default 0; the two sum to less than 1.
        labels: (n_rows,) of any type, for a split by class; None for a plain one.
        seed: an integer, or a generator to draw from.

    Raises:
        HyperparameterError: a fraction outside its range.
        DataError: a part with a fraction above 0, or training, would have no rows.
        ShapeError: labels that are not (n_rows,).

    >>> [len(part) for part in split_rows(10, validation=0.2, test=0.1, seed=0)]
    [7, 2, 1]
    """
    n_validation = _part_size("validation", validation, n_rows)
    n_test = _part_size("test", test, n_rows)
    if n_validation + n_test >= n_rows:
        raise DataError(
            f"validation={validation:g} and test={test:g} of {n_rows} rows leave no row for training; "
            "use smaller fractions or more rows."
        )
    rng = np.random.default_rng(seed)
    order = rng.permutation(n_rows)
    if labels is not None:
        order = _stratified(order, np.asarray(labels), rng)
    parts = np.split(order, [n_validation, n_validation + n_test])
    in_validation, in_test, in_train = (np.sort(part) for part in parts)
    return Split(in_train, in_validation, in_test)


def _part_size(name: str, fraction: Any, n_rows: int) -> int:
    checked = _FRACTION.check("split", f"{name} fraction", fraction)
    size = int(n_rows * checked + 0.5)
    if checked and not size:
        raise DataError(
            f"{name}={checked:g} of {n_rows} rows is no row at all; use a larger fraction, 0, or more rows."
        )
    return size


def _stratified(
    order: npt.NDArray[np.intp], labels: AnyArray, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Reorder random rows so that every stretch of them holds the classes in proportion.

    The i-th of a class's n rows stands at (i + u) / n of the way, u drawn once per class; the
    last one goes to the very end, where the training part is.
    """
    if labels.shape != order.shape:
        raise ShapeError(f"labels must have shape ({len(order)},), got {labels.shape}.")
    _, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    by_class = order[np.argsort(codes[order], kind="stable")]
    code = codes[by_class]
    rank = np.arange(len(order)) - (np.cumsum(counts) - counts)[code]
    place = (rank + rng.random(len(counts))[code]) / counts[code]
    place[rank == counts[code] - 1] += 1
    return np.asarray(by_class[np.argsort(place, kind="stable")])
