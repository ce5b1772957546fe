"""What every loss offers: value and gradient together, from outputs and targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.buffers import Buffers
from glassnet.checks import as_weights
from glassnet.errors import DataError, GradientError, ShapeError
from glassnet.hyperparameters import Hyperparameters

__all__ = ["Loss", "mean_weights"]


@dataclass(frozen=True)
class Loss(Hyperparameters):
    """Base of all losses. A loss of one's own overrides :meth:`value_and_gradient` alone.

    Every loss is the mean over the samples, weighted if weights are given,

        L = sum_i w_i l_i / sum_i w_i,

    and its gradient carries that 1 / sum(w): nothing later divides again. (So do PyTorch's mse_loss
    and cross_entropy; its binary cross-entropies, and Keras, divide the weighted sum by n.) A row
    of weight zero counts as much as a row that is not there; without rows, or with weights that
    are all zero, the value is 0 and the gradient zero (PyTorch: NaN). glassnet's own losses override
    :meth:`prepare` (check and convert targets once) and :meth:`compute` (the maths). What overflows
    or is NaN shows in the value, never as a warning.

    >>> class FourthPower(Loss):
    ...     def value_and_gradient(self, outputs, targets, sample_weight=None):
    ...         residual = outputs - targets
    ...         return float((residual**4).mean()), 4 * residual**3 / residual.size
    >>> FourthPower().value_and_gradient(np.array([[3.0]]), np.array([[1.0]]))
    (16.0, array([[32.]]))
    """

    def value_and_gradient(
        self, outputs: Array, targets: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> tuple[float, Array]:
        """Return the loss and its gradient with respect to `outputs`.

        Args:
            outputs: (n_samples, n_outputs), what the network's last layer gave.
            targets: what the loss compares with; see the class.
            sample_weight: (n_samples,) weights, not negative; None means all equal.

        Returns:
            The weighted mean as a float, and an array shaped like `outputs` and of its dtype.

        Raises:
            ShapeError: outputs that are not two-dimensional, or targets or weights that do not fit.
            DataError: targets the loss is not defined for, negative or non-finite weights.
        """
        rows = _as_outputs(outputs, type(self).__name__)
        self.check_outputs(rows)
        prepared = self.prepare(targets, rows.shape[1], rows.dtype)
        if len(prepared) != len(rows):
            raise ShapeError(
                f"{type(self).__name__} got {len(rows)} rows of outputs but {len(prepared)} rows of targets."
            )
        weights = _weights(sample_weight, len(rows), rows.dtype)
        return self.compute(rows, prepared, weights, Buffers(rows.dtype))

    def check_outputs(self, outputs: Array) -> None:
        """Raise DataError if `outputs` (n_samples, n_outputs) lie where the loss is not defined.

        One look at the first outputs tells a loss on probabilities that stands behind a linear
        layer by mistake. Outputs that are NaN or infinite pass: they show in the value.
        """

    def prepare(self, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> AnyArray:
        """Return the targets checked and in the form that :meth:`compute` takes.

        Class labels become contiguous int64 (n_samples,), everything else a contiguous
        (n_samples, columns) array of `dtype`; what already is that is returned without a copy.
        Raises ShapeError or DataError if they do not fit `n_outputs` outputs.
        """
        array = np.asarray(targets)
        if array.dtype.kind == "f":
            array = array.astype(dtype, copy=False)
        return array[:, None] if array.ndim == 1 and n_outputs == 1 and array.dtype.kind == "f" else array

    def compute(
        self, outputs: Array, targets: AnyArray, sample_weight: Array | None, buffers: Buffers
    ) -> tuple[float, Array]:
        """Do what :meth:`value_and_gradient` does, on prepared targets, allocating nothing.

        Nothing is checked here. `sample_weight` is (n_samples,) of the outputs' dtype or None. The
        gradient may live in `buffers` and is valid until the next call with them.
        """
        if type(self).value_and_gradient is Loss.value_and_gradient:
            raise NotImplementedError(f"{type(self).__name__} must define value_and_gradient().")
        value, given = self.value_and_gradient(outputs, targets, sample_weight)
        if np.shape(given) != outputs.shape:
            raise GradientError(
                f"{type(self).__name__}.value_and_gradient() must return a gradient of the outputs' shape "
                f"{outputs.shape}, got {np.shape(given)}."
            )
        # A copy: the backward pass writes over it, and it may be the caller's own array.
        gradient = buffers.get("loss_gradient", outputs.shape)
        np.copyto(gradient, given, casting="same_kind")
        return float(value), gradient

    def predictions(self, outputs: Array) -> Array:
        """Return outputs as predictions: probabilities for a loss on logits, else unchanged."""
        return outputs

    def fused_with(self, activation: Any) -> Loss | None:
        """Return the loss on logits that equals this one after `activation`, if there is one.

        Cross-entropy on probabilities after softmax (or sigmoid) is the same function as
        cross-entropy on logits, whose gradient is `probabilities - targets`; training uses it.
        """
        return None


def mean_weights(n_samples: int, sample_weight: Array | None, buffers: Buffers, n_outputs: int = 1) -> Array:
    """Return the factor each row's terms enter the mean with, as a column that broadcasts.

    (n_samples, 1) holding w_i / sum(w), or (1, 1) holding 1 / n_samples where all rows weigh the
    same; zeros if all w are zero. Divided by `n_outputs` if a row's loss is the mean of so many.
    """
    if sample_weight is None:
        column: Array = buffers.get("equal_weights", (1, 1))
        column[0, 0] = 1.0 / (max(n_samples, 1) * n_outputs)
        return column
    column = buffers.get("weights", (n_samples, 1))
    total = float(np.add.reduce(sample_weight))
    if total > 0:
        np.divide(sample_weight[:, None], total * n_outputs, out=column)
    else:
        column.fill(0.0)
    return column


def _as_outputs(outputs: Array, owner: str) -> Array:
    array = np.asarray(outputs)
    if array.dtype.kind in "biu":
        array = array.astype(np.float64)
    if array.dtype.kind != "f":
        raise DataError(f"{owner} outputs must be real numbers, got dtype {array.dtype}.")
    if array.ndim != 2 or array.shape[1] == 0:
        hint = " One output per sample? Write outputs.reshape(-1, 1)." if array.ndim == 1 else ""
        raise ShapeError(f"{owner} outputs must have shape (n_samples, n_outputs), got {array.shape}.{hint}")
    return array


def _weights(sample_weight: npt.ArrayLike | None, n_samples: int, dtype: np.dtype[Any]) -> Array | None:
    if sample_weight is None:
        return None
    array = np.asarray(sample_weight)
    if array.shape == (n_samples,) and not array.any():
        return np.zeros(n_samples, dtype)  # for one batch that is no mistake; for a whole fit it is
    with np.errstate(over="ignore"):
        return as_weights(array, n_samples, dtype)
