"""Cross-entropy on probabilities of 1: for networks that end in a sigmoid of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.activations import Sigmoid
from glassnet.buffers import Buffers
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.losses.base import Loss, mean_weights
from glassnet.losses.probabilities import EPSILON, require_probability_outputs, tangent_log
from glassnet.losses.sigmoid import SigmoidCrossEntropy
from glassnet.losses.targets import binary_targets
from glassnet.reductions import weighted_sum

__all__ = ["BinaryCrossEntropy", "binary_cross_entropy"]


@np.errstate(all="ignore")
def binary_cross_entropy(
    probabilities: Array,
    targets: Array,
    weights: Array,
    smoothing: float,
    epsilon: float,
    gradient: Array,
    work: Array,
) -> float:
    """Sum w (u l(p) + (1 - u) l(1 - p)), u = (1 - a) t + a / 2.

    Its gradient is w (-u / max(p, epsilon) + (1 - u) / max(1 - p, epsilon)). All (n, k) but
    weights, (n, 1) or (1, 1), and work (5, n, k).
    """
    share, terms, floored, logs, other = work
    np.multiply(targets, 1 - smoothing, out=share)
    share += smoothing / 2  # u
    tangent_log(probabilities, epsilon, terms, floored, logs)
    terms *= share
    np.divide(share, floored, out=gradient)

    np.subtract(1, share, out=share)  # 1 - u
    np.subtract(1, probabilities, out=other)
    tangent_log(other, epsilon, other, floored, logs)
    other *= share
    terms += other
    np.divide(share, floored, out=other)
    np.subtract(other, gradient, out=gradient)
    gradient *= weights
    return 0.0 - weighted_sum(terms, weights)


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """Cross-entropy on probabilities of 1: for two classes, or several labels at once, after a sigmoid.

    With p the outputs and targets t, the mean over outputs and samples of

        -t log p - (1 - t) log(1 - p),

    whose gradient is (-t / p + (1 - t) / (1 - p)) / (n_samples * n_outputs). Below `epsilon` both
    logarithms are continued by their tangents, so that value and gradient stay finite and agree.
    PyTorch's BCELoss caps each logarithm at -100 instead; Keras clips p. Training a network that
    ends in gn.Sigmoid uses :class:`SigmoidCrossEntropy` on the logits, the same function wherever
    neither p nor 1 - p lies below epsilon.

    Args:
        epsilon: where the tangents begin, in [1e-30, 0.1]; default 1e-12.
        label_smoothing: a in [0, 1); targets become (1 - a) t + a / 2; default 0.

    Targets are 0, 1 or a probability between, (n_samples, n_outputs), or (n_samples,) for one output.

    Raises:
        ShapeError: targets that do not fit.
        DataError: targets outside [0, 1]; outputs that are no probabilities.

    >>> value, gradient = BinaryCrossEntropy().value_and_gradient(np.array([[0.5]]), [1])
    >>> round(value, 6), gradient
    (0.693147, array([[-2.]]))
    """

    epsilon: float = hyperparameter(1e-12, interval=EPSILON)
    label_smoothing: float = hyperparameter(0.0, interval=Interval(0, 1, "left"))

    def check_outputs(self, outputs: Array) -> None:
        """Raise DataError naming the first row that holds no probability."""
        require_probability_outputs(type(self).__name__, outputs, "Sigmoid", "SigmoidCrossEntropy")

    def prepare(self, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> AnyArray:
        """Return the targets in [0, 1], one column per output."""
        return binary_targets(type(self).__name__, targets, n_outputs, dtype)

    def compute(
        self, outputs: Array, targets: AnyArray, sample_weight: Array | None, buffers: Buffers
    ) -> tuple[float, Array]:
        """Return the value and its gradient, which lives in `buffers`."""
        gradient = buffers.get("loss_gradient", outputs.shape)
        work = buffers.get("loss_work", (5, *outputs.shape))
        weights = mean_weights(len(outputs), sample_weight, buffers, outputs.shape[1])
        value = binary_cross_entropy(
            outputs, targets, weights, self.label_smoothing, self.epsilon, gradient, work
        )
        return value, gradient

    def fused_with(self, activation: Any) -> Loss | None:
        """Return sigmoid cross-entropy on the logits if `activation` is gn.Sigmoid, else None."""
        if type(activation) is Sigmoid:
            return SigmoidCrossEntropy(label_smoothing=self.label_smoothing)
        return None
