"""From names in a set-up to the library's objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from glassnet.errors import HyperparameterError, unknown_name
from glassnet.hyperparameters import Hyperparameters, rules_of
from glassnet.initializers import Initializer
from glassnet.layers import Activation, BatchNorm, Dense, Dropout, Layer
from glassnet.optimizers import BY_NAME as OPTIMIZERS
from glassnet.optimizers import Optimizer
from glassnet.playground.controls import ControlError, control
from glassnet.registry import resolve, table

__all__ = [
    "LOSSES",
    "OPTIMIZER_NAMES",
    "LossChoice",
    "initializer",
    "layers_of",
    "learning_optimizer",
    "loss_for",
]


@dataclass(frozen=True)
class LossChoice:
    """A loss as the page offers it: what it is for, and how the network before it ends."""

    title: str
    task: str
    """"classes", "binary" (two of them, one output) or "values"."""
    activation: str = "linear"


LOSSES = {
    "softmax_cross_entropy": LossChoice("Cross-entropy of logits", "classes"),
    "categorical_cross_entropy": LossChoice("Cross-entropy of probabilities", "classes", "softmax"),
    "sigmoid_cross_entropy": LossChoice("Binary cross-entropy of logits", "binary"),
    "binary_cross_entropy": LossChoice("Binary cross-entropy of probabilities", "binary", "sigmoid"),
    "mse": LossChoice("Mean squared error", "values"),
    "mae": LossChoice("Mean absolute error", "values"),
    "huber": LossChoice("Huber", "values"),
    "quantile": LossChoice("Quantile, the median", "values"),
}
"""The losses that fit one label or one value a row; the first of its task is the default."""

OPTIMIZER_NAMES = tuple(name for name in OPTIMIZERS if name != "lbfgs")
"""The optimisers that go step by step; L-BFGS has no minibatch to stop after."""


def loss_for(name: str | None, n_classes: int | None) -> str:
    """Return the loss's name, or the default for the data; None classes are values.

    Raises:
        ControlError: a loss that does not fit the data.
    """
    if name is None:
        return "mse" if n_classes is None else "softmax_cross_entropy"
    task = LOSSES[name].task
    fits = n_classes is None if task == "values" else n_classes == 2 if task == "binary" else n_classes
    if not fits:
        data = "values" if n_classes is None else f"{n_classes} classes"
        meant = {"values": "values", "binary": "two classes", "classes": "classes"}[task]
        raise ControlError(f"The loss {name} is for {meant}, but the data have {data}.", "loss")
    return name


def initializer(name: Any) -> Initializer | None:
    """Return the initialiser of a name; None stays None, which follows the activation."""
    if name is None:
        return None
    if not isinstance(name, str):
        raise HyperparameterError(f"An initialiser is chosen by its name, got {name!r:.60}.")
    chosen: Initializer = resolve("initializer", name)
    return chosen


def layers_of(setup: Mapping[str, Any], n_outputs: int, output_activation: str) -> list[Layer]:
    """Return the layers of a complete set-up, the output layer included.

    With batch normalisation a hidden layer is Dense, BatchNorm, Activation; else Dense alone; then
    Dropout, if any. The output layer draws its weights as the last hidden layer was told to.
    """
    penalties = {"l1": setup["l1"], "l2": setup["l2"]}
    layers: list[Layer] = []
    named = None
    for one in setup["layers"]:
        activation, named = resolve("activation", one["activation"]), initializer(one["initializer"])
        if one["batch_norm"]:
            drawn = named or resolve("initializer", activation.initializer)
            layers += [
                Dense(one["units"], initializer=drawn, **penalties),
                BatchNorm(),
                Activation(activation),
            ]
        else:
            layers.append(Dense(one["units"], activation=activation, initializer=named, **penalties))
        if one["dropout"]:
            layers.append(Dropout(one["dropout"]))
    ending = resolve("activation", output_activation)
    return [*layers, Dense(n_outputs, activation=ending, initializer=named, **penalties)]


def learning_optimizer(given: Any, schedule: Any, place: str) -> Optimizer:
    """Return the optimiser of a set-up with its learning-rate schedule.

    Args:
        given: {"name": ..., hyperparameter: value, ...}.
        schedule: {"name": ..., hyperparameter: value, ...}; its first one is the learning rate.
        place: of the optimiser in the set-up, for errors.
    """
    name, options = _named(given, place)
    with control(f"{place}.name"):
        if name not in OPTIMIZER_NAMES:
            raise unknown_name("optimizer", name, OPTIMIZER_NAMES)
    cls = OPTIMIZERS[name]
    rate = options.get("learning_rate", rules_of(cls)["learning_rate"][0].default)
    plan, plan_options = _named(schedule, "schedule")
    with control("schedule.name"):
        schedules = table("schedule")[1]
        if plan not in schedules:
            raise unknown_name("schedule", plan, schedules)
    made = _made(cls, {**options, "learning_rate": rate}, place)
    if plan == "constant":
        optimizer: Optimizer = made
        return optimizer
    first = fields(schedules[plan])[0].name
    rates = _made(schedules[plan], {**plan_options, first: float(rate)}, "schedule")
    optimizer = _made(cls, {**options, "learning_rate": rates}, place)
    return optimizer


def _named(given: Any, place: str) -> tuple[str, dict[str, Any]]:
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        raise ControlError(f"{place} must be an object with a name, got {given!r:.60}.", place)
    return given["name"], {key: value for key, value in given.items() if key != "name"}


def _made(cls: type[Hyperparameters], options: Mapping[str, Any], place: str) -> Any:
    """Return the object, with errors at the control of the hyperparameter in question."""
    rules = rules_of(cls)
    for key, value in options.items():
        with control(f"{place}.{key[:40]}"):
            if key not in rules:
                raise HyperparameterError(f"{cls.__name__} has no {key!r:.40}; it has: {', '.join(rules)}.")
            if not isinstance(value, (bool, int, float, Hyperparameters, type(None))):
                raise HyperparameterError(f"{cls.__name__} {key} must be a number, got {value!r:.60}.")
            rules[key][1].check(cls.__name__, key, value)
    with control(place):
        try:
            return cls(**options)
        except TypeError:
            lacking = [f.name for f in fields(cls) if f.name not in options and "MISSING" in repr(f.default)]
            raise HyperparameterError(f"{cls.__name__} needs {', '.join(lacking)}.") from None
