"""The catalogue: everything that the page can choose, made from what the library declares."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from glassnet._version import __version__
from glassnet.datasets import DESCRIPTIONS
from glassnet.datasets.generators import RULES as GENERATOR_RULES
from glassnet.hyperparameters import Hyperparameters, Rule, rules_of
from glassnet.optimizers import BY_NAME as OPTIMIZERS
from glassnet.playground.features import FEATURES
from glassnet.playground.parts import LOSSES, OPTIMIZER_NAMES
from glassnet.playground.setup import DATASETS, DEFAULTS, GENERATORS, LIMITS, RULES, UPLOAD
from glassnet.registry import table

__all__ = ["catalogue"]

_SHOWN = {"noise": (1.0, 0.01), "factor": (0.95, 0.05)}
"""How far a slider goes, and its step, where the declared range is far wider than what is of use."""
_SUGGESTED = {"steps": 1000, "every": 500, "factor": 0.5, "decay": 0.001}
"""For hyperparameters of schedules that have no default."""
_SUGGESTED_FOR = {("exponential", "decay"): 0.999}


def catalogue() -> dict[str, Any]:
    """Return the catalogue as JSON-able data: data, features, activations, initialisers, losses, ..."""
    return {
        "data": [_dataset(name) for name in DATASETS],
        "features": [{"name": name, "formula": feature[0]} for name, feature in FEATURES.items()],
        "activations": [
            {"name": name, "formula": getattr(cls, "formula", "")}
            for name, cls in table("activation")[1].items()
        ],
        "initializers": [{"name": name, "title": _title(cls)} for name, cls in _initializers().items()],
        "losses": [
            {"name": name, "title": loss.title, "for": loss.task, "output": loss.activation}
            for name, loss in LOSSES.items()
        ],
        "optimizers": [
            {
                "name": name,
                "title": OPTIMIZERS[name].__name__,
                "summary": _title(OPTIMIZERS[name]),
                "formula": _equations(OPTIMIZERS[name]),
                "parameters": _parameters(OPTIMIZERS[name]),
            }
            for name in OPTIMIZER_NAMES
        ],
        "schedules": [
            {"name": name, "formula": _equations(cls), "parameters": _parameters(cls, name)[1:]}
            for name, cls in table("schedule")[1].items()
        ],
        "rules": {name: _ruled(rule) for name, rule in RULES.items()},
        "defaults": DEFAULTS,
        "limits": LIMITS,
        "upload": UPLOAD,
        "version": __version__,
    }


def _dataset(name: str) -> dict[str, Any]:
    line = DESCRIPTIONS[name]
    place = "plane" if name in GENERATORS else "table"
    task = "classes" if line.task == "classification" else "values"
    parameters = []
    if name in GENERATORS:
        signature = inspect.signature(GENERATORS[name]).parameters
        n = {"name": "n", "default": line.rows, "low": 20, "high": 2000, "step": 10, "integer": True}
        parameters.append(n)
        for key, argument in signature.items():
            if key in ("seed", "n_per_class", "n_samples"):
                continue
            interval = GENERATOR_RULES[key].interval
            high, step = _SHOWN.get(key, (interval.high if interval else 1, 1))
            parameters.append(
                {
                    "name": "classes" if key == "n_classes" else key,
                    "default": argument.default,
                    "low": interval.low if interval else 0,
                    "high": high,
                    "step": step,
                    "integer": bool(interval and interval.integer),
                }
            )
    return {
        "name": name,
        "title": name.replace("_", " ").capitalize() if name != "xor" else "XOR",
        "summary": line.summary,
        "kind": f"{place}-{task}",
        "n_classes": line.classes,
        "parameters": parameters,
    }


def _initializers() -> dict[str, type[Hyperparameters]]:
    """Return the initialisers that need no further choice, each by its longest name."""
    found: dict[type[Hyperparameters], str] = {}
    for name, cls in table("initializer")[1].items():
        needs = any(f.default is MISSING and f.default_factory is MISSING for f in fields(cls))
        if not needs and len(name) > len(found.get(cls, "")):
            found[cls] = name
    return {name: cls for cls, name in found.items()}


def _parameters(cls: type[Hyperparameters], schedule: str = "") -> list[dict[str, Any]]:
    listed = []
    for name, (field, rule) in rules_of(cls).items():
        default = field.default
        if default is MISSING:
            default = _SUGGESTED_FOR.get((schedule, name), _SUGGESTED.get(name))
        listed.append({"name": name, "default": default, **_ruled(rule)})
    return listed


def _ruled(rule: Rule) -> dict[str, Any]:
    """Return a rule for a control: the ends of its range, None where it has none."""
    interval = rule.interval
    told: Mapping[str, Any] = {}
    if interval is not None:
        told = {
            "low": interval.low if math.isfinite(interval.low) else None,
            "high": interval.high if math.isfinite(interval.high) else None,
            "closed": interval.closed,
            "integer": interval.integer,
        }
    return {
        "low": None,
        "high": None,
        **told,
        "choices": list(rule.choices) if rule.choices else None,
        "flag": rule.flag,
        "optional": rule.optional,
    }


def _title(cls: type[Any]) -> str:
    line = (inspect.getdoc(cls) or "").partition("\n")[0].rstrip(".").partition("; see :")[0]
    return re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"\1", line)  # the name without its role


def _equations(cls: type[Any]) -> str:
    """Return the first indented block of a docstring: there stand the equations."""
    block: list[str] = []
    for line in (inspect.getdoc(cls) or "").split("\n"):
        if line.startswith("Args:"):
            break
        if line.startswith("    "):
            block.append(line[4:])
        elif block and line:
            break
    return "\n".join(block).strip() or _title(cls)
