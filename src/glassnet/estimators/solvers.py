"""From scikit-learn's solver parameters to glassnet's optimisers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glassnet._typing import Array
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.optimizers import LBFGS, SGD, Adam, Optimizer
from glassnet.optimizers.base import OptimizerState
from glassnet.parameters import Parameters
from glassnet.registry import resolve
from glassnet.schedules import Schedule

__all__ = ["Penalty", "is_stochastic", "optimizer_for", "require_stochastic", "state_fits"]


@dataclass(frozen=True)
class _ScikitSGD(SGD):
    """SGD whose momentum may be 1, as scikit-learn's may."""

    momentum: float = hyperparameter(0.0, interval=Interval(0, 1))


def optimizer_for(estimator: Any) -> Optimizer:
    """Return the optimiser that an estimator's parameters describe."""
    p = estimator
    scheduled = isinstance(p.learning_rate, Schedule)
    rate = p.learning_rate if scheduled else p.learning_rate_init
    chosen: Optimizer
    if isinstance(p.optimizer, Optimizer):
        chosen = p.optimizer
    elif p.optimizer is not None and p.optimizer != "lbfgs":
        # One that needs more than a rate raises the error that says so.
        chosen = resolve("optimizer", p.optimizer, "optimizer")
        chosen = replace(chosen, learning_rate=rate)
    elif p.optimizer == "lbfgs" or p.solver == "lbfgs":
        chosen = LBFGS(tolerance=p.tol, max_iterations=p.max_iter, max_function_evaluations=p.max_fun)
    elif p.solver == "adam":
        chosen = Adam(rate, beta1=p.beta_1, beta2=p.beta_2, epsilon=p.epsilon, uncorrected_epsilon=True)
    else:
        chosen = _ScikitSGD(rate, momentum=p.momentum, nesterov=p.nesterovs_momentum and p.momentum > 0)
    changes = {}
    if p.weight_decay:
        changes["weight_decay"] = p.weight_decay
    if p.clip_norm is not None:
        changes["clip_norm"] = p.clip_norm
    if isinstance(chosen, LBFGS):
        if changes:
            raise ValueError(f"L-BFGS takes no {' and no '.join(changes)}; choose another solver.")
        return chosen
    return replace(chosen, **changes) if changes else chosen


def is_stochastic(estimator: Any) -> bool:
    """Return whether an estimator trains by batches: with anything but L-BFGS."""
    if estimator.optimizer is None:
        return bool(estimator.solver != "lbfgs")
    return not isinstance(estimator.optimizer, LBFGS) and estimator.optimizer != "lbfgs"


def state_fits(state: OptimizerState | None, optimizer: Optimizer, parameters: Parameters) -> bool:
    """Return whether an earlier fit's moments are those that `optimizer` keeps for `parameters`."""
    if state is None or isinstance(optimizer, LBFGS):
        return False
    same_shape = all(slot.shape == parameters.values.shape for slot in state.slots.values())
    return (
        same_shape
        and set(state.slots) == set(optimizer.slots)
        and set(state.scalars) == set(optimizer.scalars)
    )


@dataclass(frozen=True)
class Penalty:
    """alpha / 2 sum W^2 + l1 sum |W| over all weights, divided by a batch's total weight.

    That is scikit-learn's alpha: a batch of n rows counts as n observations beside one prior.
    """

    alpha: float
    l1: float

    def __call__(self, parameters: Parameters, weight: float) -> float:
        """Add the gradient to the weights' gradients; return the penalty."""
        w, dw = parameters.values[: parameters.decaying], parameters.gradients[: parameters.decaying]
        value = 0.0
        if self.alpha:
            value += self.alpha / 2 / weight * float(np.dot(w, w))
            dw += w * (self.alpha / weight)
        if self.l1:
            value += self.l1 / weight * float(np.abs(w).sum(dtype=np.float64))
            step: Array = np.sign(w)
            step *= self.l1 / weight
            dw += step
        return value


def require_stochastic(estimator: Any) -> bool:
    """Return True, or raise the AttributeError that hides partial_fit from L-BFGS."""
    if not is_stochastic(estimator):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
        )
    return True
