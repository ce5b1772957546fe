"""glassnet evaluate: how right a model is on rows whose target is known."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from glassnet.cli import options as o
from glassnet.cli.data import Source, read_source, with_target
from glassnet.cli.prepare import split_source
from glassnet.cli.screen import Screen, error_line
from glassnet.cli.settings import Settings, parse_names
from glassnet.errors import DataError, GlassnetError, HyperparameterError
from glassnet.metrics import BY_NAME, Metric, resolve
from glassnet.tabular import TabularModel

__all__ = ["evaluate"]

PARTS = ("all", "train", "validation", "test")


def evaluate(
    model: o.Model,
    data: o.Data,
    part: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="all rows; or, of the data that the model was trained on: train, validation or test.",
        ),
    ] = "all",
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Metrics, glassnet's or scikit-learn's: accuracy,balanced_accuracy",
            show_default="accuracy, of two classes also f1 and roc_auc; of values r2,rmse,mae",
        ),
    ] = None,
) -> None:
    """Measure a model on rows whose target is known.

    Figures of rows that the model was trained on flatter it: `--part test` takes those alone that it
    never saw, if DATA is what it was trained on.
    """
    if part not in PARTS:
        raise typer.BadParameter(f"{part!r} is none of {', '.join(PARTS)}.", param_hint="--part")
    chosen = [_metric(name) for name in parse_names(metrics)] or None
    loaded = TabularModel.load(model)
    source = with_target(read_source(data), loaded.target.name if _is_file(data) else None)
    same = source.fingerprint == _trained_on(loaded)
    if part != "all":
        if not same:
            raise DataError(f"{data} is not what the model was trained on, so it has no {part} part.")
        source = _part(source, loaded, part)
    elif same:
        error_line("Warning", "the model was trained on some of these rows; see --part test.", "yellow")
    X = loaded.features(source.table)
    results = loaded.evaluate_encoded(X, loaded.target.encode(source.values), chosen)
    screen = Screen()
    unit = "" if loaded.target.is_classification else " (loss of the standardised target)"
    screen.results({part: (len(source), results)}, title=f"{source.name}: {loaded.target.name}{unit}")


def _metric(name: str) -> Metric:
    """Return the metric of a name; the error for an unknown one lists glassnet's own alone."""
    try:
        return resolve(name)
    except HyperparameterError as error:
        told, listing, _ = str(error).partition(" Choose from: ")
        if not listing:
            raise
        names = ", ".join(sorted(BY_NAME))
        raise HyperparameterError(f"{told}{listing}{names}, or any scikit-learn scorer.") from None


def _is_file(data: str) -> bool:
    from glassnet.cli.data import is_built_in

    return not is_built_in(data)


def _trained_on(model: TabularModel) -> Any:
    data = model.training.get("data")
    return data.get("fingerprint") if isinstance(data, dict) else None


def _part(source: Source, model: TabularModel, part: str) -> Source:
    """Return the part of the training's data, split as it was split then."""
    from dataclasses import replace

    kept = model.training.get("settings")
    if not isinstance(kept, dict):
        raise DataError("The model file does not say how its data was split.")
    try:
        settings = Settings(
            data=source.name,
            task=str(kept["task"]),
            validation=kept["validation"],
            test=kept["test"],
            seed=kept["seed"],
        )
    except (KeyError, GlassnetError) as error:
        raise DataError(f"The model file does not say how its data was split: {error}.") from None
    if part == "test" and source.test is not None and settings.test:
        return source.test
    split, _ = split_source(source, settings)
    rows = getattr(split, part)
    if not len(rows):
        raise DataError(f"The model's data was split without a {part} part.")
    return replace(source, table=source.rows(rows), values=source.targets(rows))
