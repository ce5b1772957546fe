"""Softmax cross-entropy: one class out of several, from logits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.activations import Softmax
from glassnet.buffers import Buffers
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.kernels import kernel
from glassnet.losses.base import Loss, mean_weights
from glassnet.losses.targets import class_targets, require_several_outputs
from glassnet.reductions import inner, label_positions, row_max, row_sum, weighted_sum

__all__ = ["SoftmaxCrossEntropy", "log_softmax", "softmax_cross_entropy", "softmax_cross_entropy_labels"]


@kernel
@np.errstate(all="ignore")
def softmax_cross_entropy_labels(
    logits: Array,
    labels: AnyArray,
    weights: Array,
    smoothing: float,
    gradient: Array,
    columns: Array,
    positions: AnyArray,
) -> float:
    """Sum w (log sum_j e^s_j - (1 - a) s_y - a mean_j s_j), s = z - max z; its gradient is w (p - t).

    logits and gradient (n, k), labels int64 (n,), weights (n, 1) or (1, 1), a the smoothing;
    work arrays: columns (3, n, 1) and positions int64 (n,).
    """
    k = logits.shape[1]
    total, picked, spread = columns
    flat, flat_picked = gradient.reshape(-1), picked.reshape(-1)
    label_positions(labels, k, positions)

    row_max(logits, total)
    np.subtract(logits, total, out=gradient)  # s (n, k)
    flat.take(positions, out=flat_picked, mode="clip")  # s_y
    if smoothing:
        row_sum(gradient, spread)
        spread *= smoothing / k
        picked *= 1 - smoothing
        picked += spread
    np.exp(gradient, out=gradient)
    row_sum(gradient, total)  # S = sum_j e^s_j
    np.log(total, out=spread)
    np.subtract(spread, picked, out=picked)
    value = weighted_sum(picked, weights)

    np.divide(weights, total, out=total)
    gradient *= total  # w p, for p = e^s / S
    if smoothing:
        np.multiply(weights, smoothing / k, out=spread)
        gradient -= spread
    flat.take(positions, out=flat_picked, mode="clip")
    np.multiply(weights, 1 - smoothing, out=spread)
    picked -= spread
    flat[positions] = flat_picked
    return value


@kernel
@np.errstate(all="ignore")
def softmax_cross_entropy(
    logits: Array,
    targets: Array,
    weights: Array,
    smoothing: float,
    gradient: Array,
    weighted: Array,
    column: Array,
) -> float:
    """Sum -w sum_j u_j log p_j with u = (1 - a) t + a / k; its gradient is w (p sum_j u_j - u).

    logits, targets, gradient and the work array weighted (n, k); weights (n, 1) or (1, 1);
    column (n, 1). Rows of targets need not sum to exactly 1.
    """
    log_softmax(logits, gradient, weighted, column)
    if smoothing:
        np.multiply(targets, 1 - smoothing, out=weighted)
        weighted += smoothing / logits.shape[1]
        weighted *= weights
    else:
        np.multiply(targets, weights, out=weighted)  # w u
    value = 0.0 - inner(weighted, gradient)
    np.exp(gradient, out=gradient)  # p
    row_sum(weighted, column)
    gradient *= column
    gradient -= weighted
    return value


def log_softmax(logits: Array, out: Array, work: Array, column: Array) -> None:
    """Write log p = s - log sum_j e^s_j with s = z - max z; all (n, k), column (n, 1)."""
    row_max(logits, column)
    np.subtract(logits, column, out=out)
    np.exp(out, out=work)
    row_sum(work, column)
    np.log(column, out=column)
    out -= column


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """Cross-entropy of softmax probabilities, from logits: for one class out of several.

    With z the outputs, p = softmax(z) and targets t, the mean over samples of

        -sum_j t_j log p_j = log sum_j e^(z_j) - z_y    (the second form for a label y),

    summed, not averaged, over the classes; its gradient is (p - t) / n_samples. Computed after
    subtracting each row's maximum, so that logits of 1e4 are as good as any. The last layer is
    linear; :meth:`predictions` applies the softmax. PyTorch's CrossEntropyLoss; Keras's
    (Sparse)CategoricalCrossentropy(from_logits=True).

    Args:
        label_smoothing: a in [0, 1); targets become (1 - a) t + a / n_outputs (Szegedy et al., 2016);
            default 0.

    Targets are integers 0 ... n_outputs - 1 of shape (n_samples,), of an integer or floating
    dtype, or rows of probabilities (n_samples, n_outputs), such as one-hot, that sum to 1 (PyTorch
    takes rows of any sum).

    Raises:
        ShapeError: fewer than two outputs (then use SigmoidCrossEntropy), or targets that do not fit.
        DataError: a label outside the range, a probability outside [0, 1], a row not summing to 1.

    >>> value, gradient = SoftmaxCrossEntropy().value_and_gradient(np.zeros((1, 2)), [0])
    >>> round(value, 6), gradient
    (0.693147, array([[-0.5,  0.5]]))
    """

    label_smoothing: float = hyperparameter(0.0, interval=Interval(0, 1, "left"))

    def prepare(self, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> AnyArray:
        """Return labels as int64 (n_samples,) or probabilities as (n_samples, n_outputs)."""
        owner = type(self).__name__
        require_several_outputs(owner, n_outputs, "SigmoidCrossEntropy")
        return class_targets(owner, targets, n_outputs, dtype)

    def compute(
        self, outputs: Array, targets: AnyArray, sample_weight: Array | None, buffers: Buffers
    ) -> tuple[float, Array]:
        """Return the value and its gradient, which lives in `buffers`."""
        n = len(outputs)
        gradient = buffers.get("loss_gradient", outputs.shape)
        weights = mean_weights(n, sample_weight, buffers)
        smoothing = self.label_smoothing
        if targets.ndim == 1:
            columns = buffers.get("loss_columns", (3, n, 1))
            positions = buffers.get("loss_positions", (n,), np.int64)
            value = softmax_cross_entropy_labels(
                outputs, targets, weights, smoothing, gradient, columns, positions
            )
            return value, gradient
        weighted = buffers.get("loss_weighted", outputs.shape)
        column = buffers.get("loss_column", (n, 1))
        value = softmax_cross_entropy(outputs, targets, weights, smoothing, gradient, weighted, column)
        return value, gradient

    def predictions(self, outputs: Array) -> Array:
        """Return class probabilities, the softmax of each row; shaped like `outputs`."""
        return Softmax()(outputs)
