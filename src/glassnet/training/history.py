"""History: what each epoch measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

__all__ = ["History"]


class History(Mapping[str, list[float]]):
    """Figures per epoch, by name: history["loss"][0] is the first epoch's training loss.

    Names: "loss", every metric, the same with "val_" for the validation part, "learning_rate"
    (of the epoch's last step), "seconds", "samples_per_second".

    Attributes:
        stop_reason: why training ended early, or None.
    """

    def __init__(self) -> None:
        self._columns: dict[str, list[float]] = {}
        self.stop_reason: str | None = None

    def append(self, logs: Mapping[str, float]) -> None:
        """Add one epoch; a name that is new or missing is filled with NaN elsewhere."""
        n = self.n_epochs
        for name in logs:
            self._columns.setdefault(name, [float("nan")] * n)
        for name, column in self._columns.items():
            column.append(float(logs.get(name, float("nan"))))

    @property
    def n_epochs(self) -> int:
        """Number of epochs recorded."""
        return max(map(len, self._columns.values()), default=0)

    def row(self, epoch: int) -> dict[str, float]:
        """Return the figures of one epoch, counted from 0; -1 is the last."""
        return {name: column[epoch] for name, column in self._columns.items()}

    def __getitem__(self, name: str) -> list[float]:
        try:
            return self._columns[name]
        except KeyError:
            raise KeyError(f"No column {name!r} in the history; it has: {', '.join(self._columns)}.") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        return f"History({self.n_epochs} epochs: {', '.join(self._columns)})"
