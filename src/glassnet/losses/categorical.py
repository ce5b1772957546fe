"""Cross-entropy on class probabilities: for networks that end in a softmax of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.activations import Softmax
from glassnet.buffers import Buffers
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.losses.base import Loss, mean_weights
from glassnet.losses.probabilities import EPSILON, require_probability_outputs, tangent_log
from glassnet.losses.softmax import SoftmaxCrossEntropy
from glassnet.losses.targets import class_targets, require_several_outputs
from glassnet.reductions import inner, label_positions

__all__ = ["CategoricalCrossEntropy", "categorical_cross_entropy"]


@np.errstate(all="ignore")
def categorical_cross_entropy(
    probabilities: Array, targets: Array, weights: Array, epsilon: float, gradient: Array, work: Array
) -> float:
    """Sum w sum_j t_j l(p_j); its gradient is -w t / max(p, epsilon).

    All (n, k) but weights, (n, 1) or (1, 1), and work (2, n, k).
    """
    floored, weighted = work
    tangent_log(probabilities, epsilon, gradient, floored, weighted)
    np.multiply(targets, weights, out=weighted)  # w t
    value = 0.0 - inner(weighted, gradient)
    np.divide(weighted, floored, out=gradient)
    np.subtract(0, gradient, out=gradient)  # unlike negation, without -0
    return value


@dataclass(frozen=True)
class CategoricalCrossEntropy(Loss):
    """Cross-entropy on class probabilities: for one class out of several, after a softmax.

    With p the outputs and targets t, the mean over samples of

        -sum_j t_j log p_j,

    summed, not averaged, over the classes; its gradient is -t / p / n_samples. Below `epsilon` the
    logarithm is continued by its tangent, so that value and gradient stay finite and agree:
    p = 0 costs 1 - log epsilon and its gradient is -t / epsilon. Rows are taken as they are, as in
    PyTorch's NLLLoss(log p), which is infinite at p = 0; Keras divides them by their sum and clips
    p. Training a network that ends in gn.Softmax uses :class:`SoftmaxCrossEntropy` on the logits,
    the same function wherever no p lies below epsilon.

    Args:
        epsilon: where the tangent begins, in [1e-30, 0.1]; default 1e-12. Not 1e-7, as in Keras:
            after a softmax the gradient is p / max(p, epsilon) of what it should be.
        label_smoothing: a in [0, 1); targets become (1 - a) t + a / n_outputs; default 0.

    Targets are integers 0 ... n_outputs - 1 of shape (n_samples,), or rows of probabilities
    (n_samples, n_outputs), such as one-hot, that sum to 1.

    Raises:
        ShapeError: fewer than two outputs (then use BinaryCrossEntropy), or targets that do not fit.
        DataError: a label outside the range, a probability outside [0, 1], a row not summing to 1;
            outputs that are no probabilities.

    >>> value, gradient = CategoricalCrossEntropy().value_and_gradient(np.array([[0.5, 0.5]]), [0])
    >>> round(value, 6), gradient.tolist()
    (0.693147, [[-2.0, 0.0]])
    """

    epsilon: float = hyperparameter(1e-12, interval=EPSILON)
    label_smoothing: float = hyperparameter(0.0, interval=Interval(0, 1, "left"))

    def check_outputs(self, outputs: Array) -> None:
        """Raise DataError naming the first row that holds no probability."""
        require_probability_outputs(type(self).__name__, outputs, "Softmax", "SoftmaxCrossEntropy")

    def prepare(self, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> AnyArray:
        """Return labels as int64 (n_samples,) or probabilities as (n_samples, n_outputs)."""
        owner = type(self).__name__
        require_several_outputs(owner, n_outputs, "BinaryCrossEntropy")
        return class_targets(owner, targets, n_outputs, dtype)

    def compute(
        self, outputs: Array, targets: AnyArray, sample_weight: Array | None, buffers: Buffers
    ) -> tuple[float, Array]:
        """Return the value and its gradient, which lives in `buffers`."""
        gradient = buffers.get("loss_gradient", outputs.shape)
        work = buffers.get("loss_work", (2, *outputs.shape))
        weights = mean_weights(len(outputs), sample_weight, buffers)
        dense = self._dense(targets, outputs.shape, buffers)
        return categorical_cross_entropy(outputs, dense, weights, self.epsilon, gradient, work), gradient

    def fused_with(self, activation: Any) -> Loss | None:
        """Return softmax cross-entropy on the logits if `activation` is gn.Softmax, else None."""
        if type(activation) is Softmax:  # a subclass may compute something else
            return SoftmaxCrossEntropy(label_smoothing=self.label_smoothing)
        return None

    def _dense(self, targets: AnyArray, shape: tuple[int, ...], buffers: Buffers) -> Array:
        smoothing, (n, k) = self.label_smoothing, shape
        if targets.ndim == 2 and not smoothing:
            return targets
        dense: Array = buffers.get("loss_targets", shape)
        if targets.ndim == 2:
            np.multiply(targets, 1 - smoothing, out=dense)
            dense += smoothing / k
            return dense
        positions = buffers.get("loss_positions", (n,), np.int64)
        label_positions(targets, k, positions)
        dense.fill(smoothing / k)
        dense.reshape(-1)[positions] = 1 - smoothing + smoothing / k
        return dense
