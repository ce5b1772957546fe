"""Adam: the mean of recent gradients over the root of their mean square."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from glassnet._typing import Array
from glassnet.hyperparameters import hyperparameter
from glassnet.kernels import kernel
from glassnet.optimizers.base import FRACTION, POSITIVE, Optimizer, OptimizerState, chunks

__all__ = ["Adam", "adam"]


@kernel
def adam(
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
) -> None:
    """Do one Adam step on flat arrays, in place; the corrections are 1 - beta1^t and 1 - beta2^t.

    Numerator and denominator are both multiplied by sqrt(correction2), which saves a pass.
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
        np.sqrt(v, out=step)
        step += epsilon * root
        np.divide(m, step, out=step)
        step *= learning_rate * root / correction1
        p -= step


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adaptive moments: steps of about the learning rate, shorter where gradients disagree.

    With t = 1, 2, ... the number of this update and everything elementwise:

        m = beta1 m + (1 - beta1) g
        v = beta2 v + (1 - beta2) g^2
        p -= learning_rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)

    epsilon joins the corrected root, as in the paper's algorithm 1 and in PyTorch. scikit-learn,
    Keras and TensorFlow follow the end of the paper's section 2 and add it to the uncorrected
    sqrt(v), where it acts as epsilon / sqrt(1 - beta2^t): 32 times larger at the first step, the
    same after some thousands. That shows only where |g| is not far above epsilon, but a few such
    weights can lead a whole fit elsewhere; `uncorrected_epsilon` goes their way, to repeat theirs.

    Args:
        learning_rate: number above 0 or a schedule; default 0.001.
        beta1: in [0, 1), the share of the mean kept from step to step; default 0.9.
        beta2: in [0, 1), the share of the mean square kept; default 0.999.
        epsilon: above 0; default 1e-8.
        uncorrected_epsilon: add epsilon to sqrt(v) before the correction; default False.
        weight_decay: as in :class:`~glassnet.optimizers.Optimizer`, decoupled; default 0.
        clip_norm, clip_value: see :class:`~glassnet.optimizers.Optimizer`.

    Raises:
        HyperparameterError: a value outside its range.

    Source: Kingma & Ba, "Adam: a method for stochastic optimization" (2015).

    >>> import numpy as np
    >>> from glassnet.optimizers import Adam
    >>> optimizer, values = Adam(0.1), np.array([1.0, 1.0])
    >>> optimizer.update(values, np.array([0.01, -100.0]), optimizer.create_state(values))
    >>> values.round(4)
    array([0.9, 1.1])
    """

    beta1: float = hyperparameter(0.9, interval=FRACTION)
    beta2: float = hyperparameter(0.999, interval=FRACTION)
    epsilon: float = hyperparameter(1e-8, interval=POSITIVE)
    uncorrected_epsilon: bool = hyperparameter(False, flag=True)

    @property
    def slots(self) -> Mapping[str, float]:
        """The running means of gradients and of their squares."""
        return {"mean": 0.0, "variance": 0.0}

    def apply(self, values: Array, gradients: Array, state: OptimizerState, learning_rate: float) -> None:
        """Apply the rule in place."""
        t = state.step + 1
        correction2 = 1 - self.beta2**t
        adam(
            values,
            gradients,
            state.slots["mean"],
            state.slots["variance"],
            state.scratch,
            learning_rate,
            self.beta1,
            self.beta2,
            self.epsilon / math.sqrt(correction2) if self.uncorrected_epsilon else self.epsilon,
            1 - self.beta1**t,
            correction2,
        )
