"""The mathematics of one minibatch, layer by layer: formulas, shapes and numbers, forward and backward."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from glassnet._typing import AnyArray
from glassnet.errors import HyperparameterError
from glassnet.inspection import trace
from glassnet.playground.run import Run

__all__ = ["mathematics"]

_SHOWN = 8
"""Rows and columns of an array that are shown."""
_MOST_ROWS = 512


def mathematics(run: Run, rows: Any) -> dict[str, Any]:
    """Return every value of one pass: the network's present weights, the rows' forward and backward pass.

    Args:
        run: left as it is.
        rows: indices into the training part, or None for the minibatch of the last step.

    Raises:
        HyperparameterError: rows that are not there.
    """
    chosen = run.current_rows[:_MOST_ROWS] if rows is None else _checked(rows, len(run.problem.train))
    inputs, targets = run.batch(chosen)
    seen = trace(copy.deepcopy(run.network), inputs, targets, run.training.objective.asked)
    steps = []
    for name, layer in seen.items():
        formulas = {key: layer.formula(key) for key in layer}
        told = [f"{key} = {formulas[key]}" for key in ("z", "x_hat", "mask", "a") if key in formulas]
        steps.append(
            {
                "layer": name,
                "description": layer.description,
                "formula": "; ".join(told),
                "formulas": formulas,
                "shapes": {key: list(layer[key].shape) for key in layer},
                "arrays": {key: _numbers(layer[key]) for key in layer},
            }
        )
    return {
        "type": "mathematics",
        "rows": chosen[:_SHOWN].tolist(),
        "n_rows": len(chosen),
        "steps": steps,
        "targets": _numbers(targets),
        "outputs": _numbers(seen.outputs),
        "output_gradient": None if seen.output_gradient is None else _numbers(seen.output_gradient),
        "loss": seen.loss,
        "loss_name": type(run.training.objective.asked).__name__,
    }


def _checked(rows: Any, n: int) -> AnyArray:
    whole = isinstance(rows, list) and all(isinstance(row, int) and 0 <= row < n for row in rows)
    if not whole or not 1 <= len(rows) <= _MOST_ROWS:
        raise HyperparameterError(
            f"Mathematics rows must be 1 to {_MOST_ROWS} whole numbers in [0, {n - 1}]."
        )
    return np.array(rows, np.intp)


def _numbers(array: AnyArray) -> list[list[float]]:
    """Return the first rows and columns, rounded to what can be read."""
    table = array.reshape(1, -1) if array.ndim < 2 else array
    return [[float(f"{value:.5g}") for value in row[:_SHOWN].tolist()] for row in table[:_SHOWN]]
