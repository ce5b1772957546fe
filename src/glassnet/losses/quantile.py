"""The pinball loss: one network that gives one or several quantiles."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.buffers import Buffers
from glassnet.errors import HyperparameterError, ShapeError
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.losses.base import Loss, mean_weights
from glassnet.losses.targets import real_targets
from glassnet.reductions import inner

__all__ = ["Quantile"]


@np.errstate(all="ignore")
def pinball(
    outputs: Array,
    targets: Array,
    weights: Array,
    levels: tuple[float, ...],
    gradient: Array,
    residual: Array,
    slope: Array,
    falling: Array,
) -> float:
    """Sum w max((1 - q) d, -q d) with d = o - y; its gradient is w (1 - q), -w q, or 0 where d = 0.

    outputs and gradient are (n, t q), the q levels of a target side by side; targets and the three
    work arrays (n, t); weights (n, 1) or (1, 1). One level after the other: q is small.
    """
    value = 0.0
    for j, level in enumerate(levels):
        np.subtract(outputs[:, j :: len(levels)], targets, out=residual)
        np.sign(residual, out=slope)
        np.minimum(slope, 0, out=falling)
        falling *= level  # -q where d < 0
        np.maximum(slope, 0, out=slope)
        slope *= 1 - level  # 1 - q where d > 0
        slope += falling
        slope *= weights
        value += inner(slope, residual)
        gradient[:, j :: len(levels)] = slope
    return value


@dataclass(frozen=True)
class Quantile(Loss):
    """Pinball loss: fits conditional quantiles (Koenker & Bassett, 1978).

    For the level q and d = o - y, the mean over outputs and samples of

        (1 - q) d    where o > y,
        -q d         where o < y,

    whose gradient is 1 - q or -q (0 where o = y), over n_samples * n_outputs. For q = 0.5 that is
    half the absolute error. With several levels the network has n_targets * n_quantiles outputs, the
    levels of the first target first; the loss is the mean of the levels' losses. Quantiles fitted
    together may cross; :meth:`predictions` sorts them within each target, which never takes
    them further from the true ones (Chernozhukov, Fernandez-Val & Galichon, 2010).

    Args:
        quantiles: levels in (0, 1), increasing; default (0.5,), the median.

    Targets are finite numbers, (n_samples, n_targets), or (n_samples,) for one target.

    Raises:
        HyperparameterError: no level, a level outside (0, 1), or levels that do not increase.

    >>> Quantile([0.1, 0.9]).value_and_gradient(np.array([[1.0, 1.0]]), [3.0])
    (1.0, array([[-0.05, -0.45]]))
    """

    quantiles: tuple[float, ...] = hyperparameter(
        (0.5,), interval=Interval(0, 1, "neither"), many=True, positional=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        levels = self.quantiles
        if not levels or any(low >= high for low, high in pairwise(levels)):
            raise HyperparameterError(
                f"Quantile quantiles must be at least one level, increasing, got {list(levels)}."
            )

    def prepare(self, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> AnyArray:
        """Return the targets as finite numbers, one column per target."""
        n_targets, rest = divmod(n_outputs, len(self.quantiles))
        if rest or n_targets == 0:
            raise ShapeError(
                f"Quantile with {len(self.quantiles)} quantiles needs that many outputs for every target, "
                f"got n_outputs={n_outputs}."
            )
        return real_targets(type(self).__name__, targets, n_targets, dtype)

    def compute(
        self, outputs: Array, targets: AnyArray, sample_weight: Array | None, buffers: Buffers
    ) -> tuple[float, Array]:
        """Return the value and its gradient, which lives in `buffers`."""
        gradient = buffers.get("loss_gradient", outputs.shape)
        residual = buffers.get("loss_residual", targets.shape)
        slope = buffers.get("loss_slope", targets.shape)
        falling = buffers.get("loss_falling", targets.shape)
        weights = mean_weights(len(outputs), sample_weight, buffers, outputs.shape[1])
        value = pinball(outputs, targets, weights, self.quantiles, gradient, residual, slope, falling)
        return value, gradient

    def predictions(self, outputs: Array) -> Array:
        """Return the quantiles of each target sorted, so that none cross; shaped like `outputs`."""
        levels = len(self.quantiles)
        if levels == 1:
            return outputs
        return np.sort(outputs.reshape(len(outputs), outputs.shape[1] // levels, levels), axis=-1).reshape(
            outputs.shape
        )
