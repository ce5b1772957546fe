"""A CSV file with a row per epoch, written while training runs."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

from glassnet.callbacks.base import Callback
from glassnet.callbacks.checks import require_folder
from glassnet.checks import as_path
from glassnet.errors import DataError

if TYPE_CHECKING:
    from glassnet.training import Training

__all__ = ["CSVLog"]


@dataclass(eq=False)
class CSVLog(Callback):
    """Writes each epoch's figures as a row, at once; the file is closed between epochs.

    Columns: "epoch", counted from 1, then the history's, as far as they are known when this
    callback is called: one that adds columns stands before it. A column that appears later is
    added to all rows, with nan in the earlier ones. The same file as ``history.write_csv``.

    Args:
        path: the file, in a folder that exists; what it held is overwritten when fit starts.

    Raises:
        HyperparameterError: `path` is not a path.
        DataError: in fit, before the first step, if the file cannot be written.

    >>> import glassnet as gn
    >>> gn.CSVLog("log.csv")
    CSVLog(path='log.csv')
    """

    path: str | PathLike[str]

    def __post_init__(self) -> None:
        self._path = as_path("CSVLog path", self.path)
        self._names: list[str] = []

    def on_fit_start(self, training: Training) -> None:
        """Make the file, empty."""
        self._names = []
        require_folder("CSVLog", self._path)
        self._write("w", [])

    def on_epoch_end(self, training: Training, logs: dict[str, float]) -> None:
        """Add the epoch's row, or write all rows anew if there are new columns."""
        new = [name for name in logs if name not in self._names]
        row = {"epoch": training.epoch, **logs}
        if not new:
            self._write("a", [row])
            return
        self._names += new
        history = training.history
        first = training.epoch - history.n_epochs
        earlier = [{"epoch": first + i, **history.row(i)} for i in range(history.n_epochs)]
        self._write("w", [*earlier, row])

    def _write(self, how: str, rows: Sequence[Mapping[str, float]]) -> None:
        try:
            with open(self._path, how, newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                if rows and how == "w":
                    writer.writerow(["epoch", *self._names])
                for row in rows:
                    figures = (float(row.get(name, "nan")) for name in self._names)
                    writer.writerow([row["epoch"], *figures])
        except OSError as error:
            raise DataError(f"CSVLog cannot write {self._path}: {error.strerror or error}.") from error
