"""Checks that callbacks make at construction and before the first step."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

from glassnet.errors import DataError

__all__ = ["check_fields", "require_folder"]


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


def require_folder(owner: str, path: Path) -> None:
    """Raise DataError unless the folder that `path` shall lie in is there, and `path` is no folder."""
    if os.path.isdir(path):
        raise DataError(f"{owner} cannot write {path}: it is a folder; give the name of a file.")
    if not os.path.isdir(path.parent):
        raise DataError(f"{owner} cannot write {path}: there is no folder {path.parent}; make it first.")
