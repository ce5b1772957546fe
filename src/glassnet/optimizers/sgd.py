"""Stochastic gradient descent: plain, with momentum, Nesterov's or averaged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from glassnet._typing import Array
from glassnet.errors import HyperparameterError
from glassnet.hyperparameters import hyperparameter
from glassnet.kernels import kernel
from glassnet.optimizers.base import FRACTION, POSITIVE, Optimizer, OptimizerState, chunks
from glassnet.schedules import Schedule

__all__ = ["SGD", "averaged_momentum", "momentum", "nesterov", "sgd"]


@kernel
def sgd(values: Array, gradients: Array, scratch: Array, learning_rate: float) -> None:
    """Do one step of plain gradient descent on flat arrays, in place."""
    for p, g, work, _ in chunks(values, gradients, scratch=scratch):
        np.multiply(g, learning_rate, out=work)
        p -= work


@kernel
def momentum(
    values: Array, gradients: Array, velocity: Array, scratch: Array, learning_rate: float, beta: float
) -> None:
    """Do one step with classic momentum on flat arrays, in place."""
    for p, g, v, work, _ in chunks(values, gradients, velocity, scratch=scratch):
        v *= beta
        np.multiply(g, learning_rate, out=work)
        v += work
        p -= v


@kernel
def nesterov(
    values: Array, gradients: Array, velocity: Array, scratch: Array, learning_rate: float, beta: float
) -> None:
    """Do one step with Nesterov momentum on flat arrays, in place."""
    for p, g, v, work, _ in chunks(values, gradients, velocity, scratch=scratch):
        v *= beta
        np.multiply(g, learning_rate, out=work)
        v += work
        p -= work
        np.multiply(v, beta, out=work)
        p -= work


@kernel
def averaged_momentum(
    values: Array, gradients: Array, velocity: Array, scratch: Array, learning_rate: float, beta: float
) -> None:
    """Do one step along the running average of gradients on flat arrays, in place."""
    for p, g, v, work, _ in chunks(values, gradients, velocity, scratch=scratch):
        v *= beta
        np.multiply(g, 1 - beta, out=work)
        v += work
        np.multiply(v, learning_rate, out=work)
        p -= work


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent, with or without momentum.

    With gradient g, velocity v (0 at first), beta = momentum and the rate lr of this step:

        plain      p -= lr g
        momentum   v = beta v + lr g;          p -= v
        nesterov   v = beta v + lr g;          p -= beta v + lr g
        averaged   v = beta v + (1 - beta) g;  p -= lr v

    Libraries disagree on where the rate goes. Here, as in Sutskever's paper, scikit-learn and
    Keras, the velocity is made of steps: a gradient enters it with the rate of its own update.
    PyTorch keeps the rate outside (v = beta v + g; p -= lr v), so a rate that falls also
    shrinks the steps remembered from earlier; at a constant rate both are the same. `averaged`
    is PyTorch's dampening = momentum, but for its first velocity, which there is all of g.

    Args:
        learning_rate: number above 0 or a schedule; default 0.01 (PyTorch: 0.001).
        momentum: in [0, 1), the share of the velocity kept from step to step; default 0: none.
        nesterov: look ahead along the velocity; needs momentum above 0.
        averaged: the velocity is a running average of gradients, about (1 - beta) as long as the
            classic one; needs momentum above 0, and excludes nesterov.
        weight_decay, clip_norm, clip_value: see :class:`~glassnet.optimizers.Optimizer`.

    Raises:
        HyperparameterError: a value outside its range, or options that exclude each other.

    Source: Polyak (1964) for momentum; Nesterov (1983) as rewritten by Sutskever et al., "On the
    importance of initialization and momentum in deep learning" (2013).

    >>> import numpy as np
    >>> from glassnet.optimizers import SGD
    >>> optimizer, values = SGD(0.5, momentum=0.9), np.array([1.0])
    >>> state = optimizer.create_state(values)
    >>> for _ in range(2):
    ...     optimizer.update(values, np.array([1.0]), state)  # steps of 0.5, then 0.95
    >>> values.round(6)
    array([-0.45])
    """

    learning_rate: float | Schedule = hyperparameter(
        0.01, interval=POSITIVE, kind="schedule", positional=True
    )
    momentum: float = hyperparameter(0.0, interval=FRACTION)
    nesterov: bool = hyperparameter(False, flag=True)
    averaged: bool = hyperparameter(False, flag=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("nesterov", "averaged"):
            if getattr(self, name) and self.momentum == 0:
                raise HyperparameterError(
                    f"SGD {name} needs momentum above 0, got momentum={self.momentum:g}; try momentum=0.9."
                )
        if self.nesterov and self.averaged:
            raise HyperparameterError(
                "SGD nesterov and averaged exclude each other, got True for both; choose one."
            )

    @property
    def slots(self) -> Mapping[str, float]:
        """The velocity; nothing without momentum."""
        return {"velocity": 0.0} if self.momentum else {}

    def apply(self, values: Array, gradients: Array, state: OptimizerState, learning_rate: float) -> None:
        """Apply the rule in place."""
        if not self.momentum:
            sgd(values, gradients, state.scratch, learning_rate)
            return
        rule = nesterov if self.nesterov else averaged_momentum if self.averaged else momentum
        rule(values, gradients, state.slots["velocity"], state.scratch, learning_rate, self.momentum)
