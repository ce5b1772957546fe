"""Checks that callbacks make at construction and before the first step."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

from glassnet.errors import DataError, HyperparameterError

__all__ = ["as_path", "check_fields", "require_folder"]


def check_fields(callback: Any) -> None:
    """Check every field of a callback (a dataclass) by the rule declared with it.

    Raises:
        HyperparameterError: names the callback, the field, the rule and the value.
    """
    owner = type(callback).__name__
    for f in fields(callback):
        rule = f.metadata.get("rule")
        if rule is not None:
            setattr(callback, f.name, rule.check(owner, f.name, getattr(callback, f.name)))


def as_path(label: str, value: Any) -> Path:
    """Return `value` as a Path; HyperparameterError unless it can be one."""
    text = os.fsdecode(value) if isinstance(value, (str, os.PathLike)) else ""
    if not text or "\0" in text:
        raise HyperparameterError(f"{label} must be a path, got {value!r}.")
    return Path(text)


def require_folder(owner: str, path: Path) -> None:
    """Raise DataError unless the folder that `path` shall lie in is there, and `path` is no folder."""
    if os.path.isdir(path):
        raise DataError(f"{owner} cannot write {path}: it is a folder; give the name of a file.")
    if not os.path.isdir(path.parent):
        raise DataError(f"{owner} cannot write {path}: there is no folder {path.parent}; make it first.")
