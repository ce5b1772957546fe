"""The set-up: one JSON object that says all of a run, checked and completed.

Everything the page can choose is here; :func:`complete` fills in what is left out, and refuses what is
out of range with an error that names the control.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

from glassnet.datasets import DESCRIPTIONS
from glassnet.datasets.generators import CLASSIFICATIONS, REGRESSIONS
from glassnet.datasets.generators import RULES as GENERATOR_RULES
from glassnet.errors import HyperparameterError, unknown_name
from glassnet.hyperparameters import Interval, Rule
from glassnet.playground.controls import ControlError, control
from glassnet.playground.features import FEATURES
from glassnet.playground.parts import LOSSES, initializer, learning_optimizer
from glassnet.registry import resolve

__all__ = ["DATASETS", "DEFAULTS", "GENERATORS", "LIMITS", "RULES", "UPLOAD", "complete"]

LIMITS = {
    "layers": 12,
    "units": 512,
    "parameters": 2_000_000,
    "points": 20_000,
    "epochs": 100_000,
    "upload_bytes": 32 << 20,
    "upload_rows": 200_000,
    "upload_columns": 500,
    "sessions": 4,
}
"""What one set-up may ask for, and how much one server takes."""

GENERATORS = {**CLASSIFICATIONS, **REGRESSIONS}
UPLOAD = "upload"
DATASETS = tuple(name for name, line in DESCRIPTIONS.items() if line.source != "download")
"""The data sets that need no network, by name."""

DEFAULTS: dict[str, Any] = {
    "data": {
        "name": "spiral",
        "noise": 0.1,
        "n": 300,
        "classes": 3,
        "factor": 0.5,
        "upload": None,
        "target": None,
        "task": "auto",
    },
    "train_share": 0.8,
    "batch_size": 32,
    "features": ["x", "y"],
    "layers": [
        {"units": 16, "activation": "relu", "initializer": None, "batch_norm": False, "dropout": 0.0},
    ],
    "loss": None,
    "optimizer": {"name": "adam", "learning_rate": 0.01},
    "schedule": {"name": "constant"},
    "l1": 0.0,
    "l2": 0.0,
    "seed": 0,
    "data_seed": 0,
    "stop": {"epochs": None, "accuracy": None},
    "compare": None,
}
"""The set-up that an empty one stands for."""

_LAYER: dict[str, Any] = DEFAULTS["layers"][0]
_SEED = Rule(Interval(0, 2**53, integer=True))
_NOT_NEGATIVE = Rule(Interval(0, math.inf, "left"))

RULES: dict[str, Rule] = {
    "train_share": Rule(Interval(0.1, 1)),
    "batch_size": Rule(Interval(1, LIMITS["upload_rows"], integer=True)),
    "l1": _NOT_NEGATIVE,
    "l2": _NOT_NEGATIVE,
    "seed": _SEED,
    "data_seed": _SEED,
    "data.noise": GENERATOR_RULES["noise"],
    "data.n": Rule(Interval(4, LIMITS["points"], integer=True)),
    "data.classes": GENERATOR_RULES["n_classes"],
    "data.factor": GENERATOR_RULES["factor"],
    "data.task": Rule(choices=("auto", "classification", "regression")),
    "layers.units": Rule(Interval(1, LIMITS["units"], integer=True)),
    "layers.batch_norm": Rule(flag=True),
    "layers.dropout": Rule(Interval(0, 1, "left")),
    "stop.epochs": Rule(Interval(1, LIMITS["epochs"], integer=True), optional=True),
    "stop.accuracy": Rule(Interval(0, 1, "right"), optional=True),
}
"""The range of each plain value, by its place; the rest is ruled by the library's own classes."""


