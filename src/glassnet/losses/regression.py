"""Losses on the distance between outputs and targets: squared, absolute, Huber."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.buffers import Buffers
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.kernels import kernel
from glassnet.losses.base import Loss, mean_weights
from glassnet.losses.targets import real_targets
from glassnet.reductions import inner

__all__ = ["Huber", "MeanAbsoluteError", "MeanSquaredError"]

# The maths. outputs, targets, gradient and residual are (n, k); weights is (n, 1), or (1, 1) where
# all rows weigh the same, and carries 1 / (n k). Each returns the value and fills `gradient`.


@kernel
@np.errstate(all="ignore")
def squared_error(outputs: Array, targets: Array, weights: Array, gradient: Array, residual: Array) -> float:
    """Sum w d^2 with d = o - y; its gradient is 2 w d."""
    np.subtract(outputs, targets, out=residual)
    np.multiply(residual, weights, out=gradient)
    value = inner(gradient, residual)
    gradient += gradient
    return value


@np.errstate(all="ignore")
def absolute_error(outputs: Array, targets: Array, weights: Array, gradient: Array, residual: Array) -> float:
    """Sum w |d| with d = o - y; its gradient is w sign(d), 0 where d = 0."""
    np.subtract(outputs, targets, out=residual)
    np.sign(residual, out=gradient)
    gradient *= weights
    return inner(gradient, residual)


@np.errstate(all="ignore")
def huber(
    outputs: Array, targets: Array, weights: Array, delta: float, gradient: Array, residual: Array
) -> float:
    """Sum w c (d - c / 2) with c = d clipped to [-delta, delta]; its gradient is w c.

    Where nothing is clipped that is d^2 / 2, beyond it delta (|d| - delta / 2).
    """
    np.subtract(outputs, targets, out=residual)
    np.maximum(residual, -delta, out=gradient)
    np.minimum(gradient, delta, out=gradient)
    residual += residual
    residual -= gradient  # 2 d - c
    gradient *= weights
    return 0.5 * inner(gradient, residual)


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """Squared distance: the mean over outputs and samples of (o - y)^2.

    The gradient is 2 (o - y) / (n_samples * n_outputs). There is no factor 1/2, as in PyTorch and
    Keras; scikit-learn's MLPRegressor has one. Fits the conditional mean.

    Targets are finite numbers, (n_samples, n_outputs), or (n_samples,) for one output.

    >>> MeanSquaredError().value_and_gradient(np.array([[1.0], [4.0]]), [1.0, 2.0])
    (2.0, array([[0.], [2.]]))
    """

    def prepare(self, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> AnyArray:
        """Return the targets as finite numbers, one column per output."""
        return real_targets(type(self).__name__, targets, n_outputs, dtype)

    def compute(
        self, outputs: Array, targets: AnyArray, sample_weight: Array | None, buffers: Buffers
    ) -> tuple[float, Array]:
        """Return the value and its gradient, which lives in `buffers`."""
        gradient, residual = _scratch(outputs, buffers)
        weights = mean_weights(len(outputs), sample_weight, buffers, outputs.shape[1])
        return squared_error(outputs, targets, weights, gradient, residual), gradient


@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """Absolute distance: the mean over outputs and samples of |o - y|.

    The gradient is sign(o - y) / (n_samples * n_outputs), and 0 where o = y, as in PyTorch. Fits
    the conditional median and heeds outliers less than the squared distance does.

    Targets are finite numbers, (n_samples, n_outputs), or (n_samples,) for one output.

    >>> MeanAbsoluteError().value_and_gradient(np.array([[1.0], [4.0]]), [1.0, 2.0])
    (1.0, array([[0. ], [0.5]]))
    """

    def prepare(self, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> AnyArray:
        """Return the targets as finite numbers, one column per output."""
        return real_targets(type(self).__name__, targets, n_outputs, dtype)

    def compute(
        self, outputs: Array, targets: AnyArray, sample_weight: Array | None, buffers: Buffers
    ) -> tuple[float, Array]:
        """Return the value and its gradient, which lives in `buffers`."""
        gradient, residual = _scratch(outputs, buffers)
        weights = mean_weights(len(outputs), sample_weight, buffers, outputs.shape[1])
        return absolute_error(outputs, targets, weights, gradient, residual), gradient


@dataclass(frozen=True)
class Huber(Loss):
    """Squared near the target, absolute far from it (Huber, 1964).

    With d = o - y, the mean over outputs and samples of

        d^2 / 2                      where |d| <= delta,
        delta (|d| - delta / 2)      elsewhere,

    whose gradient is d clipped to [-delta, delta], over n_samples * n_outputs. This is Keras's Huber
    and PyTorch's HuberLoss; PyTorch's SmoothL1Loss is it divided by delta.

    Args:
        delta: where the two meet, in the targets' unit, above 0; default 1.

    Targets are finite numbers, (n_samples, n_outputs), or (n_samples,) for one output.

    >>> Huber(1.0).value_and_gradient(np.array([[0.5], [4.0]]), [0.0, 0.0])
    (1.8125, array([[0.25], [0.5 ]]))
    """

    delta: float = hyperparameter(1.0, interval=Interval(0, math.inf, "neither"), positional=True)

    def prepare(self, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> AnyArray:
        """Return the targets as finite numbers, one column per output."""
        return real_targets(type(self).__name__, targets, n_outputs, dtype)

    def compute(
        self, outputs: Array, targets: AnyArray, sample_weight: Array | None, buffers: Buffers
    ) -> tuple[float, Array]:
        """Return the value and its gradient, which lives in `buffers`."""
        gradient, residual = _scratch(outputs, buffers)
        weights = mean_weights(len(outputs), sample_weight, buffers, outputs.shape[1])
        return huber(outputs, targets, weights, self.delta, gradient, residual), gradient


def _scratch(outputs: Array, buffers: Buffers) -> tuple[Array, Array]:
    return buffers.get("loss_gradient", outputs.shape), buffers.get("loss_residual", outputs.shape)
