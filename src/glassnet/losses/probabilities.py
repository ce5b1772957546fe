"""What losses on probabilities share: a logarithm that stays finite, and a look at the outputs.

Cross-entropy on probabilities is made of l(p) = -log p, whose slope -1/p is infinite at p = 0.
Below `epsilon` l goes on as its tangent there:

    l(p) = -log p                            for p >= epsilon,
    l(p) = -log epsilon + 1 - p / epsilon    for p < epsilon,        l'(p) = -1 / max(p, epsilon).

Value and slope are finite everywhere and belong together. Clipping p instead, as Keras does,
leaves a saturated wrong probability without any gradient; clipping in one of the two only makes
them disagree.
"""

from __future__ import annotations

import numpy as np

from glassnet._typing import Array
from glassnet.errors import DataError
from glassnet.hyperparameters import Interval
from glassnet.losses.targets import first_place

__all__ = ["EPSILON", "require_probability_outputs", "tangent_log"]

EPSILON = Interval(1e-30, 0.1)
"""What epsilon may be: 1 / epsilon is finite in float32."""


def tangent_log(p: Array, epsilon: float, out: Array, floored: Array, work: Array) -> None:
    """Write -l(p) = log q - 1 + p / q into `out` and q = max(p, epsilon) into `floored`."""
    np.maximum(p, epsilon, out=floored)
    np.divide(p, floored, out=out)  # exactly 1 where p >= epsilon
    out -= 1
    np.log(floored, out=work)
    out += work


def require_probability_outputs(owner: str, outputs: Array, activation: str, instead: str) -> None:
    """Raise DataError naming the first element of `outputs` outside [0, 1], give or take 0.001."""
    outside = (outputs < -1e-3) | (outputs > 1 + 1e-3)
    if outside.any():
        row, column = first_place(outside)
        raise DataError(
            f"{owner} takes probabilities in [0, 1], got {outputs[row, column]} at row {row}, "
            f"column {column} (counting from 0). End the network with {activation}, or use {instead} on "
            "its logits."
        )
