"""Adadelta: steps as large as recent steps were, per recent gradient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from glassnet._typing import Array
from glassnet.hyperparameters import hyperparameter
from glassnet.kernels import kernel
from glassnet.optimizers.base import FRACTION, POSITIVE, Optimizer, OptimizerState, chunks
from glassnet.schedules import Schedule

__all__ = ["Adadelta", "adadelta"]


@kernel
def adadelta(
    values: Array,
    gradients: Array,
    square: Array,
    step_square: Array,
    scratch: Array,
    learning_rate: float,
    rho: float,
    epsilon: float,
) -> None:
    """Do one Adadelta step on flat arrays, in place."""
    for p, g, s, d, work, step in chunks(values, gradients, square, step_square, scratch=scratch):
        s *= rho
        np.multiply(g, g, out=work)
        work *= 1 - rho
        s += work
        np.add(s, epsilon, out=work)
        np.add(d, epsilon, out=step)
        step /= work
        np.sqrt(step, out=step)
        step *= g
        d *= rho
        np.multiply(step, step, out=work)
        work *= 1 - rho
        d += work
        step *= learning_rate
        p -= step


@dataclass(frozen=True)
class Adadelta(Optimizer):
    """Adaptive steps in the parameters' own units, with no rate to tune.

        s = rho s + (1 - rho) g^2
        step = sqrt(d + epsilon) / sqrt(s + epsilon) * g
        d = rho d + (1 - rho) step^2
        p -= learning_rate * step

    epsilon stands inside both roots and sets the size of the first steps, about
    sqrt(epsilon / (1 - rho)). The paper has no learning rate, which is learning_rate = 1, our
    default and PyTorch's; Keras's 0.001 makes it a thousand times slower. d remembers steps
    before the rate, as in both. rho is 0.95 as in the paper and Keras (0.9 in PyTorch).

    Args:
        learning_rate: number above 0 or a schedule; default 1.
        rho: in [0, 1), the share of both averages kept from step to step; default 0.95.
        epsilon: above 0; default 1e-6.
        weight_decay, clip_norm, clip_value: see :class:`~glassnet.optimizers.Optimizer`.

    Raises:
        HyperparameterError: a value outside its range.

    Source: Zeiler, "ADADELTA: an adaptive learning rate method" (2012).

    >>> import numpy as np
    >>> from glassnet.optimizers import Adadelta
    >>> optimizer, values = Adadelta(), np.array([1.0])
    >>> optimizer.update(values, np.array([2.0]), optimizer.create_state(values))
    >>> values.round(5)
    array([0.99553])
    """

    learning_rate: float | Schedule = hyperparameter(1.0, interval=POSITIVE, kind="schedule", positional=True)
    rho: float = hyperparameter(0.95, interval=FRACTION)
    epsilon: float = hyperparameter(1e-6, interval=POSITIVE)

    @property
    def slots(self) -> Mapping[str, float]:
        """The averages of squared gradients and of squared steps."""
        return {"square": 0.0, "step_square": 0.0}

    def apply(self, values: Array, gradients: Array, state: OptimizerState, learning_rate: float) -> None:
        """Apply the rule in place."""
        square, step_square = state.slots["square"], state.slots["step_square"]
        adadelta(values, gradients, square, step_square, state.scratch, learning_rate, self.rho, self.epsilon)
