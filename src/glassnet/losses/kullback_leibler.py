"""Kullback-Leibler divergence from a target distribution, on probabilities and on logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.activations import Softmax
from glassnet.buffers import Buffers
from glassnet.hyperparameters import hyperparameter
from glassnet.losses.base import Loss, mean_weights
from glassnet.losses.probabilities import EPSILON, require_probability_outputs, tangent_log
from glassnet.losses.softmax import log_softmax
from glassnet.losses.targets import distribution_targets, require_several_outputs
from glassnet.reductions import inner, row_sum

__all__ = ["KullbackLeibler", "SoftmaxKullbackLeibler", "kullback_leibler", "softmax_kullback_leibler"]

_SMALL = 1e-30
"""Stands for a target of 0 under the logarithm; its factor t = 0 makes 0 log 0 = 0."""


@np.errstate(all="ignore")
def kullback_leibler(
    probabilities: Array, targets: Array, weights: Array, epsilon: float, gradient: Array, work: Array
) -> float:
    """Sum w sum_j t_j (log t_j + l(p_j)); its gradient is -w t / max(p, epsilon).

    l is -log p, continued by its tangent below epsilon. All (n, k) but weights, (n, 1) or (1, 1),
    and work (2, n, k).
    """
    floored, logs = work
    tangent_log(probabilities, epsilon, gradient, floored, logs)
    np.maximum(targets, _SMALL, out=logs)
    np.log(logs, out=logs)
    logs -= gradient
    np.multiply(targets, weights, out=gradient)
    value = inner(gradient, logs)
    gradient /= floored
    np.subtract(0, gradient, out=gradient)  # unlike negation, without -0
    return value


@np.errstate(all="ignore")
def softmax_kullback_leibler(
    logits: Array, targets: Array, weights: Array, gradient: Array, work: Array, column: Array
) -> float:
    """Sum w sum_j t_j (log t_j - log p_j), p = softmax(z); its gradient is w (p sum_j t_j - t).

    All (n, k) but weights, (n, 1) or (1, 1), work (2, n, k) and column (n, 1).
    """
    weighted, logs = work
    log_softmax(logits, gradient, logs, column)
    np.maximum(targets, _SMALL, out=logs)
    np.log(logs, out=logs)
    logs -= gradient
    np.multiply(targets, weights, out=weighted)
    value = inner(weighted, logs)
    np.exp(gradient, out=gradient)
    row_sum(weighted, column)
    gradient *= column
    gradient -= weighted
    return value


@dataclass(frozen=True)
class KullbackLeibler(Loss):
    """Kullback-Leibler divergence KL(t || p) of probabilities p, the outputs, from targets t.

    The mean over samples of

        sum_j t_j (log t_j - log p_j),    0 log 0 = 0,

    summed over the outputs (Keras's KLDivergence, and PyTorch's KLDivLoss(reduction="batchmean"),
    which takes log p and is infinite at p = 0; by default it divides by the outputs, too). It is
    the cross-entropy less the entropy of t, so it is 0 where p = t; its gradient is
    -t / p / n_samples. Below `epsilon` the logarithm of p is continued by its tangent, as in
    :class:`CategoricalCrossEntropy`. Training a network that ends in gn.Softmax uses
    :class:`SoftmaxKullbackLeibler` on the logits. (Kullback & Leibler, 1951)

    Args:
        epsilon: where the tangent begins, in [1e-30, 0.1]; default 1e-12.

    Targets are rows of probabilities (n_samples, n_outputs) that sum to 1.

    Raises:
        ShapeError: fewer than two outputs, or targets that do not fit.
        DataError: a target outside [0, 1], a row not summing to 1; outputs that are no probabilities.

    >>> KullbackLeibler().value_and_gradient(np.array([[0.5, 0.5]]), [[0.5, 0.5]])
    (0.0, array([[-1., -1.]]))
    """

    epsilon: float = hyperparameter(1e-12, interval=EPSILON)

    def check_outputs(self, outputs: Array) -> None:
        """Raise DataError naming the first row that holds no probability."""
        require_probability_outputs(type(self).__name__, outputs, "Softmax", "SoftmaxKullbackLeibler")

    def prepare(self, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> AnyArray:
        """Return the targets as rows of probabilities (n_samples, n_outputs)."""
        return _distributions(self, targets, n_outputs, dtype)

    def compute(
        self, outputs: Array, targets: AnyArray, sample_weight: Array | None, buffers: Buffers
    ) -> tuple[float, Array]:
        """Return the value and its gradient, which lives in `buffers`."""
        gradient = buffers.get("loss_gradient", outputs.shape)
        work = buffers.get("loss_work", (2, *outputs.shape))
        weights = mean_weights(len(outputs), sample_weight, buffers)
        return kullback_leibler(outputs, targets, weights, self.epsilon, gradient, work), gradient

    def fused_with(self, activation: Any) -> Loss | None:
        """Return the divergence on the logits if `activation` is gn.Softmax, else None."""
        return SoftmaxKullbackLeibler() if type(activation) is Softmax else None


@dataclass(frozen=True)
class SoftmaxKullbackLeibler(Loss):
    """Kullback-Leibler divergence KL(t || softmax(z)) of logits z, the outputs, from targets t.

    The mean over samples of sum_j t_j (log t_j - log softmax(z)_j), 0 log 0 = 0; its gradient is
    (softmax(z) - t) / n_samples, that of :class:`SoftmaxCrossEntropy`, whose value is larger by the
    entropy of t. For teaching a small network the probabilities of a large one (Hinton et al., 2015).

    Targets are rows of probabilities (n_samples, n_outputs) that sum to 1.

    Raises:
        ShapeError: fewer than two outputs, or targets that do not fit.
        DataError: a target outside [0, 1], or a row not summing to 1.

    >>> SoftmaxKullbackLeibler().value_and_gradient(np.zeros((1, 2)), [[0.5, 0.5]])
    (0.0, array([[0., 0.]]))
    """

    def prepare(self, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> AnyArray:
        """Return the targets as rows of probabilities (n_samples, n_outputs)."""
        return _distributions(self, targets, n_outputs, dtype)

    def compute(
        self, outputs: Array, targets: AnyArray, sample_weight: Array | None, buffers: Buffers
    ) -> tuple[float, Array]:
        """Return the value and its gradient, which lives in `buffers`."""
        gradient = buffers.get("loss_gradient", outputs.shape)
        work = buffers.get("loss_work", (2, *outputs.shape))
        column = buffers.get("loss_column", (len(outputs), 1))
        weights = mean_weights(len(outputs), sample_weight, buffers)
        return softmax_kullback_leibler(outputs, targets, weights, gradient, work, column), gradient

    def predictions(self, outputs: Array) -> Array:
        """Return class probabilities, the softmax of each row; shaped like `outputs`."""
        return Softmax()(outputs)


def _distributions(loss: Loss, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> Array:
    owner = type(loss).__name__
    require_several_outputs(owner, n_outputs, "BinaryCrossEntropy")
    return distribution_targets(owner, targets, n_outputs, dtype)
