"""Adagrad: steps shrink with the gradients summed so far."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from glassnet._typing import Array
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.kernels import kernel
from glassnet.optimizers.base import POSITIVE, Optimizer, OptimizerState, chunks
from glassnet.schedules import Schedule

__all__ = ["Adagrad", "adagrad"]


@kernel
def adagrad(
    values: Array,
    gradients: Array,
    accumulator: Array,
    scratch: Array,
    learning_rate: float,
    epsilon: float,
) -> None:
    """Do one Adagrad step on flat arrays, in place."""
    for p, g, total, work, step in chunks(values, gradients, accumulator, scratch=scratch):
        np.multiply(g, g, out=work)
        total += work
        np.sqrt(total, out=work)
        work += epsilon
        np.multiply(g, learning_rate, out=step)
        step /= work
        p -= step


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Adaptive gradient: each parameter's rate falls with the sum of its squared gradients.

        G += g^2                                    (G = initial_accumulator at first)
        p -= learning_rate * g / (sqrt(G) + epsilon)

    Rarely touched parameters keep large steps. epsilon stands outside the root, as in the paper
    and in PyTorch (1e-10 there); Keras puts it inside and starts G at 0.1.

    Args:
        learning_rate: number above 0 or a schedule; default 0.01.
        epsilon: above 0, keeps the quotient finite; default 1e-7.
        initial_accumulator: at least 0, what every sum starts at; default 0. Larger is a softer start.
        weight_decay, clip_norm, clip_value: see :class:`~glassnet.optimizers.Optimizer`.

    Raises:
        HyperparameterError: a value outside its range.

    Source: Duchi, Hazan & Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization" (2011), the diagonal form.

    >>> import numpy as np
    >>> from glassnet.optimizers import Adagrad
    >>> optimizer, values = Adagrad(0.1), np.array([1.0, 1.0])
    >>> optimizer.update(values, np.array([0.01, -100.0]), optimizer.create_state(values))
    >>> values.round(4)
    array([0.9, 1.1])
    """

    learning_rate: float | Schedule = hyperparameter(
        0.01, interval=POSITIVE, kind="schedule", positional=True
    )
    epsilon: float = hyperparameter(1e-7, interval=POSITIVE)
    initial_accumulator: float = hyperparameter(0.0, interval=Interval(0, math.inf, "left"))

    @property
    def slots(self) -> Mapping[str, float]:
        """The sum of squared gradients."""
        return {"accumulator": self.initial_accumulator}

    def apply(self, values: Array, gradients: Array, state: OptimizerState, learning_rate: float) -> None:
        """Apply the rule in place."""
        total = state.slots["accumulator"]
        adagrad(values, gradients, total, state.scratch, learning_rate, self.epsilon)
