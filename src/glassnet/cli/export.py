"""glassnet export: a model for other programs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli import options as o
from glassnet.cli.screen import Screen
from glassnet.errors import DataError
from glassnet.export.onnx import input_kind, to_onnx
from glassnet.network import Network
from glassnet.predict_only import load
from glassnet.tabular import TabularModel
from glassnet.tabular.view import listed

__all__ = ["export"]


def export(
    model: o.Model,
    onnx: Annotated[str, typer.Option("--onnx", metavar="FILE", help="The ONNX file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only where the result is.")] = False,
) -> None:
    """Write a model as an ONNX file, which onnxruntime and other programs run.

    The input X are the table's columns where all of them are numbers or booleans; where there are
    categories or dates, X are the encoded features. The output Y are probabilities, or the value in its
    own unit. The file's metadata name the columns and the classes.
    """
    path = Path(onnx)
    _refuse(path, force, model)
    loaded = load(model)
    to_onnx(loaded, path)
    screen = Screen(quiet=quiet)
    screen.say(_told(loaded))
    screen.places([("Written", path)])


def _told(model: Network | TabularModel) -> str:
    if isinstance(model, Network):
        return f"X are the network's {model.n_features} features, Y its {model.n_outputs} outputs."
    if input_kind(model) == "encoded":
        what = f"the {len(model.feature_names)} encoded features, for the table has categories or dates"
    else:
        what = f"the table's columns: {listed(model.columns)}"
    given = "probabilities" if model.target.is_classification else "values"
    return f"X are {what}. Y are the {given} of {model.target.name!r}."


def _refuse(path: Path, force: bool, model: str) -> None:
    """Raise DataError if FILE may not be written: it is a folder, has none, or is there already."""
    if path.is_dir():
        raise DataError(f"{path} is a folder; give --onnx a file.")
    if not path.parent.is_dir():
        raise DataError(f"There is no folder {path.parent} to write {path.name} into.")
    if not path.exists():
        return
    if os.path.exists(model) and os.path.samefile(path, model):
        raise DataError(f"{path} is what is read; give --onnx another file.")
    if not force:
        raise DataError(f"{path} exists already. Choose another file with --onnx, or give --force.")
