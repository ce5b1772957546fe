"""RMSprop: gradients divided by the root of their recent mean square."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from glassnet._typing import Array
from glassnet.hyperparameters import hyperparameter
from glassnet.kernels import kernel
from glassnet.optimizers.base import FRACTION, POSITIVE, Optimizer, OptimizerState, chunks

__all__ = ["RMSprop", "rmsprop"]


@kernel
def rmsprop(
    values: Array,
    gradients: Array,
    square: Array,
    mean: Array,
    velocity: Array,
    scratch: Array,
    learning_rate: float,
    rho: float,
    epsilon: float,
    momentum: float,
    centered: bool,
) -> None:
    """Do one RMSprop step on flat arrays, in place.

    `mean` is touched only if `centered`, `velocity` only if `momentum` is above 0; else pass empty arrays.
    """
    for p, g, s, m, v, step, _ in chunks(values, gradients, square, mean, velocity, scratch=scratch):
        s *= rho
        np.multiply(g, g, out=step)
        step *= 1 - rho
        s += step
        if centered:
            m *= rho
            np.multiply(g, 1 - rho, out=step)
            m += step
            np.multiply(m, m, out=step)
            np.subtract(s, step, out=step)
            np.maximum(step, 0, out=step)  # a variance; rounding may take it just below 0
            np.sqrt(step, out=step)
        else:
            np.sqrt(s, out=step)
        step += epsilon
        np.divide(g, step, out=step)
        step *= learning_rate
        if momentum:
            v *= momentum
            v += step
            p -= v
        else:
            p -= step


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Root mean square propagation: steps of like size whatever the gradients' scale.

        s = rho s + (1 - rho) g^2
        m = rho m + (1 - rho) g                     if centered, else m = 0
        step = learning_rate * g / (sqrt(s - m^2) + epsilon)
        v = momentum v + step;  p -= v              if momentum, else p -= step

    epsilon stands outside the root, as in PyTorch; Keras puts it inside. The velocity is made of
    steps, each with the rate of its own update (Keras too), where PyTorch applies the rate of
    the moment to all of it: the same at a constant rate. Averages start at 0 and are not corrected
    for it, so the first step is 1 / sqrt(1 - rho) times too long, as everywhere. Where rounding
    takes s - m^2 below 0 we take 0; PyTorch's step is NaN there.

    Args:
        learning_rate: number above 0 or a schedule; default 0.001 (PyTorch: 0.01).
        rho: in [0, 1), the share of the averages kept from step to step; default 0.9 (PyTorch: 0.99).
        epsilon: above 0; default 1e-8.
        momentum: in [0, 1); default 0: none.
        centered: divide by the spread around the mean gradient, not around 0; default False. Where a
            gradient hardly varies the spread nears 0 and steps grow up to learning_rate * g / epsilon.
        weight_decay, clip_norm, clip_value: see :class:`~glassnet.optimizers.Optimizer`.

    Raises:
        HyperparameterError: a value outside its range.

    Source: Tieleman & Hinton, lecture 6e of "Neural networks for machine learning" (2012); centred form
    with momentum: Graves, "Generating sequences with recurrent neural networks" (2013).

    >>> import numpy as np
    >>> from glassnet.optimizers import RMSprop
    >>> optimizer, values = RMSprop(0.1, rho=0.75), np.array([1.0, 1.0])
    >>> optimizer.update(values, np.array([0.01, -100.0]), optimizer.create_state(values))
    >>> values.round(4)
    array([0.8, 1.2])
    """

    rho: float = hyperparameter(0.9, interval=FRACTION)
    epsilon: float = hyperparameter(1e-8, interval=POSITIVE)
    momentum: float = hyperparameter(0.0, interval=FRACTION)
    centered: bool = hyperparameter(False, flag=True)

    @property
    def slots(self) -> Mapping[str, float]:
        """The mean square; the mean if centred; the velocity with momentum."""
        used = {"square": True, "mean": self.centered, "velocity": self.momentum > 0}
        return {name: 0.0 for name, needed in used.items() if needed}

    def apply(self, values: Array, gradients: Array, state: OptimizerState, learning_rate: float) -> None:
        """Apply the rule in place."""
        unused = values[:0]
        rmsprop(
            values,
            gradients,
            state.slots["square"],
            state.slots.get("mean", unused),
            state.slots.get("velocity", unused),
            state.scratch,
            learning_rate,
            self.rho,
            self.epsilon,
            self.momentum,
            self.centered,
        )
