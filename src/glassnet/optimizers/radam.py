"""RAdam: Adam that adapts only as far as its statistics can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from glassnet._typing import Array
from glassnet.hyperparameters import hyperparameter
from glassnet.kernels import kernel
from glassnet.optimizers.base import FRACTION, POSITIVE, Optimizer, OptimizerState, chunks

__all__ = ["RAdam", "radam"]


@kernel
def radam(
    values: Array,
    gradients: Array,
    mean: Array,
    variance: Array,
    scratch: Array,
    learning_rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    correction1: float,
    correction2: float,
    rectification: float,
) -> None:
    """Do one RAdam step on flat arrays, in place; a rectification of 0 means a step of plain momentum.

    The corrections are 1 - beta1^t and 1 - beta2^t.
    """
    root = math.sqrt(correction2)
    for p, g, m, v, step, _ in chunks(values, gradients, mean, variance, scratch=scratch):
        m *= beta1
        np.multiply(g, 1 - beta1, out=step)
        m += step
        v *= beta2
        np.multiply(g, g, out=step)
        step *= 1 - beta2
        v += step
        if rectification:
            np.sqrt(v, out=step)
            step += epsilon
            np.divide(m, step, out=step)
            step *= learning_rate * rectification * root / correction1
        else:
            np.multiply(m, learning_rate / correction1, out=step)
        p -= step


@dataclass(frozen=True)
class RAdam(Optimizer):
    """Rectified Adam: a warm-up that follows from how little early mean squares can be trusted.

    With t = 1, 2, ... the number of this update:

        m = beta1 m + (1 - beta1) g
        v = beta2 v + (1 - beta2) g^2
        n_max = 2 / (1 - beta2) - 1
        n = n_max - 2 t beta2^t / (1 - beta2^t)            samples in v, so to speak
        p -= learning_rate * m / (1 - beta1^t)             if n <= 5, else
        r = sqrt((n - 4)(n - 2) n_max / ((n_max - 4)(n_max - 2) n))
        p -= learning_rate * r * (m / (1 - beta1^t)) * sqrt(1 - beta2^t) / (sqrt(v) + epsilon)

    The paper's threshold is n > 4; we take 5 like PyTorch (the authors' code too, but it leaves
    out the steps before) and like both add epsilon to the uncorrected sqrt(v). The first steps
    (five, with beta2 = 0.999) are as long as the gradient.

    Args:
        learning_rate: number above 0 or a schedule; default 0.001.
        beta1: in [0, 1), the share of the mean kept from step to step; default 0.9.
        beta2: in [0, 1), the share of the mean square kept; default 0.999. Up to 2/3 it never adapts.
        epsilon: above 0; default 1e-8.
        weight_decay, clip_norm, clip_value: see :class:`~glassnet.optimizers.Optimizer`.

    Raises:
        HyperparameterError: a value outside its range.

    Source: Liu et al., "On the variance of the adaptive learning rate and beyond" (2020).

    >>> import numpy as np
    >>> from glassnet.optimizers import RAdam
    >>> optimizer, values = RAdam(0.1), np.array([1.0])
    >>> optimizer.update(values, np.array([0.01]), optimizer.create_state(values))
    >>> values.round(6)
    array([0.999])
    """

    beta1: float = hyperparameter(0.9, interval=FRACTION)
    beta2: float = hyperparameter(0.999, interval=FRACTION)
    epsilon: float = hyperparameter(1e-8, interval=POSITIVE)

    @property
    def slots(self) -> Mapping[str, float]:
        """The running means of gradients and of their squares."""
        return {"mean": 0.0, "variance": 0.0}

    def rectification_at(self, t: int) -> float:
        """Return r of update t = 1, 2, ..., or 0 while n is too small for it."""
        power = self.beta2**t
        most = 2 / (1 - self.beta2) - 1
        n = most - 2 * t * power / (1 - power)
        if n <= 5:
            return 0.0
        return math.sqrt((n - 4) * (n - 2) * most / ((most - 4) * (most - 2) * n))

    def apply(self, values: Array, gradients: Array, state: OptimizerState, learning_rate: float) -> None:
        """Apply the rule in place."""
        t = state.step + 1
        radam(
            values,
            gradients,
            state.slots["mean"],
            state.slots["variance"],
            state.scratch,
            learning_rate,
            self.beta1,
            self.beta2,
            self.epsilon,
            1 - self.beta1**t,
            1 - self.beta2**t,
            self.rectification_at(t),
        )
