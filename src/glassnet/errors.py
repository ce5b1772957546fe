"""The errors glassnet raises; each is also the built-in error a caller would expect."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "DataError",
    "FileFormatError",
    "GlassnetError",
    "GradientError",
    "HyperparameterError",
    "MissingDependencyError",
    "NonFiniteError",
    "NotBuiltError",
    "ShapeError",
    "unknown_name",
]


class GlassnetError(Exception):
    """Base of every error that glassnet raises on purpose."""


class HyperparameterError(GlassnetError, ValueError):
    """A hyperparameter outside its range, of the wrong type, or an unknown name."""


class ShapeError(GlassnetError, ValueError):
    """An array whose shape does not fit the network or its companion array."""


class DataError(GlassnetError, ValueError):
    """Data that cannot be used: empty, not finite, of the wrong kind, unreadable."""


class NotBuiltError(GlassnetError, RuntimeError):
    """Something was asked of a network whose parameters do not exist yet."""


class NonFiniteError(GlassnetError, ArithmeticError):
    """Training left the finite range; the message names epoch, step and layer."""


class GradientError(GlassnetError, RuntimeError):
    """A layer or loss broke the rules of the backward pass; the message names it."""


class FileFormatError(GlassnetError, ValueError):
    """A file that is damaged, foreign, or of a newer format than this glassnet reads."""


class MissingDependencyError(GlassnetError, ImportError):
    """An optional package is needed and missing; the message says how to install it."""


def unknown_name(kind: str, name: str, choices: Iterable[str]) -> HyperparameterError:
    """Return the error for an unknown name: it lists the choices and the nearest one.

    >>> print(unknown_name("activation", "rellu", ["relu", "tanh"]))
    Unknown activation 'rellu'. Did you mean 'relu'? Choose from: relu, tanh.
    """
    names = sorted(choices)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return HyperparameterError(f"Unknown {kind} {name!r}.{hint} Choose from: {', '.join(names)}.")
