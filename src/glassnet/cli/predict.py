"""glassnet predict: what a model says of new rows."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any

import typer

from glassnet.cli import options as o
from glassnet.cli.data import read_source, table_column
from glassnet.cli.folder import refuse_existing
from glassnet.cli.screen import Screen, counted
from glassnet.cli.settings import parse_names
from glassnet.files import write_atomically
from glassnet.tabular import TabularModel

__all__ = ["predict"]


def predict(
    model: o.Model,
    data: o.Data,
    out: Annotated[str, typer.Option(metavar="FILE", help="The CSV file to write.")] = "predictions.csv",
    keep: Annotated[
        str | None,
        typer.Option(metavar="COLUMNS", help="Columns of DATA to write before the predictions: id,name"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only where the results are.")] = False,
) -> None:
    """Predict the rows of a table, in their order.

    FILE gets a column `prediction`: the class, or the value in its own unit. For classes, a column
    `probability_NAME` for each follows. DATA needs the columns that the model was trained on; others
    are ignored, and so is the target.
    """
    path = Path(out)
    refuse_existing(path, force, model, data)
    loaded = TabularModel.load(model)
    source = read_source(data)
    kept = {name: table_column(source, name) for name in parse_names(keep)}
    features = loaded.features(source.table)
    outputs = loaded.network.predict(features)
    columns: dict[str, Any] = {**kept, "prediction": loaded.decode(outputs).tolist()}
    if not loaded.target.is_classification:
        columns["prediction"] = [f"{value:.7g}" for value in columns["prediction"]]
    if loaded.target.is_classification:
        probabilities = loaded.probabilities(outputs)
        for i, name in enumerate(loaded.target.classes):
            columns[f"probability_{name}"] = [f"{p:.6g}" for p in probabilities[:, i]]

    def write(place: Path) -> None:
        with open(place, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))

    write_atomically(path, write)
    screen = Screen(quiet=quiet)
    screen.say(f"{counted(len(outputs), 'prediction')} of {loaded.target.name!r}")
    screen.places([("Written", path)])
