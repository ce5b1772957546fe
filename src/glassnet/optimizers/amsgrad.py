"""AMSGrad: Adam whose denominators never shrink."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from glassnet._typing import Array
from glassnet.hyperparameters import hyperparameter
from glassnet.kernels import kernel
from glassnet.optimizers.base import FRACTION, POSITIVE, Optimizer, OptimizerState, chunks

__all__ = ["AMSGrad", "amsgrad"]


@kernel
def amsgrad(
    values: Array,
    gradients: Array,
    mean: Array,
    variance: Array,
    maximum: Array,
    scratch: Array,
    learning_rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    correction1: float,
    correction2: float,
) -> None:
    """Do one AMSGrad step on flat arrays, in place; the corrections are 1 - beta1^t and 1 - beta2^t."""
    root = math.sqrt(correction2)
    for p, g, m, v, u, step, _ in chunks(values, gradients, mean, variance, maximum, scratch=scratch):
        m *= beta1
        np.multiply(g, 1 - beta1, out=step)
        m += step
        v *= beta2
        np.multiply(g, g, out=step)
        step *= 1 - beta2
        v += step
        np.maximum(u, v, out=u)
        np.sqrt(u, out=step)
        step += epsilon * root
        np.divide(m, step, out=step)
        step *= learning_rate * root / correction1
        p -= step


@dataclass(frozen=True)
class AMSGrad(Optimizer):
    """Adam with the largest mean square so far in the denominator, which mends its convergence proof.

    With t = 1, 2, ... the number of this update:

        m = beta1 m + (1 - beta1) g
        v = beta2 v + (1 - beta2) g^2
        u = max(u, v)
        p -= learning_rate * (m / (1 - beta1^t)) / (sqrt(u / (1 - beta2^t)) + epsilon)

    The paper corrects no bias. Like PyTorch (`Adam(amsgrad=True)`) and Keras we correct as Adam
    does, and take the maximum before the correction.

    Args:
        learning_rate: number above 0 or a schedule; default 0.001.
        beta1: in [0, 1), the share of the mean kept from step to step; default 0.9.
        beta2: in [0, 1), the share of the mean square kept; default 0.999.
        epsilon: above 0; default 1e-8.
        weight_decay, clip_norm, clip_value: see :class:`~glassnet.optimizers.Optimizer`.

    Raises:
        HyperparameterError: a value outside its range.

    Source: Reddi, Kale & Kumar, "On the convergence of Adam and beyond" (2018).

    >>> import numpy as np
    >>> from glassnet.optimizers import AMSGrad
    >>> optimizer, values = AMSGrad(0.1), np.array([1.0, 1.0])
    >>> optimizer.update(values, np.array([0.01, -100.0]), optimizer.create_state(values))
    >>> values.round(4)
    array([0.9, 1.1])
    """

    beta1: float = hyperparameter(0.9, interval=FRACTION)
    beta2: float = hyperparameter(0.999, interval=FRACTION)
    epsilon: float = hyperparameter(1e-8, interval=POSITIVE)

    @property
    def slots(self) -> Mapping[str, float]:
        """The running means of gradients and of their squares, and the largest of the latter."""
        return {"mean": 0.0, "variance": 0.0, "maximum": 0.0}

    def apply(self, values: Array, gradients: Array, state: OptimizerState, learning_rate: float) -> None:
        """Apply the rule in place."""
        t = state.step + 1
        amsgrad(
            values,
            gradients,
            state.slots["mean"],
            state.slots["variance"],
            state.slots["maximum"],
            state.scratch,
            learning_rate,
            self.beta1,
            self.beta2,
            self.epsilon,
            1 - self.beta1**t,
            1 - self.beta2**t,
        )
