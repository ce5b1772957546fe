"""Losses: each gives its value and its gradient together.

On numbers: :class:`MeanSquaredError`, :class:`MeanAbsoluteError`, :class:`Huber`, :class:`Quantile`;
counts: :class:`Poisson`; one class out of several: :class:`SoftmaxCrossEntropy` (logits),
:class:`CategoricalCrossEntropy` (probabilities); yes or no: :class:`SigmoidCrossEntropy` (logits),
:class:`BinaryCrossEntropy` (probabilities); distributions: :class:`SoftmaxKullbackLeibler`
(logits), :class:`KullbackLeibler` (probabilities).
"""

from glassnet.losses.base import Loss
from glassnet.losses.binary import BinaryCrossEntropy
from glassnet.losses.categorical import CategoricalCrossEntropy
from glassnet.losses.kullback_leibler import KullbackLeibler, SoftmaxKullbackLeibler
from glassnet.losses.poisson import Poisson
from glassnet.losses.quantile import Quantile
from glassnet.losses.regression import Huber, MeanAbsoluteError, MeanSquaredError
from glassnet.losses.sigmoid import SigmoidCrossEntropy
from glassnet.losses.softmax import SoftmaxCrossEntropy

__all__ = [
    "BY_NAME",
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "Huber",
    "KullbackLeibler",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Poisson",
    "Quantile",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
    "SoftmaxKullbackLeibler",
]

BY_NAME: dict[str, type[Loss]] = {
    "mse": MeanSquaredError,
    "mean_squared_error": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "mean_absolute_error": MeanAbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
    "binary_cross_entropy": BinaryCrossEntropy,
    "categorical_cross_entropy": CategoricalCrossEntropy,
    "sigmoid_cross_entropy": SigmoidCrossEntropy,
    "softmax_cross_entropy": SoftmaxCrossEntropy,
    "kullback_leibler": KullbackLeibler,
    "softmax_kullback_leibler": SoftmaxKullbackLeibler,
}
