"""glassnet compare: the same network, from the same start, on the same batches, by several optimisers."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from glassnet.callbacks import Callback, Progress
from glassnet.cli import options as o
from glassnet.cli import report
from glassnet.cli.build import build_loss, build_network, build_optimizer
from glassnet.cli.data import Source, read_source, with_target
from glassnet.cli.errors import INTERRUPTED, Told
from glassnet.cli.folder import RunFolder
from glassnet.cli.interrupt import CtrlC
from glassnet.cli.prepare import Prepared, column_facts, prepare, target_facts
from glassnet.cli.screen import Screen, error_line, figure
from glassnet.cli.settings import Settings, parse_hidden, parse_names
from glassnet.errors import DataError, HyperparameterError, NonFiniteError
from glassnet.training import History

__all__ = ["compare"]

OPTIMIZERS = "sgd,momentum,nesterov,adagrad,rmsprop,adam,nadam"
EPOCHS = 20
_HEADERS = {"last_loss": "last loss", "best_epoch": "best epoch"}


def compare(
    data: o.Data,
    optimizers: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Optimisers, each with its own learning rate, or with one after a colon: sgd:0.1,adam.",
            rich_help_panel=o.TRAINING,
        ),
    ] = OPTIMIZERS,
    target: o.Target = None,
    task: o.Task = "auto",
    drop: o.Drop = None,
    max_categories: o.MaxCategories = 100,
    validation: o.Validation = 0.2,
    hidden: o.Hidden = None,
    activation: o.ActivationName = "relu",
    dropout: Annotated[
        float, typer.Option(metavar="RATE", help="Share of units off.", rich_help_panel=o.NETWORK)
    ] = 0.0,
    batchnorm: o.BatchNormFlag = False,
    schedule: o.ScheduleName = "constant",
    weight_decay: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Decoupled decay, for all.",
            show_default="each optimiser's own",
            rich_help_panel=o.TRAINING,
        ),
    ] = None,
    epochs: Annotated[
        int, typer.Option(metavar="N", help="Passes over the data.", rich_help_panel=o.TRAINING)
    ] = EPOCHS,
    batch_size: o.BatchSize = None,
    seed: o.Seed = 0,
    out: o.Out = None,
    force: o.Force = False,
    quiet: o.Quiet = False,
) -> int:
    """Compare optimisers on a table: same split, same first weights, same batches.

    Prints a table and writes it (comparison.csv), every epoch of each (histories.csv) and a figure
    (comparison.png). No test part is set aside: the figures are of the validation part.
    """
    settings = Settings(
        data=data,
        target=target,
        task=task,
        drop=parse_names(drop),
        max_categories=max_categories,
        hidden=parse_hidden(hidden),
        activation=activation,
        dropout=dropout,
        batchnorm=batchnorm,
        schedule=schedule,
        weight_decay=weight_decay,
        epochs=epochs,
        batch_size=batch_size,
        validation=validation,
        test=0.0,
        seed=seed,
    )
    variants = _variants(settings, optimizers)
    screen = Screen(quiet=quiet)
    source = read_source(data)
    folder = RunFolder(out, f"{source.name}-optimizers", force=force)
    source = replace(with_target(source, target, settings.drop), test=None)
    prepared = prepare(source, settings)
    _tell(screen, source, prepared, settings)
    runs: dict[str, _Outcome] = {}
    with CtrlC() as interrupt:
        for name, variant in variants.items():
            if interrupt.asked:
                break
            screen.say(f"\n{name}", "bold")
            runs[name] = _train(variant, prepared, screen, interrupt)
        if not any(run.history.n_epochs for run in runs.values()):
            raise DataError("No optimiser finished an epoch, so there is nothing to compare.")
        report.without_screen()
        place = folder.write(lambda work: _fill(work, source, prepared, settings, optimizers, runs))
        header, rows, best = _rows(runs, prepared)
        screen.say()
        if not quiet:
            screen.table(
                header, rows, bold=best, title=f"{source.name}: the training's last loss, and its best epoch"
            )
        screen.say()
        screen.places(
            [
                ("Picture", place / "comparison.png"),
                ("Table", place / "comparison.csv"),
                ("", place / "histories.csv"),
            ]
        )
        if interrupt.asked:
            error_line("Interrupted", f"what was finished is kept in {place}.")
    return Told(INTERRUPTED) if interrupt.asked else 0


@dataclass
class _Outcome:
    """How one optimiser fared."""

    settings: Settings
    rate: float
    history: History
    seconds: float
    failure: str = ""


def _variants(settings: Settings, optimizers: str) -> dict[str, Settings]:
    variants: dict[str, Settings] = {}
    seen: dict[tuple[str, float | None], str] = {}
    for text in filter(None, map(str.strip, optimizers.split(","))):
        name, colon, rate = text.partition(":")
        try:
            chosen = float(rate) if colon else None
        except ValueError:
            raise HyperparameterError(
                f"Option --optimizers: {text!r} needs a number after the colon."
            ) from None
        variant = replace(settings, optimizer=name.strip(), learning_rate=chosen)
        same = variant.optimizer, variant.for_rows(1).learning_rate
        if same in seen:
            raise HyperparameterError(
                f"Option --optimizers names the same training twice: {seen[same]} and {text}. "
                f"Leave one out, or give each its own learning rate: {same[0]}:0.01,{same[0]}:0.1."
            )
        seen[same] = text
        variants[text] = variant
    if not variants:
        raise HyperparameterError("Option --optimizers needs at least one name.")
    return variants


class _Watch(Callback):
    """Keeps the history in reach, also when the training fails."""

    def __init__(self) -> None:
        self.history = History()

    def on_fit_start(self, training: Any) -> None:
        self.history = training.history


def _train(settings: Settings, prepared: Prepared, screen: Screen, interrupt: CtrlC) -> _Outcome:
    # Filled in by the data's size where neither the user nor the optimiser says anything.
    filled = settings.for_rows(len(prepared.train))
    settings = replace(filled, weight_decay=settings.weight_decay)
    network = build_network(settings, prepared.target)  # the same seed: the same weights and batches
    optimizer = build_optimizer(settings, len(prepared.train))
    held_out = prepared.parts.get("validation")
    watch = _Watch()
    callbacks: list[Callback] = [watch, interrupt]
    if not screen.quiet and screen.console.is_terminal:
        callbacks.insert(0, Progress(console=screen.console))
    started, failure = time.perf_counter(), ""
    try:
        network.fit(
            prepared.train.X,
            prepared.train.y,
            loss=build_loss(settings, prepared.target),
            optimizer=optimizer,
            epochs=settings.epochs or EPOCHS,
            batch_size=settings.batch_size,
            validation_data=None if held_out is None else (held_out.X, held_out.y),
            metrics=[_metric(prepared)],
            callbacks=callbacks,
        )
    except NonFiniteError as error:
        failure = f"diverged in epoch {watch.history.n_epochs + 1}"
        error_line("Warning", f"{settings.optimizer} {failure}: {error}", "yellow")
    rate = settings.learning_rate or 0.0
    outcome = _Outcome(settings, rate, watch.history, time.perf_counter() - started, failure)
    if not screen.console.is_terminal and not failure:
        told = (f"{k.replace('_', ' ')} {_shown(k, v)}" for k, v in _figures(outcome, prepared).items())
        screen.say(f"  {', '.join(told)}")
    return outcome


def _metric(prepared: Prepared) -> str:
    return "accuracy" if prepared.target.is_classification else "r2"


def _figures(run: _Outcome, prepared: Prepared) -> dict[str, float | None]:
    """Return the loss at the end, and the figures of the epoch of the lowest (validation) loss."""
    history = run.history
    if not history.n_epochs:
        return {}
    watched = "val_loss" if "val_loss" in history else "loss"
    best = min(range(history.n_epochs), key=lambda i: history[watched][i])
    names = [watched, watched.replace("loss", _metric(prepared))]
    figures: dict[str, float | None] = {"last_loss": history["loss"][-1], "best_epoch": best + 1}
    return figures | {f"best_{name}": history[name][best] for name in names}


def _shown(name: str, value: float | None) -> str:
    return str(value or "-") if name == "best_epoch" else figure(value)


def _rows(runs: Mapping[str, _Outcome], prepared: Prepared) -> tuple[list[str], list[list[str]], int | None]:
    """Return the printed table and which of its rows is the best."""
    told = [_figures(run, prepared) for run in runs.values()]
    names = _longest(told)
    header = ["optimizer", "rate", *(_HEADERS.get(n, n.removeprefix("best_")) for n in names), "s"]
    rows = []
    for (name, run), figures in zip(runs.items(), told, strict=True):
        cells = [_shown(n, figures.get(n)) for n in names]
        shown = f"{name} ({run.failure})" if run.failure else name
        rate = f"{run.rate:g}" if run.rate else "-"
        rows.append([shown, rate, *cells, f"{run.seconds:.1f}"])
    scored = [(float(f[names[2]] or 0.0), i) for i, f in enumerate(told) if f]
    return header, rows, min(scored)[1] if scored else None


def _fill(
    work: Path,
    source: Source,
    prepared: Prepared,
    settings: Settings,
    optimizers: str,
    runs: Mapping[str, _Outcome],
) -> dict[str, Any]:
    from glassnet import plots

    finished = {name: run.history for name, run in runs.items() if run.history.n_epochs}
    told = {name: _figures(run, prepared) for name, run in runs.items()}
    names = _longest(told.values())
    with open(work / "comparison.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["optimizer", "learning_rate", *names, "epochs", "seconds", "failure"])
        for name, run in runs.items():
            cells = [told[name].get(n, "") for n in names]
            writer.writerow([name, run.rate or "", *cells, run.history.n_epochs, run.seconds, run.failure])
    columns = list(next(iter(finished.values())))
    with open(work / "histories.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["optimizer", "epoch", *columns])
        for name, history in finished.items():
            for i in range(history.n_epochs):
                writer.writerow([name, i + 1, *(history.row(i).get(c, "") for c in columns)])
    watched = "val_loss" if "val_loss" in columns else "loss"
    ax = plots.optimizer_comparison(
        finished, watched, log_scale=True, title=f"{source.name}: {watched} by optimiser (its last value)"
    )
    report.save_and_close(ax, work / "comparison.png")
    return {
        "created": report.now(),
        "versions": report.versions(),
        "data": {"name": source.name, "fingerprint": source.fingerprint, "rows": prepared.n_rows},
        "parts": {name: len(part) for name, part in prepared.parts.items()},
        "optimizers": optimizers,
        "settings": {name: run.settings.to_dict() for name, run in runs.items()},
        "results": {name: _plain(f) for name, f in told.items()},
    }


def _longest(told: Iterable[Mapping[str, float | None]]) -> list[str]:
    """Return the names of the figures; an optimiser that failed at once has none."""
    return max((list(figures) for figures in told), key=len)


def _plain(figures: Mapping[str, float | None]) -> dict[str, float | None]:
    return {k: v if v is not None and math.isfinite(v) else None for k, v in figures.items()}


def _tell(screen: Screen, source: Source, prepared: Prepared, settings: Settings) -> None:
    sizes = ", ".join(f"{len(part):,} {name}" for name, part in prepared.parts.items())
    screen.facts(
        [
            ("Data", source.about),
            ("Rows", f"{prepared.n_rows:,}: {sizes} (seed {settings.seed})"),
            ("Columns", column_facts(prepared.encoder, prepared.feature_names)),
            ("Target", target_facts(prepared.target, prepared.counts)),
        ]
    )
