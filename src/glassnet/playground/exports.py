"""Exports: the script that repeats a run, the model file, the ONNX file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from glassnet.errors import HyperparameterError
from glassnet.files import save_network
from glassnet.playground.desk import Desk
from glassnet.playground.script import script
from glassnet.tabular import TabularModel

__all__ = ["KINDS", "exported"]

KINDS = {
    "script": ("playground.py", "text/x-python; charset=utf-8"),
    "model": ("playground.safetensors", "application/octet-stream"),
    "onnx": ("playground.onnx", "application/octet-stream"),
}
"""Kind -> file name and content type."""


def exported(desk: Desk, kind: str) -> tuple[bytes, str]:
    """Return the content and the name of a file.

    Raises:
        HyperparameterError: an unknown kind.
        MissingDependencyError: the onnx package is missing.
    """
    if kind not in KINDS:
        raise HyperparameterError(f"Export kind must be one of {', '.join(KINDS)}, got {kind!r:.40}.")
    name = KINDS[kind][0]
    if kind == "script":
        return script(desk).encode(), name
    network, problem = desk.run.network, desk.problem
    with tempfile.TemporaryDirectory(prefix="glassnet") as folder:
        path = Path(folder, name)
        whole = None
        if problem.encoder is not None and problem.target is not None and problem.plane is None:
            whole = TabularModel(network, problem.target, encoder=problem.encoder, loss=desk.run.loss)
        if kind == "model":
            save_network(network, path) if whole is None else whole.save(path)
        else:
            from glassnet.export import to_onnx

            to_onnx(network if whole is None else whole, path)
        return path.read_bytes(), name
