"""DATA on the command line: the name of a built-in dataset, or a file."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from glassnet import datasets
from glassnet.cli.screen import counted, error_line
from glassnet.errors import DataError, HyperparameterError
from glassnet.tabular import column_names, count_rows, read_column, take_rows
from glassnet.tabular.view import listed

__all__ = ["Source", "is_built_in", "read_source", "table_column", "with_target"]

_PIXELS = ("digits", "mnist", "fashion_mnist", "cifar10")
"""Built-in datasets of pixels in 0..1, which a network takes as they are."""
_WITH_TEST_PART = ("mnist", "fashion_mnist", "cifar10")


@dataclass(frozen=True, eq=False)
class Source:
    """Rows to train on or to predict.

    Attributes:
        name: short, for folders and titles.
        about: one line for people.
        table: columns by name; or, of pixels, an array (n_rows, n_features).
        fingerprint: tells whether two sources hold the same data.
        target: the name of the target column; None if there is none, or none is chosen yet.
        values: the target column, in the rows of `table`; None as `target`.
        task: "classification" or "regression" where it is known.
        feature_names: of an array.
        test: rows that were published for testing, if there are any.
    """

    name: str
    about: str
    table: Any
    fingerprint: str
    target: str | None = None
    values: Any = None
    task: str = "auto"
    feature_names: tuple[str, ...] = ()
    test: Source | None = None

    def __len__(self) -> int:
        return len(self.table) if isinstance(self.table, np.ndarray) else count_rows(self.table)

    def rows(self, rows: Any) -> Any:
        """Return some rows of the table."""
        return self.table[rows] if isinstance(self.table, np.ndarray) else take_rows(self.table, rows)

    def targets(self, rows: Any) -> Any:
        """Return some rows of the target column."""
        return take_rows({"values": self.values}, rows)["values"]


def is_built_in(data: str) -> bool:
    """Whether DATA names a built-in dataset."""
    return data in datasets.DESCRIPTIONS


def read_source(data: str) -> Source:
    """Return the rows that DATA names; a file's have no target yet.

    Raises:
        DataError: neither a built-in dataset nor a readable table; says what is near.
        MissingDependencyError: pyarrow or pooch is missing.
    """
    if is_built_in(data):
        return _built_in(data)
    path = Path(data)
    if not path.exists():
        near = difflib.get_close_matches(data, datasets.names(), n=1)
        hint = f" Did you mean the dataset {near[0]!r}?" if near else ""
        raise DataError(
            f"There is no file {data!r}, and no built-in dataset of that name.{hint} "
            "`glassnet datasets` lists those."
        )
    table = datasets.read_table(path)
    name = path.name.removesuffix(".gz")
    return Source(Path(name).stem or "data", str(path), table, _sha256(path))


def with_target(source: Source, target: str | None, drop: Sequence[str] = ()) -> Source:
    """Return a source whose target column is chosen, and without the rows that lack a target.

    Args:
        source: as :func:`read_source` returned it.
        target: name of the column; None takes the last one.
        drop: columns to leave out.

    Raises:
        DataError: a column that is not there; lists the near ones.
        HyperparameterError: a choice that this source does not offer.
    """
    if source.values is not None:
        if target not in (None, source.target):
            raise HyperparameterError(
                f"Option --target is for files; the target of {source.name} is {source.target!r}."
            )
        return _without(source, drop)
    names = column_names(source.table)
    source = _without(source, drop)
    left = column_names(source.table)
    if target is None:
        target = left[-1]
    elif target in drop:
        raise HyperparameterError(f"Column {target!r} is the target, and cannot be dropped.")
    elif target not in names:
        raise _no_column("target column", target, names)
    if len(left) < 2:
        raise DataError(f"{source.about} has no column beside the target {target!r} to learn from.")
    # Views of the columns keep the numbers of their rows, for errors, whichever rows are taken.
    source = replace(source, table={name: _viewed(source.table, name) for name in left})
    column = read_column(source.table, target)
    kept = np.flatnonzero(~column.missing)
    if not len(kept):
        raise DataError(f"Target {target!r} holds no value at all.")
    if len(kept) < len(column):
        error_line(
            "Warning", f"{counted(column.n_missing, 'row')} without a value of {target!r} left out.", "yellow"
        )
        source = replace(source, table=source.rows(kept))
    return replace(source, target=target, values=source.table[target])


def _viewed(table: Any, name: str) -> Any:
    """Return the view of a column, or the column itself if there is none: who needs it will be told."""
    try:
        return read_column(table, name)
    except DataError:
        return table.column(name)


def table_column(source: Source, name: str) -> list[Any]:
    """Return a column of a source as Python objects.

    Raises:
        DataError: there is no such column; lists the near ones.
    """
    if isinstance(source.table, np.ndarray):
        raise HyperparameterError(f"Option --keep is for tables; {source.name} holds pixels.")
    if source.target == name and source.values is not None:
        return list(source.values)
    names = column_names(source.table)
    if name not in names:
        raise _no_column("column to keep", name, names)
    if hasattr(source.table, "column"):
        column: list[Any] = source.table.column(name).to_pylist()
        return column
    return list(source.table[name])


def _without(source: Source, drop: Sequence[str]) -> Source:
    if not drop:
        return source
    if isinstance(source.table, np.ndarray):
        raise HyperparameterError(f"Option --drop is for tables; {source.name} holds pixels.")
    names = column_names(source.table)
    for name in drop:
        if name not in names:
            raise _no_column("column to drop", name, names)
    if len(set(drop)) == len(names):
        raise DataError(f"Option --drop leaves no column of {source.about}.")
    if hasattr(source.table, "drop_columns"):
        return replace(source, table=source.table.drop_columns(list(drop)))
    return replace(source, table={k: v for k, v in source.table.items() if k not in drop})


def _no_column(what: str, name: str, names: Sequence[str]) -> DataError:
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return DataError(f"There is no {what} {name!r}.{hint} The table has: {listed(list(names))}.")


def _built_in(name: str, split: str | None = None) -> Source:
    options = {} if split is None else {"split": split}
    data = datasets.load(name, **options)
    classes = data.task == "classification"
    values = np.array(data.target_names, dtype=object)[data.y] if classes else data.y
    pixels = name in _PIXELS
    table = data.X if pixels else {n: data.X[:, i] for i, n in enumerate(data.feature_names)}
    published = split is None and name in _WITH_TEST_PART
    return Source(
        name=name,
        about=f"{name}: {data.description}",
        table=table,
        fingerprint=f"built-in {name}" + (f" {split}" if split else ""),
        target="class" if classes else data.target_names[0],
        values=values,
        task=data.task,
        feature_names=data.feature_names if pixels else (),
        test=_built_in(name, "test") if published else None,
    )


def _sha256(path: str | os.PathLike[str]) -> str:
    with open(path, "rb") as file:
        return "sha256 " + hashlib.file_digest(file, "sha256").hexdigest()
