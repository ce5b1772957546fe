"""The confusion matrix: counted anew only when the weights have moved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet._typing import AnyArray, Array
from glassnet.playground.run import Run

__all__ = ["Confusion", "decided"]

_MOST_ROWS = 20_000
_LEAST_LIMIT = 2_000
_MOST_WORK = 4_000_000_000
"""Rows times parameters: of a large network, fewer rows are counted than :data:`_MOST_ROWS`."""
_AT_A_TIME = 2_000


class Confusion:
    """Counts (true class, predicted class) on the test part, or on the training part if there is none.

    Args:
        run: whose network predicts.
        predictions: of inputs (n, n_features), the probabilities (n, k) or (n, 1).

    Attributes:
        rows: those that are counted; where the part is larger than the limit, its first ones, which
            are as good as drawn, for the parts are shuffled.
        told: how many rows are counted, of how many, and of which part.
    """

    def __init__(self, run: Run, predictions: Callable[[Array], Array]) -> None:
        self.run, self._predictions = run, predictions
        problem = run.problem
        part = problem.test if len(problem.test) else problem.train
        affordable = _MOST_WORK // max(1, run.network.parameters.values.size)
        self.rows = part[: min(_MOST_ROWS, max(_LEAST_LIMIT, affordable))]
        self.told: dict[str, Any] = {
            "rows": len(self.rows),
            "of": len(part),
            "part": "test" if len(problem.test) else "train",
        }
        self._counted: tuple[tuple[int, int], AnyArray] | None = None

    def counts(self) -> AnyArray | None:
        """Return the matrix (k, k), None for a problem without classes."""
        classes = self.run.problem.classes
        if classes is None:
            return None
        moves = self.run.moves
        if self._counted is None or self._counted[0] != moves:
            self._counted = moves, self._count(len(classes))
        return self._counted[1]

    def _count(self, k: int) -> AnyArray:
        problem = self.run.problem
        counts: AnyArray = np.zeros(k * k, np.intp)
        for start in range(0, len(self.rows), _AT_A_TIME):  # the passes' buffers stay small
            rows = self.rows[start : start + _AT_A_TIME]
            predicted, _ = decided(self._predictions(problem.inputs[rows]))
            counts += np.bincount(problem.targets[rows] * k + predicted, minlength=k * k)
        return counts.reshape(k, k).astype(np.float32)


def decided(outputs: Array) -> tuple[AnyArray, Array]:
    """Return the chosen class and how sure the network is, from probabilities (n, k) or (n, 1)."""
    if outputs.shape[1] == 1:
        p = outputs[:, 0]
        return (p > 0.5).astype(np.int64), np.nan_to_num(np.maximum(p, 1 - p))
    return outputs.argmax(axis=1), np.nan_to_num(outputs.max(axis=1))
