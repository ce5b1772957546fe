"""The problem: the rows a set-up trains and tests on, and how the page draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glassnet._typing import AnyArray, Array
from glassnet.datasets import load
from glassnet.datasets.generators import CLASSIFICATIONS
from glassnet.errors import DataError
from glassnet.playground.controls import control
from glassnet.playground.features import expanded
from glassnet.playground.setup import GENERATORS, UPLOAD
from glassnet.playground.uploads import read_upload
from glassnet.tabular import TabularEncoder, TargetEncoder
from glassnet.tabular.columns import column_names, read_column, take_rows

__all__ = ["Problem", "generator_arguments", "make_problem"]

_MARGIN = 0.08


@dataclass(frozen=True)
class Problem:
    """Everything about the data of a run.

    Attributes:
        inputs: what the network sees, float32 (n, n_features); targets: labels or values (n,).
        train, test: which rows; the test part may be empty.
        classes: their names, or None for values.
        feature_names: one for each input.
        places: where the page draws the rows, (n, 2): the plane's coordinates, or for a table its first
            two principal components.
        plane: the chosen features of a plane, from whose points inputs can be made; None for a table.
        encoder, target: of an uploaded table.
        axes: what the two coordinates of `places` are.
    """

    inputs: Array
    targets: AnyArray
    train: AnyArray
    test: AnyArray
    classes: tuple[str, ...] | None
    feature_names: tuple[str, ...]
    places: Array
    plane: tuple[str, ...] | None
    encoder: TabularEncoder | None = None
    target: TargetEncoder | None = None
    axes: tuple[str, str] = ("x", "y")

    @property
    def kind(self) -> str:
        """ "plane-classes", "plane-values", "table-classes" or "table-values"."""
        return (
            f"{'table' if self.plane is None else 'plane'}-{'values' if self.classes is None else 'classes'}"
        )

    @property
    def domain(self) -> tuple[float, float, float, float]:
        """The square that the page shows: x from, to, y from, to."""
        low, high = self.places.min(axis=0), self.places.max(axis=0)
        half = float((high - low).max()) / 2 * (1 + 2 * _MARGIN) or 1.0
        x, y = ((low + high) / 2).tolist()
        return x - half, x + half, y - half, y + half

    def grid(self, size: int) -> Array:
        """Return the inputs at size x size places of the domain, row by row from the lowest y."""
        x0, x1, y0, y1 = self.domain
        x, y = np.meshgrid(np.linspace(x0, x1, size), np.linspace(y0, y1, size))
        points = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
        return expanded(points, self.plane or ())

    def described_points(self, most: int = 4000) -> dict[str, dict[str, list[float]]]:
        """Return the places and targets of both parts; of many rows, evenly chosen ones."""
        parts = {}
        for name, rows in (("train", self.train), ("test", self.test)):
            shown = rows[:: max(1, -(-len(rows) // most))]
            x, y = self.places[shown].T
            parts[name] = {
                "x": np.round(x, 4).tolist(),
                "y": np.round(y, 4).tolist(),
                "t": np.round(self.targets[shown].ravel(), 5).tolist(),
            }
        return parts


def make_problem(setup: Mapping[str, Any], uploads: Path | None = None) -> Problem:
    """Return the problem of a complete set-up.

    Args:
        setup: what :func:`glassnet.playground.setup.complete` returned.
        uploads: the folder of uploaded tables.

    Raises:
        ControlError: data that cannot be used; says at which control.
    """
    name = setup["data"]["name"]
    with control("data.name"):
        if name in GENERATORS:
            return _made(name, setup)
        if name != UPLOAD:
            return _embedded(name, setup)
    with control("data.target"):
        return _uploaded(setup, uploads)


def generator_arguments(data: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the arguments of a generator: n points in all, as many for each class."""
    name = data["name"]
    if name not in CLASSIFICATIONS:
        return {"n_samples": data["n"], "noise": data["noise"], "seed": seed}
    arguments: dict[str, Any] = {"n_per_class": data["n"] // data["classes"]}
    if name in ("spiral", "gaussians"):
        arguments["n_classes"] = data["classes"]
    if name == "circles":
        arguments["factor"] = data["factor"]
    return {**arguments, "noise": data["noise"], "seed": seed}


def _made(name: str, setup: Mapping[str, Any]) -> Problem:
    X, y = GENERATORS[name](**generator_arguments(setup["data"], setup["data_seed"]))
    train, test = split(len(X), setup)
    names = tuple(setup["features"])
    classes = tuple(f"class {k}" for k in range(int(y.max()) + 1)) if name in CLASSIFICATIONS else None
    return Problem(expanded(X, names), y, train, test, classes, names, X, names)


def _embedded(name: str, setup: Mapping[str, Any]) -> Problem:
    data = load(name)
    train, test = split(len(data.X), setup)
    inputs = standardised(data.X, train)
    if data.task == "classification":
        return _table(inputs, data.y, train, test, data.target_names, data.feature_names)
    return _table(inputs, standardised(data.y, train), train, test, None, data.feature_names)


def _uploaded(setup: Mapping[str, Any], uploads: Path | None) -> Problem:
    data = setup["data"]
    table = read_upload(uploads, data["upload"])
    names = column_names(table)
    target_name = names[-1] if data["target"] is None else data["target"]
    if target_name not in names:
        raise DataError(f"The table has no column {target_name!r}; it has: {', '.join(names[:20])}.")
    if len(names) < 2:
        raise DataError("The table has one column alone; it needs one to learn from beside the target.")
    table = take_rows(table, np.flatnonzero(~read_column(table, target_name).missing))
    if not len(table[target_name]):
        raise DataError(f"Target {target_name!r} holds no value at all.")
    train, test = split(len(table[target_name]), setup)
    known = take_rows(table, train)
    encoder = TabularEncoder().fit(known, exclude=[target_name])
    target = TargetEncoder(task=data["task"]).fit(known[target_name], target_name)
    y = target.encode(table[target_name])
    classes = tuple(map(str, target.classes)) if target.is_classification else None
    labels = y if classes else y[:, 0]
    inputs, features = encoder.transform(table), tuple(encoder.feature_names_out())
    summary = encoder.summary()
    if len(features) == len(summary) == 2 and {column.kind for column in summary} == {"number"}:
        chosen = tuple(setup["features"])  # two numbers are a plane
        made = expanded(inputs, chosen)
        axes = (f"{features[0]} (standardised)", f"{features[1]} (standardised)")
        return Problem(made, labels, train, test, classes, chosen, inputs, chosen, encoder, target, axes)
    return _table(inputs, labels, train, test, classes, features, encoder, target)


def split(n: int, setup: Mapping[str, Any]) -> tuple[AnyArray, AnyArray]:
    """Return the rows of the training part and of the test part."""
    order = np.random.default_rng([setup["data_seed"], 1]).permutation(n)
    n_train = max(1, round(n * setup["train_share"]))
    return order[:n_train], order[n_train:]


def standardised(values: Array, train: AnyArray) -> Array:
    """Return (x - mean) / std by the training part; columns without spread are only centred."""
    mean, std = values[train].mean(axis=0), values[train].std(axis=0)
    scaled: Array = ((values - mean) / np.where(std > 0, std, 1)).astype(np.float32)
    return scaled


def _table(
    inputs: Array,
    targets: AnyArray,
    train: AnyArray,
    test: AnyArray,
    classes: tuple[str, ...] | None,
    names: tuple[str, ...],
    encoder: TabularEncoder | None = None,
    target: TargetEncoder | None = None,
) -> Problem:
    known = inputs[train].astype(np.float64)
    centre = known.mean(axis=0)
    directions = np.linalg.eigh((known - centre).T @ (known - centre))[1][:, ::-1][:, :2]
    places = np.zeros((len(inputs), 2))
    places[:, : directions.shape[1]] = (inputs - centre) @ directions
    axes = ("component 1", "component 2")
    return Problem(inputs, targets, train, test, classes, names, places, None, encoder, target, axes)
