"""What fit does before the loop: check everything, split, weigh."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray
from glassnet.callbacks.base import Callback
from glassnet.callbacks.checkpoint import Checkpoint
from glassnet.checks import as_path
from glassnet.errors import DataError, GlassnetError, HyperparameterError
from glassnet.files.checkpoint import previous_of
from glassnet.hyperparameters import Interval, Rule
from glassnet.layers import Dense, Dropout
from glassnet.losses import Loss
from glassnet.optimizers import Optimizer
from glassnet.optimizers.lbfgs import LBFGS
from glassnet.registry import resolve
from glassnet.training.batches import Batches, Data
from glassnet.training.evaluation import Objective, checked_data, checked_metrics
from glassnet.training.history import History
from glassnet.training.loop import Training
from glassnet.training.weights import with_class_weight

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
    resume: str | PathLike[str] | None,
) -> History:
    """Do what :meth:`glassnet.Network.fit` says."""
    chosen: Optimizer = resolve("optimizer", optimizer)
    callbacks = _checked_callbacks(callbacks)
    epochs = _COUNT.check("fit", "epochs", epochs)
    validation_fraction = _FRACTION.check("fit", "validation_fraction", validation_fraction)
    measured = checked_metrics(metrics)
    if validation_data is not None and validation_fraction:
        raise HyperparameterError("Give fit either validation_data or validation_fraction, not both.")
    objective = Objective(network, loss)
    data = checked_data(network, objective, X, y, sample_weight)
    rows: AnyArray | None = None
    validation: tuple[Data, AnyArray | None] | None = None
    if validation_data is not None:
        validation = _given_validation(network, objective, validation_data), None
    elif validation_fraction:
        rows, held_out = _split(len(data), validation_fraction, network.splitting_generator())
        validation = data, held_out
    weighted = with_class_weight(data, class_weight, network.dtype)
    _check_weights(weighted, rows, validation)
    n_rows = len(data) if rows is None else len(rows)
    if isinstance(chosen, LBFGS):
        _check_full_batch(network, data.X.shape[1])
        batch_size = None
    size = n_rows if batch_size is None else _COUNT.check("fit", "batch_size", batch_size)
    checkpoint = _checkpoint(resume, callbacks)
    claim, claims = object(), network.training_claims
    try:
        if claims.setdefault("training", claim) is not claim:
            raise GlassnetError(
                "This network is being trained by another thread; train a copy of it instead."
            )
        network.build(data.X.shape[1])
        training = Training(
            network,
            objective,
            chosen,
            Batches(weighted, rows, size, network.dtype),
            epochs=epochs,
            validation=validation,
            metrics=measured,
            callbacks=callbacks,
            shuffle=bool(shuffle),
        )
        training.resume_from = checkpoint
        return training.run()
    finally:
        if "training" in claims and claims["training"] is claim:
            del claims["training"]


def _checked_callbacks(callbacks: Sequence[Callback] | None) -> Sequence[Callback]:
    if callbacks is None:
        return ()
    if isinstance(callbacks, Callback):
        raise HyperparameterError(f"fit callbacks must be a list, write [{type(callbacks).__name__}(...)].")
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise HyperparameterError(f"fit callbacks must be Callback objects, got {callback!r}.")
    return callbacks


def _checkpoint(resume: str | PathLike[str] | None, callbacks: Sequence[Callback]) -> Path | None:
    """Return the checkpoint to go on from; None if there is none yet and this fit is to write it."""
    if resume is None:
        return None
    path = as_path("fit resume", resume)
    if path.exists() or previous_of(path).exists():
        return path
    written = [as_path("Checkpoint path", c.path) for c in callbacks if isinstance(c, Checkpoint)]
    if os.path.abspath(path) in map(os.path.abspath, written):
        return None
    raise FileNotFoundError(
        f"There is no checkpoint {path} to resume from. For a run that starts afresh where there is none, "
        f"add callbacks=[gn.Checkpoint({str(path)!r})]."
    )


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


def _check_weights(
    data: Data, rows: AnyArray | None, validation: tuple[Data, AnyArray | None] | None
) -> None:
    parts = {"training": (data.loss_weights, rows)}
    if validation is not None:
        parts["validation"] = (validation[0].weights, validation[1])
    for part, (weights, chosen) in parts.items():
        if weights is not None and not (weights if chosen is None else weights[chosen]).any():
            raise DataError(f"The weights of the {part} rows are all zero: there is nothing to measure.")


def _check_full_batch(network: Network, n_features: int) -> None:
    for scope in network.declare(n_features).walk():
        layer = scope.layer
        if isinstance(layer, Dropout) and layer.rate > 0:
            raise HyperparameterError(
                "L-BFGS needs the same loss at every call: it cannot train with Dropout."
            )
        if isinstance(layer, Dense) and layer.max_norm is not None:
            raise HyperparameterError(f"L-BFGS knows no constraints: {scope.name} must have max_norm=None.")
