"""The Poisson loss: counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.buffers import Buffers
from glassnet.errors import DataError
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.losses.base import Loss, mean_weights
from glassnet.losses.targets import first_place, real_targets
from glassnet.reductions import weighted_sum

__all__ = ["Poisson"]


@np.errstate(all="ignore")
def poisson_log(outputs: Array, targets: Array, weights: Array, gradient: Array, terms: Array) -> float:
    """Sum w (e^o - y o); its gradient is w (e^o - y). All (n, k), weights (n, 1) or (1, 1)."""
    np.exp(outputs, out=gradient)
    np.multiply(targets, outputs, out=terms)
    np.subtract(gradient, terms, out=terms)
    gradient -= targets
    gradient *= weights
    return weighted_sum(terms, weights)


@np.errstate(all="ignore")
def poisson_rate(
    outputs: Array, targets: Array, weights: Array, epsilon: float, gradient: Array, terms: Array
) -> float:
    """Sum w (o - y log(o + eps)); its gradient is w (1 - y / (o + eps))."""
    np.add(outputs, epsilon, out=gradient)
    np.log(gradient, out=terms)
    terms *= targets
    np.subtract(outputs, terms, out=terms)
    np.divide(targets, gradient, out=gradient)
    np.subtract(1, gradient, out=gradient)
    gradient *= weights
    return weighted_sum(terms, weights)


@dataclass(frozen=True)
class Poisson(Loss):
    """Negative log-likelihood of counts, up to a term in the targets alone.

    The mean over outputs and samples of

        e^o - y o                   outputs are logarithms of the rate (log_input=True),
        o - y log(o + epsilon)      outputs are rates (log_input=False),

    with the gradient (e^o - y) or 1 - y / (o + epsilon), over n_samples * n_outputs. The term log y!
    is left out, as in PyTorch and Keras (whose Poisson is the second form). Half the Poisson
    deviance is this value less its minimum, that at rate = y. e^o overflows for o above 88 in float32
    and 709 in float64: the value is then infinite.

    Args:
        log_input: True (default) for a linear last layer; False for one that gives rates >= 0.
        epsilon: added to the rate under the logarithm, in [1e-30, 1]; default 1e-8, as in PyTorch.

    Targets are counts or other finite numbers >= 0, (n_samples, n_outputs), or (n_samples,) for one
    output.

    Raises:
        DataError: a negative target; with log_input=False negative outputs.

    >>> Poisson().value_and_gradient(np.array([[0.0], [0.0]]), [0, 3])
    (1.0, array([[ 0.5], [-1. ]]))
    """

    log_input: bool = hyperparameter(True, flag=True)
    epsilon: float = hyperparameter(1e-8, interval=Interval(1e-30, 1))

    def check_outputs(self, outputs: Array) -> None:
        """Raise DataError naming the first row that holds a negative rate."""
        if self.log_input or not (outputs < 0).any():
            return
        row, column = first_place(outputs < 0)
        raise DataError(
            f"Poisson with log_input=False takes rates >= 0, got {outputs[row, column]} at row {row}, "
            f"column {column} (counting from 0). End the network with softplus, or use log_input=True."
        )

    def prepare(self, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> AnyArray:
        """Return the targets as finite numbers >= 0, one column per output."""
        array = real_targets(type(self).__name__, targets, n_outputs, dtype)
        if (array < 0).any():
            row, column = first_place(array < 0)
            raise DataError(
                f"Poisson targets must be >= 0, got {array[row, column]} at row {row}, column {column} "
                "(counting from 0)."
            )
        return array

    def compute(
        self, outputs: Array, targets: AnyArray, sample_weight: Array | None, buffers: Buffers
    ) -> tuple[float, Array]:
        """Return the value and its gradient, which lives in `buffers`."""
        gradient = buffers.get("loss_gradient", outputs.shape)
        terms = buffers.get("loss_terms", outputs.shape)
        weights = mean_weights(len(outputs), sample_weight, buffers, outputs.shape[1])
        if self.log_input:
            return poisson_log(outputs, targets, weights, gradient, terms), gradient
        return poisson_rate(outputs, targets, weights, self.epsilon, gradient, terms), gradient

    def predictions(self, outputs: Array) -> Array:
        """Return rates: e^o for log_input, else the outputs unchanged."""
        if not self.log_input:
            return outputs
        with np.errstate(over="ignore"):
            return np.exp(outputs)
