"""Lion: the sign of momentum, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from glassnet._typing import Array
from glassnet.hyperparameters import hyperparameter
from glassnet.kernels import kernel
from glassnet.optimizers.base import FRACTION, POSITIVE, Optimizer, OptimizerState, chunks
from glassnet.schedules import Schedule

__all__ = ["Lion", "lion"]


@kernel
def lion(
    values: Array,
    gradients: Array,
    mean: Array,
    scratch: Array,
    learning_rate: float,
    beta1: float,
    beta2: float,
) -> None:
    """Do one Lion step on flat arrays, in place.

    x / |x| is three times faster than `np.sign`, whose branches a processor cannot foretell.
    """
    tiny = np.finfo(values.dtype).tiny  # 0 / tiny is 0
    for p, g, m, step, work in chunks(values, gradients, mean, scratch=scratch):
        np.multiply(m, beta1, out=step)
        np.multiply(g, 1 - beta1, out=work)
        step += work
        np.abs(step, out=work)
        np.maximum(work, tiny, out=work)
        step /= work
        step *= learning_rate
        p -= step
        m *= beta2
        np.multiply(g, 1 - beta2, out=work)
        m += work


@dataclass(frozen=True)
class Lion(Optimizer):
    """Evolved sign momentum: every parameter moves by exactly the learning rate, or not at all.

        p -= learning_rate * sign(beta1 m + (1 - beta1) g)
        m = beta2 m + (1 - beta2) g

    sign(0) is 0. Half of Adam's memory. The authors advise a rate 3 to 10 times below Adam's and
    a weight decay as many times above it.

    Args:
        learning_rate: number above 0 or a schedule; default 1e-4.
        beta1: in [0, 1), the share of m in the step's direction; default 0.9.
        beta2: in [0, 1), the share of m kept from step to step; default 0.99.
        weight_decay, clip_norm, clip_value: see :class:`~glassnet.optimizers.Optimizer`.

    Raises:
        HyperparameterError: a value outside its range.

    Source: Chen et al., "Symbolic discovery of optimization algorithms" (2023).

    >>> import numpy as np
    >>> from glassnet.optimizers import Lion
    >>> optimizer, values = Lion(0.1), np.array([1.0, 1.0, 1.0])
    >>> optimizer.update(values, np.array([0.01, -100.0, 0.0]), optimizer.create_state(values))
    >>> values
    array([0.9, 1.1, 1. ])
    """

    learning_rate: float | Schedule = hyperparameter(
        1e-4, interval=POSITIVE, kind="schedule", positional=True
    )
    beta1: float = hyperparameter(0.9, interval=FRACTION)
    beta2: float = hyperparameter(0.99, interval=FRACTION)

    @property
    def slots(self) -> Mapping[str, float]:
        """The running mean of gradients."""
        return {"mean": 0.0}

    def apply(self, values: Array, gradients: Array, state: OptimizerState, learning_rate: float) -> None:
        """Apply the rule in place."""
        mean = state.slots["mean"]
        lion(values, gradients, mean, state.scratch, learning_rate, self.beta1, self.beta2)
