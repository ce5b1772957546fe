"""What fit does before the loop: check everything, split, weigh."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.callbacks.base import Callback
from glassnet.errors import DataError, GlassnetError, HyperparameterError
from glassnet.hyperparameters import Interval, Rule
from glassnet.layers import Dropout, Layer, Residual
from glassnet.losses import Loss
from glassnet.optimizers import Optimizer
from glassnet.optimizers.lbfgs import LBFGS
from glassnet.registry import resolve
from glassnet.training.batches import Batches, Data
from glassnet.training.evaluation import Objective, checked_data, checked_metrics
from glassnet.training.history import History
from glassnet.training.loop import Training

if TYPE_CHECKING:
    from glassnet.network import Network

__all__ = ["train"]

_COUNT = Rule(Interval(1, math.inf, "left", integer=True))
_FRACTION = Rule(Interval(0, 1, "left"))


def train(
    network: Network,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    loss: Loss | str,
    optimizer: Optimizer | str,
    epochs: int,
    batch_size: int | None,
    sample_weight: npt.ArrayLike | None,
    class_weight: Mapping[int, float] | str | None,
    validation_data: Sequence[npt.ArrayLike] | None,
    validation_fraction: float,
    metrics: Sequence[Any],
    callbacks: Sequence[Callback],
    shuffle: bool,
) -> History:
    """Do what :meth:`glassnet.Network.fit` says."""
    chosen: Optimizer = resolve("optimizer", optimizer)
    epochs = _COUNT.check("fit", "epochs", epochs)
    validation_fraction = _FRACTION.check("fit", "validation_fraction", validation_fraction)
    measured = checked_metrics(metrics)
    _check_callbacks(callbacks)
    if validation_data is not None and validation_fraction:
        raise HyperparameterError("Give fit either validation_data or validation_fraction, not both.")
    objective = Objective(network, loss)
    data = checked_data(network, objective, X, y, sample_weight)
    data = Data(data.X, data.targets, _with_class_weight(data, class_weight, network.dtype))
    rows: AnyArray | None = None
    validation: tuple[Data, AnyArray | None] | None = None
    if validation_data is not None:
        validation = _given_validation(network, objective, validation_data), None
    elif validation_fraction:
        rows, held_out = _split(len(data), validation_fraction, network.generators["shuffling"])
        validation = data, held_out
    n_rows = len(data) if rows is None else len(rows)
    if isinstance(chosen, LBFGS):
        if any(map(_is_random, network.layers)):
            raise HyperparameterError(
                "L-BFGS needs the same loss at every call: it cannot train with Dropout."
            )
        batch_size = None
    size = n_rows if batch_size is None else _COUNT.check("fit", "batch_size", batch_size)
    if not network.claim_training():
        raise GlassnetError("This network is being trained by another thread; train a copy of it instead.")
    try:
        return Training(
            network,
            objective,
            chosen,
            Batches(data, rows, size, network.dtype),
            epochs=epochs,
            validation=validation,
            metrics=measured,
            callbacks=callbacks,
            shuffle=bool(shuffle),
        ).run()
    finally:
        network.release_training()


def _check_callbacks(callbacks: Sequence[Callback]) -> None:
    if isinstance(callbacks, Callback):
        raise HyperparameterError(f"fit callbacks must be a list, write [{type(callbacks).__name__}(...)].")
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise HyperparameterError(f"fit callbacks must be Callback objects, got {callback!r}.")


def _given_validation(network: Network, objective: Objective, given: Sequence[npt.ArrayLike]) -> Data:
    if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
        raise HyperparameterError("fit validation_data must be (X, y) or (X, y, sample_weight).")
    weight = given[2] if len(given) == 3 else None
    return checked_data(network, objective, given[0], given[1], weight, "validation ")


def _split(n: int, fraction: float, generator: np.random.Generator) -> tuple[AnyArray, AnyArray]:
    held = max(1, round(n * fraction))
    if held >= n:
        raise DataError(f"validation_fraction={fraction} of {n} rows leaves nothing to train on.")
    order = generator.permutation(n)
    return np.sort(order[held:]), np.sort(order[:held])


def _with_class_weight(
    data: Data, class_weight: Mapping[int, float] | str | None, dtype: npt.DTypeLike
) -> Array | None:
    if class_weight is None:
        return data.weights
    labels = data.targets[:, 0] if data.targets.ndim == 2 and data.targets.shape[1] == 1 else data.targets
    if labels.ndim != 1 or (labels.dtype.kind == "f" and not np.isin(labels, (0, 1)).all()):
        raise HyperparameterError("fit class_weight needs one integer label per row.")
    present, where, counts = np.unique(labels.astype(np.int64), return_inverse=True, return_counts=True)
    if class_weight == "balanced":
        factors = len(labels) / (len(present) * counts)
    elif isinstance(class_weight, Mapping):
        missing = [int(label) for label in present if label not in class_weight]
        if missing:
            raise HyperparameterError(f"fit class_weight lacks the labels {missing}.")
        factors = np.array([class_weight[int(label)] for label in present], float)
        if not (np.isfinite(factors).all() and (factors >= 0).all() and factors.any()):
            raise HyperparameterError(
                f"fit class_weight must be numbers of at least 0, got {class_weight!r}."
            )
    else:
        raise HyperparameterError(f"fit class_weight must be a dict or 'balanced', got {class_weight!r}.")
    weights: Array = factors[where].astype(dtype)
    return weights if data.weights is None else weights * data.weights


def _is_random(layer: Layer) -> bool:
    if isinstance(layer, Residual):
        return any(map(_is_random, layer.layers))
    return isinstance(layer, Dropout) and layer.rate > 0
