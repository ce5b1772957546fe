"""Names and classes: the allow-list from which strings and configs become objects.

Each kind (activation, initializer, layer, loss, optimizer, schedule) has one module that
holds a table `BY_NAME` from its short names to its classes. Nothing outside these tables is
ever built from a file unless the caller passes the class in. A module may also hold a table
`ALIASES` from further names to functions that make an object of one of those classes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from importlib import import_module
from typing import Any

from glassnet.errors import HyperparameterError, unknown_name
from glassnet.hyperparameters import Hyperparameters

__all__ = ["KINDS", "factories", "from_config", "resolve", "table"]

KINDS = {
    "activation": ("glassnet.activations", "ActivationFunction"),
    "initializer": ("glassnet.initializers", "Initializer"),
    "layer": ("glassnet.layers", "Layer"),
    "loss": ("glassnet.losses", "Loss"),
    "optimizer": ("glassnet.optimizers", "Optimizer"),
    "schedule": ("glassnet.schedules", "Schedule"),
}
"""Kind -> (module that holds the table BY_NAME, name of the base class there)."""


@cache
def table(kind: str) -> tuple[type[Hyperparameters], Mapping[str, type[Hyperparameters]]]:
    """Return the base class of a kind and its table of short names."""
    module_name, base_name = KINDS[kind]
    module = import_module(module_name)
    return getattr(module, base_name), module.BY_NAME


def factories(kind: str) -> Mapping[str, Callable[[], Any]]:
    """Return what makes the object of each short name of a kind: a class, or what an alias names."""
    module = import_module(KINDS[kind][0])
    return {**module.BY_NAME, **getattr(module, "ALIASES", {})}


def resolve(kind: str, value: Any, label: str | None = None) -> Any:
    """Return the object that `value` names; an object of the kind is returned as it is.

    Raises HyperparameterError for an unknown name (it lists the choices), for a class
    without its parentheses, and for anything else.

    >>> resolve("activation", "relu")
    ReLU()
    """
    base, by_name = table(kind)
    known = factories(kind)
    label = label or kind
    if isinstance(value, base):
        return value
    if isinstance(value, str):
        if value not in known:
            raise unknown_name(kind, value, known)
        try:
            return known[value]()
        except TypeError as error:
            if value not in by_name:
                raise
            name = by_name[value].__name__
            raise HyperparameterError(
                f"{label} {value!r} has hyperparameters without a default; pass the object, {name}(...)."
            ) from error
    if inspect.isclass(value) and issubclass(value, base):
        raise HyperparameterError(f"{label} must be an object: write {value.__name__}(), with parentheses.")
    article = "an" if base.__name__[0] in "AEIOU" else "a"
    raise HyperparameterError(
        f"{label} must be {article} {base.__name__} or one of {', '.join(sorted(known))}; got {value!r}."
    )


def from_config(kind: str, config: Any, custom: Mapping[str, type[Any]] | None = None) -> Any:
    """Rebuild an object from what its ``config()`` returned.

    Args:
        kind: one of :data:`KINDS`.
        config: a mapping with "class" and the hyperparameters.
        custom: classes of the caller's own, by name, allowed beside glassnet's.

    Raises:
        HyperparameterError: an unknown class or hyperparameter, or a value out of range.
    """
    base, by_name = table(kind)
    if not isinstance(config, Mapping) or not isinstance(config.get("class"), str):
        raise HyperparameterError(f"The config of {kind} must be a mapping with a 'class', got {config!r}.")
    allowed = {cls.__name__: cls for cls in by_name.values()}
    allowed.update({name: cls for name, cls in (custom or {}).items() if issubclass(cls, base)})
    name = config["class"]
    if name not in allowed:
        raise HyperparameterError(
            f"Unknown {kind} class {name!r}; if it is your own, pass custom={{{name!r}: {name}}}. "
            f"Known: {', '.join(sorted(allowed))}."
        )
    cls = allowed[name]
    known = {f.name: f for f in fields(cls) if f.init}
    arguments: dict[str, Any] = {}
    for key, value in config.items():
        if key == "class":
            continue
        if key not in known:
            raise HyperparameterError(f"{name} has no hyperparameter {key!r}; it has: {', '.join(known)}.")
        rule = known[key].metadata.get("rule")
        nested = rule.kind if rule is not None else None
        arguments[key] = _nested(nested, value, custom) if nested else value
    try:
        return cls(**arguments)
    except TypeError as error:
        raise HyperparameterError(f"The config of {name} is incomplete: {error}.") from error


def _nested(kind: str, value: Any, custom: Mapping[str, type[Any]] | None) -> Any:
    if isinstance(value, Mapping):
        return from_config(kind, value, custom)
    if isinstance(value, list):
        return [_nested(kind, item, custom) for item in value]
    return value
