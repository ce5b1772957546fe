"""Evaluation: the loss and metrics of a network over whole data, in blocks."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.activations import ActivationFunction, Sigmoid, Softmax
from glassnet.checks import as_array, as_features, as_weights
from glassnet.errors import DataError, HyperparameterError, ShapeError
from glassnet.losses import Loss, SigmoidCrossEntropy, SoftmaxCrossEntropy
from glassnet.metrics import Metric
from glassnet.metrics import resolve as resolve_metric
from glassnet.passes import BLOCK, Pass
from glassnet.registry import resolve
from glassnet.training.batches import Batches, Data

if TYPE_CHECKING:
    from glassnet.network import Network

__all__ = ["Objective", "checked_data", "checked_metrics", "evaluate", "measure"]


# A loss on logits -> the activation it contains, and the loss for a network that ends in that.
_CONTAINS: dict[type[Loss], tuple[type[ActivationFunction], str]] = {
    SoftmaxCrossEntropy: (Softmax, "CategoricalCrossEntropy"),
    SigmoidCrossEntropy: (Sigmoid, "BinaryCrossEntropy"),
}


class Objective:
    """A loss as a network uses it: fused with the last activation where that is exact.

    Attributes:
        loss: the loss on what the pass returns.
        to_logits: whether the pass leaves out the last activation because the loss contains it.
    """

    def __init__(self, network: Network, loss: Loss | str) -> None:
        self.asked: Loss = resolve("loss", loss)
        activation = network.output_activation
        fused = None if activation is None else self.asked.fused_with(activation)
        self.loss = self.asked if fused is None else fused
        self.to_logits = fused is not None
        contained, instead = _CONTAINS.get(type(self.asked), (None, ""))
        if contained is not None and type(activation) is contained:
            name = contained.__name__.lower()
            warnings.warn(
                f"The network ends in {name}, and {type(self.asked).__name__} applies {name} once more. "
                f"Use {instead}, or a last layer without activation.",
                stacklevel=4,
            )


def checked_data(
    network: Network,
    objective: Objective,
    X: Any,
    y: Any,
    sample_weight: npt.ArrayLike | None,
    part: str = "",
) -> Data:
    """Return arrays that fit the network and the loss; nothing is changed.

    Raises ShapeError or DataError naming the array; `part` is put before its name.
    """
    features = as_features(X, network.n_features, f"{part}X", network.dtype)
    if len(features) == 0:
        raise DataError(f"{part}X has no rows.")
    targets = as_array(y, f"{part}y")
    if targets.ndim == 0 or len(targets) != len(features):
        found = "a single value" if targets.ndim == 0 else f"{len(targets)} rows"
        raise ShapeError(f"{part}X has {len(features)} rows but {part}y has {found}.")
    weights = as_weights(sample_weight, len(features), network.dtype)
    n_outputs = network.n_outputs or network.declare(features.shape[1]).n_outputs
    return Data(features, objective.loss.prepare(targets, n_outputs, network.dtype), weights)


def checked_metrics(metrics: Sequence[Any] | str | None) -> list[Metric]:
    """Return the metrics named; raises HyperparameterError for an unknown name or one given twice."""
    found = [resolve_metric(m) for m in ([metrics] if isinstance(metrics, str) else metrics or ())]
    names = [metric.name for metric in found]
    for name in names:
        if names.count(name) > 1 or name == "loss":
            raise HyperparameterError(
                f"metrics must have names of their own; {name!r} stands for two figures."
            )
    return found


def measure(
    network: Network,
    memory: Pass,
    objective: Objective,
    data: Data,
    rows: AnyArray | None,
    metrics: Sequence[Metric],
) -> dict[str, float]:
    """Return loss and metrics of already checked data in prediction mode."""
    batches = Batches(data, rows, BLOCK, network.dtype)
    total = total_weight = 0.0
    predictions: Array | None = None
    for batch in batches:
        outputs = memory.forward(batch.inputs, to_logits=objective.to_logits)
        value, _ = objective.loss.compute(outputs, batch.targets, batch.weights, memory.loss_buffers)
        weight = float(len(outputs) if batch.weights is None else batch.weights.sum(dtype=np.float64))
        if weight:
            total += value * weight
            total_weight += weight
        if metrics:
            predicted = objective.loss.predictions(outputs)
            if predictions is None:
                predictions = np.empty((batches.n_rows, *predicted.shape[1:]), predicted.dtype)
            predictions[batch.rows] = predicted
    results = {"loss": total / (total_weight or 1.0) + memory.penalize(add_gradient=False)}
    if predictions is not None:
        chosen = batches.order
        weights = None if data.weights is None else data.weights[chosen]
        for metric in metrics:
            results[metric.name] = float(metric(data.targets[chosen], predictions, weights))
    return results


def evaluate(
    network: Network,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    loss: Loss | str,
    metrics: Sequence[Any] = (),
    sample_weight: npt.ArrayLike | None = None,
) -> dict[str, float]:
    """Do what :meth:`glassnet.Network.evaluate` says."""
    network.require_built()  # random weights are not worth measuring
    objective = Objective(network, loss)
    data = checked_data(network, objective, X, y, sample_weight)
    return measure(network, network.new_pass(), objective, data, None, checked_metrics(metrics))
