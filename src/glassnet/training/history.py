"""History: what each epoch measured."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path

__all__ = ["History"]


class History(Mapping[str, list[float]]):
    """Figures per epoch, by name: history["loss"][0] is the first epoch's training loss.

    Names: "loss", every metric, the same with "val_" for the validation part, "learning_rate"
    (of the epoch's last step), "seconds", "samples_per_second".

    Attributes:
        stop_reason: why training ended early, or None.

    >>> history = History()
    >>> history.append({"loss": 0.75, "accuracy": 0.5})
    >>> history.append({"loss": 0.25, "accuracy": 0.75})
    >>> history["loss"], history.row(-1)
    ([0.75, 0.25], {'loss': 0.25, 'accuracy': 0.75})
    """

    def __init__(self) -> None:
        self._columns: dict[str, list[float]] = {}
        self.stop_reason: str | None = None

    def replace(self, columns: Mapping[str, Sequence[float]]) -> None:
        """Take these columns in place of all that is here."""
        self._columns = {name: list(column) for name, column in columns.items()}

    def append(self, logs: Mapping[str, float]) -> None:
        """Add one epoch; a name that is new or missing is filled with NaN elsewhere."""
        for name in logs:
            if name not in self._columns:
                self._columns[name] = [float("nan")] * self.n_epochs
        for name, column in self._columns.items():
            column.append(float(logs.get(name, float("nan"))))

    @property
    def n_epochs(self) -> int:
        """Number of epochs recorded."""
        return max(map(len, self._columns.values()), default=0)

    def row(self, epoch: int) -> dict[str, float]:
        """Return the figures of one epoch, counted from 0; -1 is the last."""
        return {name: column[epoch] for name, column in self._columns.items()}

    def to_dict(self) -> dict[str, list[float]]:
        """Return the columns as plain lists of their own: ``pandas.DataFrame(history.to_dict())``."""
        return {name: list(column) for name, column in self._columns.items()}

    def write_csv(self, path: str | PathLike[str]) -> None:
        """Write one row per epoch, whole or not at all: "epoch", counted from 1, then every column.

        Numbers are written with all their digits, missing ones as nan.

        Raises:
            OSError: the folder is missing, read-only or full.
        """
        from glassnet.files.atomic import write_atomically  # files knows networks, which know this

        def write(place: Path) -> None:
            with open(place, "w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(["epoch", *self])
                for i in range(self.n_epochs):
                    writer.writerow([i + 1, *self.row(i).values()])

        write_atomically(path, write)

    def __getitem__(self, name: str) -> list[float]:
        try:
            return self._columns[name]
        except KeyError:
            raise KeyError(
                f"No column {name!r} in the history; it has: {', '.join(self._columns)}."
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def _repr_html_(self) -> str:
        from glassnet.inspection.html import history_html

        return history_html(self)

    def __repr__(self) -> str:
        return f"History({self.n_epochs} epochs: {', '.join(self._columns)})"
