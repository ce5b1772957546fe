"""Hyperparameters: dataclass fields whose ranges are data, checked once, at construction.

A class that derives from :class:`Hyperparameters` and declares its fields with
:func:`hyperparameter` gets three things: clear errors for values out of range, names
turned into objects (``activation="relu"``), and a JSON-able :meth:`~Hyperparameters.config`
that :func:`glassnet.registry.from_config` turns back into an equal object.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

import numpy as np

from glassnet.errors import HyperparameterError, unknown_name

__all__ = ["Hyperparameters", "Interval", "Rule", "hyperparameter"]


@dataclass(frozen=True)
class Interval:
    """A range of numbers. `closed` says which ends belong to it: left, right, both or neither."""

    low: float = -math.inf
    high: float = math.inf
    closed: str = "both"
    integer: bool = False

    def __contains__(self, value: float) -> bool:
        above = value >= self.low if self.closed in ("left", "both") else value > self.low
        below = value <= self.high if self.closed in ("right", "both") else value < self.high
        return above and below and math.isfinite(value)

    def __str__(self) -> str:
        left = "[" if self.closed in ("left", "both") and math.isfinite(self.low) else "("
        right = "]" if self.closed in ("right", "both") and math.isfinite(self.high) else ")"
        return f"{left}{self.low:g}, {self.high:g}{right}"


@dataclass(frozen=True)
class Rule:
    """What one hyperparameter may be; tests read it to generate bad values."""

    interval: Interval | None = None
    choices: tuple[str, ...] | None = None
    kind: str | None = None
    """A kind of registered object ("activation", ...): a name or an object is accepted."""
    flag: bool = False
    many: bool = False
    """A sequence, every item of which obeys the rest of the rule."""
    optional: bool = False
    """None is accepted."""

    def check(self, owner: str, name: str, value: Any) -> Any:
        """Return `value` as plain Python data or object, or raise HyperparameterError."""
        label = f"{owner} {name}"
        if value is None and self.optional:
            return None
        if self.many:
            if isinstance(value, str) or not isinstance(value, Sequence):
                raise HyperparameterError(f"{label} must be a list, got {value!r}.")
            one = Rule(self.interval, self.choices, self.kind, self.flag)
            return tuple(one.check(owner, f"{name}[{i}]", item) for i, item in enumerate(value))
        if self.flag:
            if not isinstance(value, (bool, np.bool_)):
                raise HyperparameterError(f"{label} must be True or False, got {value!r}.")
            return bool(value)
        is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if self.interval is not None and is_number:
            return self._check_number(label, value)
        if self.kind is not None:
            from glassnet.registry import resolve  # registry imports the classes that use this module

            return resolve(self.kind, value, label)
        if self.choices is not None:
            if not isinstance(value, str):
                raise HyperparameterError(f"{label} must be one of {', '.join(self.choices)}; got {value!r}.")
            if value not in self.choices:
                raise unknown_name(label, value, self.choices)
            return value
        if self.interval is None:
            return value
        what = "an integer" if self.interval.integer else "a number"
        raise HyperparameterError(f"{label} must be {what} in {self.interval}, got {value!r}.")

    def _check_number(self, label: str, value: Any) -> int | float:
        interval = self.interval
        if interval is None:
            return float(value)
        try:
            number: int | float = float(value)
        except OverflowError:
            raise HyperparameterError(f"{label} must lie in {interval}, got a number beyond 1e308.") from None
        if interval.integer:
            if not math.isfinite(number) or int(value) != value:
                raise HyperparameterError(f"{label} must be an integer in {interval}, got {value!r}.")
            number = int(value)
        if number not in interval:
            raise HyperparameterError(f"{label} must lie in {interval}, got {value!r}.")
        return number


def hyperparameter(
    default: Any = MISSING,
    *,
    interval: Interval | None = None,
    choices: Sequence[str] | None = None,
    kind: str | None = None,
    flag: bool = False,
    many: bool = False,
    optional: bool = False,
    positional: bool = False,
) -> Any:
    """Declare a dataclass field with its rule. Keyword-only unless `positional`."""
    rule = Rule(interval, tuple(choices) if choices else None, kind, flag, many, optional)
    return field(default=default, kw_only=not positional, metadata={"rule": rule})


@dataclass(frozen=True)
class Hyperparameters:
    """Base of layers, activations, losses, optimisers, schedules and initialisers."""

    def __post_init__(self) -> None:
        for f in fields(self):
            rule = f.metadata.get("rule")
            if rule is not None:
                value = rule.check(type(self).__name__, f.name, getattr(self, f.name))
                object.__setattr__(self, f.name, value)

    def config(self) -> dict[str, Any]:
        """Return a JSON-able description: the class name and every hyperparameter.

        >>> from glassnet.registry import from_config
        >>> import glassnet as gn
        >>> from_config("activation", gn.LeakyReLU(0.2).config()) == gn.LeakyReLU(0.2)
        True
        """
        described: dict[str, Any] = {"class": type(self).__name__}
        for f in fields(self):
            if f.init:
                described[f.name] = _plain(getattr(self, f.name))
        return described


def _plain(value: Any) -> Any:
    if isinstance(value, Hyperparameters):
        return value.config()
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value


def rules_of(cls: type[Hyperparameters]) -> dict[str, tuple[Field[Any], Rule]]:
    """Return every declared hyperparameter of a class with its field and rule."""
    return {f.name: (f, f.metadata["rule"]) for f in fields(cls) if "rule" in f.metadata}
