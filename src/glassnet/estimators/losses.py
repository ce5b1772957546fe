"""scikit-learn's loss conventions: sums over the outputs, halves, and the whole Poisson deviance."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.buffers import Buffers
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    KullbackLeibler,
    Loss,
    MeanSquaredError,
    Poisson,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SoftmaxKullbackLeibler,
)

__all__ = [
    "LossByConvention",
    "PoissonDeviance",
    "on_labels",
    "on_logits",
    "one_output_per_class",
    "scikit_loss",
]

_ANY = Interval(0, math.inf, "neither")


@dataclass(frozen=True)
class LossByConvention(Loss):
    """Another loss with its value and its gradient each multiplied by a factor.

    glassnet's losses are means over the outputs. scikit-learn sums its cross-entropy and its Poisson
    deviance over them, and for squared error it reports half the mean but descends half the sum; the
    two factors say which.

    Args:
        loss: the loss.
        value_factor, gradient_factor: numbers above 0.
    """

    loss: Loss = hyperparameter(kind="loss", positional=True)
    value_factor: float = hyperparameter(interval=_ANY, positional=True)
    gradient_factor: float = hyperparameter(interval=_ANY, positional=True)

    def check_outputs(self, outputs: Array) -> None:
        """Do what the loss does."""
        self.loss.check_outputs(outputs)

    def prepare(self, targets: npt.ArrayLike, n_outputs: int, dtype: npt.DTypeLike) -> AnyArray:
        """Return the targets as the loss takes them."""
        return self.loss.prepare(targets, n_outputs, dtype)

    def compute(
        self, outputs: Array, targets: AnyArray, sample_weight: Array | None, buffers: Buffers
    ) -> tuple[float, Array]:
        """Return the loss's value and gradient, each times its factor."""
        value, gradient = self.loss.compute(outputs, targets, sample_weight, buffers)
        if self.gradient_factor != 1:
            gradient *= self.gradient_factor
        return value * self.value_factor, gradient

    def predictions(self, outputs: Array) -> Array:
        """Return the loss's predictions."""
        return self.loss.predictions(outputs)

    def fused_with(self, activation: Any) -> Loss | None:
        """Return the fused loss with the same factors, if the loss has one."""
        fused = self.loss.fused_with(activation)
        return None if fused is None else replace(self, loss=fused)


@dataclass(frozen=True)
class PoissonDeviance(LossByConvention):
    """The Poisson loss with its term in the targets: half the deviance, 0 for perfect outputs."""

    def compute(
        self, outputs: Array, targets: AnyArray, sample_weight: Array | None, buffers: Buffers
    ) -> tuple[float, Array]:
        """Return value and gradient; the value gains the mean of y log y - y."""
        value, gradient = super().compute(outputs, targets, sample_weight, buffers)
        positive = np.maximum(targets, np.finfo(targets.dtype).tiny)
        perfect = (targets * np.log(positive) - targets).mean(axis=1, dtype=np.float64)
        if sample_weight is None:
            offset = float(perfect.mean())
        else:
            total = float(sample_weight.sum(dtype=np.float64))
            offset = float(np.dot(perfect, sample_weight)) / total if total else 0.0
        return value + offset * self.value_factor, gradient


def scikit_loss(name: str, n_outputs: int, *, consistent: bool, label_smoothing: float = 0.0) -> Loss:
    """Return the loss that scikit-learn means by a name.

    Args:
        name: "log_loss" (softmax), "binary_log_loss", "squared_error" or "poisson".
        n_outputs: width of the network's output.
        consistent: whether the value must belong to the gradient, as L-BFGS needs; scikit-learn's
            squared error of several outputs reports their mean and descends their sum.
        label_smoothing: of the two cross-entropies.
    """
    k = float(n_outputs)
    if name == "log_loss":
        return CategoricalCrossEntropy(label_smoothing=label_smoothing)
    if name == "binary_log_loss":
        return LossByConvention(BinaryCrossEntropy(label_smoothing=label_smoothing), k, k)
    if name == "poisson":
        return PoissonDeviance(Poisson(), k, k)
    return LossByConvention(MeanSquaredError(), k / 2 if consistent else 0.5, k / 2)


def on_labels(loss: Loss) -> bool:
    """Return whether a loss wants one class out of several as an integer label."""
    return isinstance(loss, (CategoricalCrossEntropy, SoftmaxCrossEntropy))


def on_logits(loss: Loss) -> bool:
    """Return whether a loss contains the output activation of a classifier."""
    return isinstance(loss, (SoftmaxCrossEntropy, SigmoidCrossEntropy, SoftmaxKullbackLeibler))


def one_output_per_class(loss: Loss) -> bool:
    """Return whether a loss needs an output for each class even where there are two."""
    return on_labels(loss) or isinstance(loss, (KullbackLeibler, SoftmaxKullbackLeibler))
