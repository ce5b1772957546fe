"""Resuming: the whole state of a training, taken out and put back bit for bit.

What is kept: parameters and running statistics, the optimiser's arrays, step count and scalars, the
plateau factor of the learning rate, every random generator, the place in the epoch and the generator
that shuffled it, the sums of the epoch's loss and metrics so far, the history, and what callbacks
remember (best weights, patience). A run that goes on from it ends as if it had never been broken.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet._typing import AnyArray
from glassnet.callbacks.base import Callback
from glassnet.errors import FileFormatError, HyperparameterError

if TYPE_CHECKING:
    from glassnet.training.batches import Data
    from glassnet.training.loop import Training

__all__ = ["capture", "restore", "settings_of"]


def settings_of(training: Training) -> dict[str, Any]:
    """Return what must be the same for a resumed run to end like an unbroken one."""
    validation = training.validation
    return {
        "network": training.network.config(),
        "loss": training.objective.asked.config(),
        "optimizer": training.optimizer.config(),
        "batch_size": training.batches.batch_size,
        "shuffle": training.shuffle,
        "metrics": [metric.name for metric in training.metrics],
        "callbacks": [_described(callback) for callback in _remembering(training)],
        "training data": _fingerprint(training.batches.data, training.batches.rows),
        "validation data": None if validation is None else _fingerprint(*validation),
    }


def capture(training: Training, settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    """Return the state as a JSON-able document and named arrays."""
    parameters, state = training.network.parameters, training.optimizer_state
    arrays: dict[str, AnyArray] = {
        "values": parameters.values,
        "statistics": parameters.statistics.flat,
        **{f"slot.{name}": slot for name, slot in state.slots.items()},
        **{f"history.{name}": np.array(column) for name, column in training.history.items()},
    }
    if training.predictions is not None:
        arrays["predictions"] = training.predictions
    remembered = []
    for i, callback in enumerate(_remembering(training)):
        kept = callback.state()
        for name in [name for name, value in kept.items() if isinstance(value, np.ndarray)]:
            arrays[f"callback.{i}.{name}"] = kept.pop(name)
        remembered.append({name: _told(value) for name, value in kept.items()})
    document = {
        "settings": settings,
        "epoch": training.epoch,
        "batch": training.batch,
        "loss_sum": _told(training.loss_sum),
        "weight_sum": _told(training.weight_sum),
        "step": state.step,
        "learning_rate_factor": _told(state.learning_rate_factor),
        "scalars": {name: _told(value) for name, value in state.scalars.items()},
        "generators": {name: _state_of(generator) for name, generator in training.network.generators.items()},
        "shuffled_from": training.shuffled_from,
        "history": list(training.history),
        "stop_reason": training.history.stop_reason,
        "callbacks": remembered,
    }
    return document, arrays


def restore(
    training: Training, document: dict[str, Any], arrays: dict[str, AnyArray], settings: dict[str, Any]
) -> None:
    """Put a captured state back into a training that has the same settings.

    Raises:
        HyperparameterError: another network, loss, optimiser, data, ...; says which.
        FileFormatError: the checkpoint lacks something.
    """
    _require_same(document.get("settings", {}), settings)
    reached = document.get("epoch", 0), document.get("batch", 0)
    if reached > (training.epochs, 0):
        raise HyperparameterError(
            f"fit resume: the checkpoint is in epoch {reached[0] + 1} already; epochs must be at least that, "
            f"got {training.epochs}."
        )
    parameters, state = training.network.parameters, training.optimizer_state
    try:
        parameters.values = arrays["values"]
        parameters.statistics.flat[...] = arrays["statistics"]
        for name, slot in state.slots.items():
            slot[...] = arrays[f"slot.{name}"]
        training.predictions = None if "predictions" not in arrays else arrays["predictions"].copy()
        state.step, state.learning_rate_factor = document["step"], _heard(document["learning_rate_factor"])
        state.scalars.update({name: _heard(value) for name, value in document["scalars"].items()})
        training.epoch, training.batch = document["epoch"], document["batch"]
        training.loss_sum, training.weight_sum = _heard(document["loss_sum"]), _heard(document["weight_sum"])
        training.history.replace({name: arrays[f"history.{name}"].tolist() for name in document["history"]})
        training.history.stop_reason = document["stop_reason"]
        generators = training.network.generators
        if training.batch and document["shuffled_from"] is not None:
            _set_state(generators["shuffling"], document["shuffled_from"])
            training.shuffle_rows()  # the epoch's order again
        for name, generator in generators.items():
            _set_state(generator, document["generators"][name])
        for i, callback in enumerate(_remembering(training)):
            own = {name: _heard(value) for name, value in document["callbacks"][i].items()}
            prefix = f"callback.{i}."
            own |= {n.removeprefix(prefix): a.copy() for n, a in arrays.items() if n.startswith(prefix)}
            callback.restore(own)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise FileFormatError(f"The checkpoint lacks something: {error!r}.") from None


def _remembering(training: Training) -> list[Callback]:
    """Return the callbacks that carry something from epoch to epoch; a progress bar does not."""
    return [callback for callback in training.callbacks if type(callback).state is not Callback.state]


def _described(callback: Callback) -> dict[str, Any]:
    """Return a callback's class and the hyperparameters that it declares with a rule."""
    declared = getattr(callback, "__dataclass_fields__", {}).values()
    ruled = [f.name for f in declared if "rule" in f.metadata]
    return {"class": type(callback).__name__, **{name: getattr(callback, name) for name in ruled}}


def _require_same(stored: dict[str, Any], present: dict[str, Any]) -> None:
    for name, value in present.items():
        old = stored.get(name)
        if old == value:
            continue
        if isinstance(old, dict) and isinstance(value, dict):
            parts = [key for key in {**old, **value} if old.get(key) != value.get(key)]
            told = "; ".join(f"{key}: {old.get(key)!r} there, {value.get(key)!r} here" for key in parts)
            hint = f" Build it with seed={old['seed']}." if parts == ["seed"] else ""
            raise HyperparameterError(f"fit resume: the checkpoint has another {name} ({told}).{hint}")
        if name.endswith("data"):
            raise HyperparameterError(f"fit resume: the checkpoint was made with other {name}.")
        raise HyperparameterError(f"fit resume: {name} was {old!r} in the checkpoint and is {value!r} here.")


def _fingerprint(data: Data, rows: AnyArray | None) -> str:
    digest = hashlib.sha256()
    X = data.X
    parts = [X.data, X.indices, X.indptr] if hasattr(X, "indptr") else [X]
    for array in (*parts, data.targets, data.weights, data.loss_weights, rows):
        if array is None:
            digest.update(b"none")
            continue
        digest.update(f"{array.dtype.str} {array.shape}".encode())
        for start in range(0, len(array), 65_536):
            digest.update(np.ascontiguousarray(array[start : start + 65_536]).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _state_of(generator: np.random.Generator) -> dict[str, Any]:
    return dict(generator.bit_generator.state)


def _set_state(generator: np.random.Generator, state: dict[str, Any]) -> None:
    generator.bit_generator.state = state


def _told(value: Any) -> Any:
    """Return plain data for JSON: floats as exact text, which can also be NaN or infinite."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (list, tuple)):
        return [_told(item) for item in value]
    if isinstance(value, dict):
        return {name: _told(item) for name, item in value.items()}
    return {"float": value.hex()} if isinstance(value, float) else value


def _heard(value: Any) -> Any:
    if isinstance(value, list):
        return [_heard(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"float"}:
        return float.fromhex(value["float"])
    return {name: _heard(item) for name, item in value.items()}
