"""Adamax: Adam with the largest recent gradient in place of the root mean square."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from glassnet._typing import Array
from glassnet.hyperparameters import hyperparameter
from glassnet.kernels import kernel
from glassnet.optimizers.base import FRACTION, POSITIVE, Optimizer, OptimizerState, chunks
from glassnet.schedules import Schedule

__all__ = ["Adamax", "adamax"]


@kernel
def adamax(
    values: Array,
    gradients: Array,
    mean: Array,
    largest: Array,
    scratch: Array,
    learning_rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    correction1: float,
) -> None:
    """Do one Adamax step on flat arrays, in place; the correction is 1 - beta1^t."""
    for p, g, m, u, step, _ in chunks(values, gradients, mean, largest, scratch=scratch):
        m *= beta1
        np.multiply(g, 1 - beta1, out=step)
        m += step
        u *= beta2
        np.abs(g, out=step)
        step += epsilon
        np.maximum(u, step, out=u)
        np.divide(m, u, out=step)
        step *= learning_rate / correction1
        p -= step


@dataclass(frozen=True)
class Adamax(Optimizer):
    """Adam in the infinity norm: no step is much longer than the learning rate.

    With t = 1, 2, ... the number of this update:

        m = beta1 m + (1 - beta1) g
        u = max(beta2 u, |g| + epsilon)
        p -= learning_rate / (1 - beta1^t) * m / u

    The paper has no epsilon and divides 0 by 0 where no gradient has come yet. We add it inside
    the maximum, like PyTorch; Keras adds it to u in the quotient.

    Args:
        learning_rate: number above 0 or a schedule; default 0.002, the paper's.
        beta1: in [0, 1), the share of the mean kept from step to step; default 0.9.
        beta2: in [0, 1), how fast the largest gradient is forgotten; default 0.999.
        epsilon: above 0; default 1e-8.
        weight_decay, clip_norm, clip_value: see :class:`~glassnet.optimizers.Optimizer`.

    Raises:
        HyperparameterError: a value outside its range.

    Source: Kingma & Ba, "Adam: a method for stochastic optimization" (2015), section 7.1.

    >>> import numpy as np
    >>> from glassnet.optimizers import Adamax
    >>> optimizer, values = Adamax(0.1), np.array([1.0, 1.0])
    >>> optimizer.update(values, np.array([0.01, -100.0]), optimizer.create_state(values))
    >>> values.round(4)
    array([0.9, 1.1])
    """

    learning_rate: float | Schedule = hyperparameter(
        0.002, interval=POSITIVE, kind="schedule", positional=True
    )
    beta1: float = hyperparameter(0.9, interval=FRACTION)
    beta2: float = hyperparameter(0.999, interval=FRACTION)
    epsilon: float = hyperparameter(1e-8, interval=POSITIVE)

    @property
    def slots(self) -> Mapping[str, float]:
        """The running mean of gradients and the largest recent one."""
        return {"mean": 0.0, "largest": 0.0}

    def apply(self, values: Array, gradients: Array, state: OptimizerState, learning_rate: float) -> None:
        """Apply the rule in place."""
        adamax(
            values,
            gradients,
            state.slots["mean"],
            state.slots["largest"],
            state.scratch,
            learning_rate,
            self.beta1,
            self.beta2,
            self.epsilon,
            1 - self.beta1 ** (state.step + 1),
        )
