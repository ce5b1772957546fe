"""From a source to what a network trains on: split first, then fit the encoders on the training part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from glassnet._typing import AnyArray, Array
from glassnet.cli.data import Source
from glassnet.cli.screen import NO_BREAK, counted
from glassnet.cli.settings import Settings
from glassnet.errors import DataError, HyperparameterError
from glassnet.tabular import Split, TabularEncoder, TargetEncoder, split_rows

__all__ = ["Part", "Prepared", "column_facts", "prepare", "split_source", "target_facts"]

_SHOWN_CLASSES = 20
_PLURALS = {"number": "numbers", "boolean": "booleans", "category": "categories", "datetime": "dates"}


@dataclass(frozen=True, eq=False)
class Part:
    """Encoded rows."""

    X: Array
    y: AnyArray

    def __len__(self) -> int:
        return len(self.X)


@dataclass(frozen=True, eq=False)
class Prepared:
    """The encoded parts ("train", and "validation" and "test" if asked for), and what encoded them."""

    parts: Mapping[str, Part]
    target: TargetEncoder
    encoder: TabularEncoder | None
    feature_names: tuple[str, ...]
    counts: tuple[int, ...]
    """Rows of each class in the whole data; empty for a regression."""
    n_rows: int

    @property
    def train(self) -> Part:
        """The training part."""
        return self.parts["train"]


def split_source(source: Source, settings: Settings) -> tuple[Split, TargetEncoder]:
    """Return which rows train, validate and test, and the target encoder of all rows.

    Raises:
        DataError: a target that cannot be learnt, or too few rows for the parts.
        HyperparameterError: a task that is not this dataset's.
    """
    if source.task != "auto" and settings.task not in ("auto", source.task):
        raise HyperparameterError(f"Option --task: {source.name} is a {source.task}, not a {settings.task}.")
    task = source.task if settings.task == "auto" else settings.task
    whole = TargetEncoder(task=task).fit(source.values, source.target or "target")
    labels = whole.encode(source.values) if whole.is_classification else None
    split = split_rows(
        len(source),
        validation=settings.validation,
        test=0.0 if source.test is not None else settings.test,
        labels=labels,
        seed=settings.seed,
    )
    return split, whole


def prepare(source: Source, settings: Settings) -> Prepared:
    """Return the encoded parts of a source whose target is chosen."""
    split, whole = split_source(source, settings)
    task = "classification" if whole.is_classification else "regression"
    target = TargetEncoder(task=task).fit(source.targets(split.train), whole.name)
    encoder: TabularEncoder | None = None
    training = source.rows(split.train)
    names = source.feature_names
    if not isinstance(source.table, np.ndarray):
        encoder = TabularEncoder(max_categories=settings.max_categories)
        exclude = [whole.name] if whole.name in _names(source.table) else []
        try:
            encoder.fit(training, exclude=exclude)
        except DataError as error:
            raise DataError(f"{error} (Option --drop NAME leaves a column out.)") from error
        names = tuple(encoder.feature_names_out())

    def part(given: Source, rows: AnyArray) -> Part:
        table = given.rows(rows)
        X = table if encoder is None else encoder.transform(table)
        return Part(X, target.encode(given.targets(rows)))

    parts = {name: part(source, rows) for name, rows in split._asdict().items() if len(rows)}
    if source.test is not None and settings.test:
        parts["test"] = part(source.test, np.arange(len(source.test)))
    counts = whole.counts if whole.is_classification else ()
    return Prepared(parts, target, encoder, names, counts, len(source))


def column_facts(encoder: TabularEncoder | None, feature_names: tuple[str, ...]) -> str:
    """Return a sentence on the columns by kind, and on those that were dropped."""
    if encoder is None:
        return f"{counted(len(feature_names), 'number')}, taken as they are"
    columns = encoder.summary()
    used = [column for column in columns if column.features]
    kinds = Counter(column.kind for column in used)
    told = ", ".join(f"{n} {kind if n == 1 else _PLURALS[kind]}" for kind, n in kinds.items())
    text = f"{told}; {counted(encoder.n_features, 'feature')}"
    if gaps := sum(column.n_missing > 0 for column in used):
        text += f"; {gaps} with missing values"
    if constant := [column.name for column in columns if not column.features]:
        shown = ", ".join(constant[:5]) + (" ..." if len(constant) > 5 else "")
        text += f"; left out, for they never vary: {shown}"
    return text


def target_facts(target: TargetEncoder, counts: tuple[int, ...]) -> str:
    """Return a sentence on the target: its classes with their rows, or mean and spread."""
    if not target.is_classification:
        return f"{target.name}, a value: mean {target.mean:.4g}, standard deviation {target.std:.4g}"
    pairs = [
        f"{name}: {count:,}".replace(" ", NO_BREAK)
        for name, count in zip(target.classes, counts, strict=True)
    ]
    more = f", and {len(pairs) - _SHOWN_CLASSES} more" if len(pairs) > _SHOWN_CLASSES else ""
    return f"{target.name}, {len(pairs)} classes: {', '.join(pairs[:_SHOWN_CLASSES])}{more}"


def _names(table: Any) -> list[str]:
    from glassnet.tabular import column_names

    return column_names(table)
