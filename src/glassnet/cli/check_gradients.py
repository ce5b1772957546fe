"""glassnet check-gradients: a model's own gradients against central differences."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import typer

from glassnet.cli import options as o
from glassnet.cli.data import is_built_in, read_source, with_target
from glassnet.inspection import check_gradients as check
from glassnet.tabular import TabularModel

__all__ = ["check_gradients"]


def check_gradients(
    model: o.Model,
    data: o.Data,
    rows: Annotated[int, typer.Option(min=1, max=10_000, help="Rows to check with, drawn at random.")] = 32,
    tolerance: Annotated[float, typer.Option(min=1e-12, help="Largest relative error that passes.")] = 1e-6,
    elements: Annotated[int, typer.Option(min=1, help="Elements compared per parameter, at most.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Draws the rows and the elements.")] = 0,
) -> None:
    """Compare every gradient of a model with central differences, in float64.

    Exit code 0 if they agree, 1 if they do not.
    """
    loaded = TabularModel.load(model)
    source = with_target(read_source(data), None if is_built_in(data) else loaded.target.name)
    drawn = np.random.default_rng(seed).permutation(len(source))[:rows]
    X = loaded.features(source.rows(drawn))
    y = loaded.target.encode(source.targets(drawn))
    report = check(
        loaded.network,
        X,
        y,
        loaded.loss,
        tolerance=tolerance,
        max_per_parameter=elements,
        seed=seed,
    )
    typer.echo(str(report))
    if not report:
        raise typer.Exit(1)
