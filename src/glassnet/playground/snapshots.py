"""Snapshots: what a training was at the end of earlier epochs, so that it can go back there bit for bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from glassnet._typing import AnyArray
from glassnet.training import Training
from glassnet.training.history import History
from glassnet.training.resume import capture, restore

__all__ = ["Snapshots"]


@dataclass(frozen=True)
class _Snapshot:
    document: dict[str, Any]
    arrays: dict[str, AnyArray]

    @property
    def size(self) -> int:
        return sum(array.nbytes for array in self.arrays.values()) + 4096


class Snapshots:
    """The states of a training at the ends of epochs: all at first, then every 2nd, 4th, 8th, ...

    What lies between two of them is reached by training again from the one before: the same steps, the
    same numbers. The history is not part of a snapshot, for the training holds all of it.

    Args:
        most: how many to hold.
        most_bytes: how much they may take together; two are always held.
    """

    def __init__(self, *, most: int = 200, most_bytes: int = 64 << 20) -> None:
        self.most, self.most_bytes = most, most_bytes
        self.stride = 1
        self._kept: dict[int, _Snapshot] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, training: Training, *, shuffled: bool = False) -> None:
        """Keep the state of a training between two epochs, if it is its turn and not kept yet.

        Args:
            training: has just finished an epoch, or not begun.
            shuffled: whether the order of the next epoch is drawn already; this takes it back.
        """
        if training.epoch % self.stride or training.epoch in self._kept:
            return
        history, training.history = training.history, History()
        document, arrays = capture(training, {})
        training.history = history
        if shuffled and training.shuffled_from is not None:
            document["generators"]["shuffling"] = training.shuffled_from
        snapshot = _Snapshot(document, {name: array.copy() for name, array in arrays.items()})
        self._kept[training.epoch] = snapshot
        limit = max(2, min(self.most, self.most_bytes // snapshot.size))
        while len(self._kept) > limit:
            self.stride *= 2
            self._kept = {k: kept for k, kept in self._kept.items() if k % self.stride == 0}

    def restore(self, training: Training, epoch: int) -> None:
        """Put back the last state at or before the end of `epoch`, and forget all later ones."""
        nearest = max(k for k in self._kept if k <= epoch)
        self._kept = {k: kept for k, kept in self._kept.items() if k <= nearest}
        columns = {name: column[:nearest] for name, column in training.history.items()}
        snapshot = self._kept[nearest]
        restore(training, snapshot.document, snapshot.arrays, {})
        training.history.replace(columns)
