"""What every built-in dataset comes as: the arrays, and what their columns and classes are called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from glassnet._typing import AnyArray

__all__ = ["Dataset"]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """The arrays of one dataset, and their names; unpacks as ``X, y = dataset``.

    Attributes:
        X: inputs, float32, one sample a row: (n_samples, n_features), or (n_samples, height, width)
            for images that were asked for with ``flatten=False``.
        y: targets (n_samples,): labels 0, 1, ... as int64, or float32 for a regression.
        feature_names: one name for each column of the flattened X.
        target_names: the names of the classes, label 0 first; of the one target for a regression.
        task: "classification" or "regression".
        name: the name that :func:`glassnet.datasets.load` knows it by.
        description: what it is, in one sentence.

    >>> from glassnet import datasets
    >>> datasets.iris()
    Dataset(iris: classification, X (150, 4) float32, 3 classes)
    >>> X, y = datasets.iris()
    >>> X.shape, y.shape
    ((150, 4), (150,))
    """

    X: AnyArray
    y: AnyArray
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]
    task: str
    name: str
    description: str

    def __iter__(self) -> Iterator[AnyArray]:
        yield self.X
        yield self.y

    def __repr__(self) -> str:
        classes = f", {len(self.target_names)} classes" if self.task == "classification" else ""
        return f"Dataset({self.name}: {self.task}, X {self.X.shape} {self.X.dtype}{classes})"