def complete(given: Any) -> dict[str, Any]:
    """Return the whole set-up that `given` stands for.

    Args:
        given: a JSON object with any of the keys of :data:`DEFAULTS`.

    Raises:
        ControlError: an unknown key or name, or a value out of range; says at which control.

    >>> complete({"layers": [{"units": 4}], "seed": 7})["layers"][0]["activation"]
    'relu'
    >>> complete({"layers": [{"units": 0}]})
    Traceback (most recent call last):
    glassnet.playground.controls.ControlError: Layer 1 units must lie in [1, 512], got 0.
    """
    whole = _filled(given, DEFAULTS, "")
    for key in ("train_share", "batch_size", "l1", "l2", "seed", "data_seed"):
        whole[key] = _checked(key, whole[key], key, "The set-up's")
    whole["data"] = _data(whole["data"])
    whole["features"] = _features(whole["features"])
    whole["layers"] = _layers(whole["layers"])
    whole["stop"] = _filled(whole["stop"] or {}, DEFAULTS["stop"], "stop")
    for key, value in whole["stop"].items():
        whole["stop"][key] = _checked(f"stop.{key}", value, f"stop.{key}", "Stop")
    with control("loss"):
        loss = whole["loss"]
        if loss is not None and (not isinstance(loss, str) or loss not in LOSSES):
            raise unknown_name("loss", f"{loss!s:.40}", LOSSES)
    learning_optimizer(whole["optimizer"], whole["schedule"], "optimizer")
    if whole["compare"] is not None:
        whole["compare"] = _filled(whole["compare"], {"optimizer": DEFAULTS["optimizer"]}, "compare")
        learning_optimizer(whole["compare"]["optimizer"], whole["schedule"], "compare.optimizer")
    return whole


def _data(given: Any) -> dict[str, Any]:
    data = _filled(given, DEFAULTS["data"], "data")
    name = data["name"]
    with control("data.name"):
        if not isinstance(name, str) or name not in (*DATASETS, UPLOAD):
            raise unknown_name("data set", str(name), (*DATASETS, UPLOAD))
    for key in ("noise", "n", "classes", "factor", "task"):
        default = DEFAULTS["data"][key]
        value = default if data[key] is None else data[key]
        data[key] = _checked(f"data.{key}", value, f"data.{key}", "Data")
    for key in ("upload", "target"):
        if data[key] is not None and not isinstance(data[key], str):
            raise ControlError(f"Data {key} must be a name, got {data[key]!r}.", f"data.{key}")
    if name == UPLOAD and data["upload"] is None:
        raise ControlError("Choose a file to upload first.", "data.upload")
    if name in CLASSIFICATIONS:
        arguments = inspect.signature(CLASSIFICATIONS[name]).parameters
        if "n_classes" not in arguments:
            data["classes"] = 2
        if data["n"] < 2 * data["classes"]:
            raise ControlError(
                f"Data n must be at least two points for each of {data['classes']} classes, got {data['n']}.",
                "data.n",
            )
    if name != "circles":
        del data["factor"]
    if name != UPLOAD:
        del data["task"]
        data["upload"] = data["target"] = None
    return data


def _features(given: Any) -> list[str]:
    with control("features"):
        if not isinstance(given, list) or not given:
            raise HyperparameterError(f"Features must name one at least: {', '.join(FEATURES)}.")
        for name in given:
            if not isinstance(name, str) or name not in FEATURES:
                raise unknown_name("feature", f"{name!s:.40}", FEATURES)
    return [name for name in FEATURES if name in given]


def _layers(given: Any) -> list[dict[str, Any]]:
    if not isinstance(given, list) or len(given) > LIMITS["layers"]:
        raise ControlError(f"There may be up to {LIMITS['layers']} hidden layers.", "layers")
    layers = []
    for i, one in enumerate(given):
        layer, place = _filled(one, _LAYER, f"layers.{i}"), f"layers.{i}"
        for key in ("units", "batch_norm", "dropout"):
            layer[key] = _checked(f"layers.{key}", layer[key], f"{place}.{key}", f"Layer {i + 1}")
        with control(f"{place}.activation"):
            if not isinstance(layer["activation"], str):
                raise HyperparameterError(f"Layer {i + 1} activation must be a name.")
            resolve("activation", layer["activation"])
        with control(f"{place}.initializer"):
            initializer(layer["initializer"])
        layers.append(layer)
    return layers


def _filled(given: Any, defaults: Mapping[str, Any], place: str) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise ControlError(f"{place or 'The set-up'} must be an object, got {given!r:.60}.", place)
    for key in given:
        if key not in defaults:
            where = f"{place}.{key}" if place else str(key)
            raise ControlError(f"The set-up has no {where!r:.80}; it has: {', '.join(defaults)}.", where[:80])
    return {key: given.get(key, default) for key, default in defaults.items()}


def _checked(rule: str, value: Any, place: str, owner: str) -> Any:
    with control(place):
        return RULES[rule].check(owner, place.rpartition(".")[2], value)
