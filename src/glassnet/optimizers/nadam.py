"""NAdam: Adam with Nesterov's look ahead."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from glassnet._typing import Array
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.kernels import kernel
from glassnet.optimizers.base import FRACTION, POSITIVE, Optimizer, OptimizerState, chunks
from glassnet.schedules import Schedule

__all__ = ["NAdam", "nadam"]


@kernel
def nadam(
    values: Array,
    gradients: Array,
    mean: Array,
    variance: Array,
    scratch: Array,
    learning_rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    correction2: float,
    gradient_weight: float,
    mean_weight: float,
) -> None:
    """Do one NAdam step on flat arrays, in place; correction2 is 1 - beta2^t.

    The step's numerator is gradient_weight * g + mean_weight * m.
    """
    root = math.sqrt(correction2)
    for p, g, m, v, step, work in chunks(values, gradients, mean, variance, scratch=scratch):
        m *= beta1
        np.multiply(g, 1 - beta1, out=work)
        m += work
        v *= beta2
        np.multiply(g, g, out=work)
        work *= 1 - beta2
        v += work
        np.multiply(g, gradient_weight, out=step)
        np.multiply(m, mean_weight, out=work)
        step += work
        np.sqrt(v, out=work)
        work += epsilon * root
        step /= work
        step *= learning_rate * root
        p -= step


@dataclass(frozen=True)
class NAdam(Optimizer):
    """Adam with Nesterov momentum: the newest gradient counts at once, not one step later.

    With t = 1, 2, ... the number of this update and a momentum that warms up to beta1:

        mu_t = beta1 (1 - 0.5 * 0.96^(t * momentum_decay))
        m = beta1 m + (1 - beta1) g
        v = beta2 v + (1 - beta2) g^2
        M = (1 - mu_t) g / (1 - mu_1 ... mu_t) + mu_(t+1) m / (1 - mu_1 ... mu_(t+1))
        p -= learning_rate * M / (sqrt(v / (1 - beta2^t)) + epsilon)

    The constants of mu are the paper's and PyTorch's; Keras's are momentum_decay = 1, where mu is
    beta1 after some hundred steps, not some ten thousand. Like both we average m itself with
    beta1, where the paper uses mu_t. The product of all mu so far is kept in the state as
    `momentum_product` (in float64; PyTorch keeps it in float32).

    Args:
        learning_rate: number above 0 or a schedule; default 0.002 (Keras: 0.001).
        beta1: in [0, 1), the share of the mean kept from step to step; default 0.9.
        beta2: in [0, 1), the share of the mean square kept; default 0.999.
        epsilon: above 0; default 1e-8.
        momentum_decay: at least 0, how fast mu warms up; default 0.004.
        weight_decay, clip_norm, clip_value: see :class:`~glassnet.optimizers.Optimizer`.

    Raises:
        HyperparameterError: a value outside its range.

    Source: Dozat, "Incorporating Nesterov momentum into Adam" (2016).

    >>> import numpy as np
    >>> from glassnet.optimizers import NAdam
    >>> optimizer, values = NAdam(0.1), np.array([1.0, 1.0])
    >>> optimizer.update(values, np.array([0.01, -100.0]), optimizer.create_state(values))
    >>> values.round(4)
    array([0.8944, 1.1056])
    """

    scalars: ClassVar[Mapping[str, float]] = {"momentum_product": 1.0}

    learning_rate: float | Schedule = hyperparameter(
        0.002, interval=POSITIVE, kind="schedule", positional=True
    )
    beta1: float = hyperparameter(0.9, interval=FRACTION)
    beta2: float = hyperparameter(0.999, interval=FRACTION)
    epsilon: float = hyperparameter(1e-8, interval=POSITIVE)
    momentum_decay: float = hyperparameter(0.004, interval=Interval(0, math.inf, "left"))

    @property
    def slots(self) -> Mapping[str, float]:
        """The running means of gradients and of their squares."""
        return {"mean": 0.0, "variance": 0.0}

    def momentum_at(self, t: int) -> float:
        """Return mu_t, the momentum of update t = 1, 2, ..."""
        return self.beta1 * (1 - 0.5 * math.pow(0.96, t * self.momentum_decay))

    def apply(self, values: Array, gradients: Array, state: OptimizerState, learning_rate: float) -> None:
        """Apply the rule in place."""
        t = state.step + 1
        mu, mu_next = self.momentum_at(t), self.momentum_at(t + 1)
        product = float(state.scalars["momentum_product"]) * mu
        state.scalars["momentum_product"] = product
        nadam(
            values,
            gradients,
            state.slots["mean"],
            state.slots["variance"],
            state.scratch,
            learning_rate,
            self.beta1,
            self.beta2,
            self.epsilon,
            1 - self.beta2**t,
            (1 - mu) / (1 - product),
            mu_next / (1 - product * mu_next),
        )
