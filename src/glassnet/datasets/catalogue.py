"""The built-in datasets by name: what each is, and `load`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from glassnet.datasets.cifar import cifar10
from glassnet.datasets.dataset import Dataset
from glassnet.datasets.embedded import breast_cancer, diabetes, digits, iris, wine
from glassnet.datasets.generators import CLASSIFICATIONS, REGRESSIONS
from glassnet.datasets.idx import fashion_mnist, mnist
from glassnet.errors import HyperparameterError, unknown_name

__all__ = ["DESCRIPTIONS", "Description", "load", "names"]


@dataclass(frozen=True)
class Description:
    """One line of the table of datasets; the sizes are those of ``load(name)`` without options."""

    name: str
    task: str
    rows: int
    features: int
    classes: int | None
    """None for a regression."""
    source: str
    """"made" from a seed, "scikit-learn" (comes with it), or "download" (fetched once)."""
    summary: str


DESCRIPTIONS: dict[str, Description] = {
    line.name: line
    for line in (
        Description("spiral", "classification", 300, 2, 3, "made", "Interleaved spiral arms."),
        Description(
            "moons", "classification", 200, 2, 2, "made", "Two half circles that reach into each other."
        ),
        Description("circles", "classification", 200, 2, 2, "made", "A circle around a smaller one."),
        Description("xor", "classification", 200, 2, 2, "made", "Class 1 where the signs differ."),
        Description("gaussians", "classification", 300, 2, 3, "made", "Round clouds around the unit circle."),
        Description("plane", "regression", 200, 2, None, "made", "A tilted plane."),
        Description("waves", "regression", 200, 2, None, "made", "Hills and hollows."),
        Description("iris", "classification", 150, 4, 3, "scikit-learn", "Three species of iris."),
        Description("digits", "classification", 1797, 64, 10, "scikit-learn", "Digits of 8 x 8 pixels."),
        Description("wine", "classification", 178, 13, 3, "scikit-learn", "Wines of three growers."),
        Description(
            "breast_cancer", "classification", 569, 30, 2, "scikit-learn", "Cell nuclei, malignant or benign."
        ),
        Description("diabetes", "regression", 442, 10, None, "scikit-learn", "Progression after one year."),
        Description("mnist", "classification", 60000, 784, 10, "download", "Digits of 28 x 28 pixels."),
        Description(
            "fashion_mnist", "classification", 60000, 784, 10, "download", "Clothing, 28 x 28 pixels."
        ),
        Description("cifar10", "classification", 50000, 3072, 10, "download", "Colour photographs, 32 x 32."),
    )
}
"""Every built-in dataset by name."""

_LOADERS: dict[str, Callable[..., Any]] = {
    **CLASSIFICATIONS,
    **REGRESSIONS,
    "iris": iris,
    "digits": digits,
    "wine": wine,
    "breast_cancer": breast_cancer,
    "diabetes": diabetes,
    "mnist": mnist,
    "fashion_mnist": fashion_mnist,
    "cifar10": cifar10,
}


def names() -> list[str]:
    """Return the names of the built-in datasets: made, carried by scikit-learn, fetched.

    >>> names()[:3]
    ['spiral', 'moons', 'circles']
    """
    return list(DESCRIPTIONS)


def load(name: str, **options: Any) -> Dataset:
    """Return a built-in dataset by its name.

    Args:
        name: one of :func:`names`.
        options: the arguments of the function of that name, such as ``noise=`` for "moons"
            or ``split="test"`` for "mnist".

    Returns:
        A :class:`Dataset`, also for the made ones; it unpacks as ``X, y``.

    Raises:
        HyperparameterError: an unknown name or option, or an option outside its range.
        DataError: its files are missing or damaged, or cannot be fetched.
        MissingDependencyError: its files are to be fetched, and pooch is missing.

    >>> load("moons", n_per_class=50, noise=0.2)
    Dataset(moons: classification, X (100, 2) float32, 2 classes)
    """
    if not isinstance(name, str) or name not in _LOADERS:
        raise unknown_name("dataset", str(name), _LOADERS)
    loader = _LOADERS[name]
    allowed = list(inspect.signature(loader).parameters)
    for option in options:
        if option not in allowed:
            takes = f"it takes: {', '.join(allowed)}" if allowed else "it takes none"
            raise HyperparameterError(f"Dataset {name} has no option {option!r}; {takes}.")
    loaded = loader(**options)
    return loaded if isinstance(loaded, Dataset) else _made(name, *loaded)


def _made(name: str, X: Any, y: Any) -> Dataset:
    line = DESCRIPTIONS[name]
    classes = tuple(f"class {label}" for label in range(int(y.max()) + 1))
    return Dataset(
        X=X,
        y=y,
        feature_names=("x1", "x2"),
        target_names=classes if line.task == "classification" else ("y",),
        task=line.task,
        name=name,
        description=line.summary,
    )
