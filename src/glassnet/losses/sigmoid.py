"""Sigmoid cross-entropy: yes or no for each output, from logits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.activations import Sigmoid
from glassnet.buffers import Buffers
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.kernels import kernel
from glassnet.losses.base import Loss, mean_weights
from glassnet.losses.targets import binary_targets
from glassnet.reductions import weighted_sum

__all__ = ["SigmoidCrossEntropy", "sigmoid_cross_entropy"]


@kernel
@np.errstate(all="ignore")
def sigmoid_cross_entropy(
    logits: Array, targets: Array, weights: Array, smoothing: float, gradient: Array, work: Array
) -> float:
    """Sum w (max(z, 0) - z u + m), m = log(1 + e^-|z|), u = (1 - a) t + a / 2; gradient w (p - u).

    The probability is p = e^(min(z, 0) - m). All (n, k) but weights, (n, 1) or (1, 1), and work (3, n, k).
    """
    terms, product, smoothed = work
    np.abs(logits, out=terms)
    np.negative(terms, out=terms)
    np.exp(terms, out=terms)
    np.log1p(terms, out=terms)  # m
    np.minimum(logits, 0, out=gradient)
    gradient -= terms
    np.exp(gradient, out=gradient)  # p
    if smoothing:
        np.multiply(targets, 1 - smoothing, out=smoothed)
        smoothed += smoothing / 2
        targets = smoothed
    gradient -= targets
    gradient *= weights
    np.multiply(logits, targets, out=product)
    positive = np.maximum(logits, 0, out=smoothed)  # overwrites the smoothed targets, used up by now
    positive -= product
    terms += positive
    return weighted_sum(terms, weights)


@dataclass(frozen=True)
class SigmoidCrossEntropy(Loss):
    """Cross-entropy of sigmoid probabilities, from logits: for two classes, or several labels at once.

    With z the outputs, p = 1 / (1 + e^-z) and targets t, the mean over outputs and samples of

        -t log p - (1 - t) log(1 - p) = max(z, 0) - z t + log(1 + e^-|z|),

    whose gradient is (p - t) / (n_samples * n_outputs). The right-hand form neither overflows nor
    loses digits at logits of 1e4. The last layer is linear; :meth:`predictions` applies the sigmoid.
    PyTorch's BCEWithLogitsLoss; Keras's BinaryCrossentropy(from_logits=True).

    Args:
        label_smoothing: a in [0, 1); targets become (1 - a) t + a / 2; default 0.

    Targets are 0, 1 or a probability between, (n_samples, n_outputs), or (n_samples,) for one output.

    Raises:
        ShapeError: targets that do not fit.
        DataError: targets outside [0, 1].

    >>> value, gradient = SigmoidCrossEntropy().value_and_gradient(np.zeros((1, 1)), [1])
    >>> round(value, 6), gradient
    (0.693147, array([[-0.5]]))
    """

    label_smoothing: float = hyperparameter(0.0, interval=Interval(0, 1, "left"))

    def prepare(self, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> AnyArray:
        """Return the targets in [0, 1], one column per output."""
        return binary_targets(type(self).__name__, targets, n_outputs, dtype)

    def compute(
        self, outputs: Array, targets: AnyArray, sample_weight: Array | None, buffers: Buffers
    ) -> tuple[float, Array]:
        """Return the value and its gradient, which lives in `buffers`."""
        gradient = buffers.get("loss_gradient", outputs.shape)
        work = buffers.get("loss_work", (3, *outputs.shape))
        weights = mean_weights(len(outputs), sample_weight, buffers, outputs.shape[1])
        value = sigmoid_cross_entropy(outputs, targets, weights, self.label_smoothing, gradient, work)
        return value, gradient

    def predictions(self, outputs: Array) -> Array:
        """Return the probability of 1 for each output, its sigmoid; shaped like `outputs`."""
        return Sigmoid()(outputs)
