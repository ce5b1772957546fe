"""glassnet train: from a table to a model, its figures and its pictures."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from glassnet.callbacks import Callback, Checkpoint, EarlyStopping, Progress
from glassnet.cli import options as o
from glassnet.cli import report
from glassnet.cli.build import build_loss, build_network, build_optimizer
from glassnet.cli.data import Source, read_source, with_target
from glassnet.cli.errors import INTERRUPTED, Told
from glassnet.cli.folder import RunFolder
from glassnet.cli.html_report import write_page
from glassnet.cli.interrupt import CtrlC
from glassnet.cli.prepare import Prepared, column_facts, prepare, target_facts
from glassnet.cli.screen import Screen, counted, error_line
from glassnet.cli.settings import Settings, parse_hidden, parse_names
from glassnet.errors import HyperparameterError
from glassnet.tabular import TabularModel
from glassnet.training import History

__all__ = ["train"]

CHECKPOINT_SECONDS = 10.0
"""Between two checkpoints, with --resume."""


def train(
    data: o.Data,
    target: o.Target = None,
    task: o.Task = "auto",
    drop: o.Drop = None,
    max_categories: o.MaxCategories = 100,
    validation: o.Validation = 0.2,
    test: o.Test = 0.2,
    hidden: o.Hidden = None,
    activation: o.ActivationName = "relu",
    dropout: o.DropoutRate = None,
    batchnorm: o.BatchNormFlag = False,
    loss: o.LossName = "auto",
    label_smoothing: o.LabelSmoothing = 0.0,
    class_weight: o.ClassWeight = "none",
    optimizer: o.OptimizerName = "adam",
    learning_rate: o.LearningRate = None,
    schedule: o.ScheduleName = "constant",
    weight_decay: o.WeightDecay = None,
    clip_norm: o.ClipNorm = None,
    epochs: o.Epochs = None,
    batch_size: o.BatchSize = None,
    patience: o.Patience = None,
    seed: o.Seed = 0,
    out: o.Out = None,
    force: o.Force = False,
    resume: o.Resume = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Train a network on a table."""
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
        loss=loss,
        label_smoothing=label_smoothing,
        class_weight=class_weight,
        optimizer=optimizer,
        learning_rate=learning_rate,
        schedule=schedule,
        weight_decay=weight_decay,
        clip_norm=clip_norm,
        epochs=epochs,
        batch_size=batch_size,
        patience=patience,
        validation=validation,
        test=test,
        seed=seed,
    )
    screen = Screen(quiet=quiet, verbose=verbose)
    if resume and out is None:
        raise HyperparameterError("--resume needs --out: the checkpoint is kept beside that folder.")
    source = read_source(data)
    folder = RunFolder(out, source.name, force=force)
    with CtrlC() as interrupt:
        run = _run(settings, source, screen, interrupt, folder.checkpoint if resume else None)
        _keep(run, folder, screen)
        if resume and not run.interrupted:
            folder.drop_checkpoint()
    return Told(INTERRUPTED) if run.interrupted else 0


def _keep(run: _Run, folder: RunFolder, screen: Screen) -> None:
    """Measure and write what the training came to, and tell it."""
    figures = report.measure_parts(run.model, run.prepared)
    screen.say()
    screen.results(figures, title="Results" + ("" if run.prepared.target.is_classification else _UNITS))
    screen.say(run.ending)
    run.model.training = _summary(run, figures)
    report.without_screen()
    place = folder.write(lambda work: _fill(work, run, figures))
    screen.say()
    screen.places(
        [
            ("Picture", place / "learning_curve.png"),
            ("", place / run.picture),
            ("Model", place / "model.safetensors"),
            ("Report", place / "report.html"),
        ]
    )
    if run.interrupted:
        kept = "the model" if run.best_epoch is None else "the best model"
        error_line("Interrupted", f"{kept} so far is kept in {place}.")
        if folder.checkpoint.exists():
            error_line("Resume", "the same command with --resume and --force goes on with the training.")


_UNITS = " (loss of the standardised target, the rest in its own unit)"


@dataclass
class _Run:
    """A finished training."""

    settings: Settings
    source: Source
    prepared: Prepared
    model: TabularModel
    history: History
    best_epoch: int | None
    """Counted from 1; None if all epochs count alike, for nothing validates."""
    interrupted: bool
    seconds: float

    @property
    def picture(self) -> str:
        return "confusion_matrix.png" if self.prepared.target.is_classification else "predicted_vs_true.png"

    @property
    def ending(self) -> str:
        """A sentence on which weights were kept, and why training ended."""
        n = self.history.n_epochs
        kept = (
            f"The weights are those of the last epoch, {n}."
            if self.best_epoch is None
            else f"The weights are those of the best epoch, {self.best_epoch} of {n}."
        )
        return f"{kept} Trained in {self.seconds:.1f} s."


def _run(
    settings: Settings, source: Source, screen: Screen, interrupt: CtrlC, checkpoint: Path | None
) -> _Run:
    chosen_last = source.values is None and settings.target is None
    source = with_target(source, settings.target, settings.drop)
    prepared = prepare(source, settings)
    settings = settings.for_rows(len(prepared.train))
    if source.target and source.task == "auto":
        settings = replace(settings, target=source.target)
    loss = build_loss(settings, prepared.target)
    network = build_network(settings, prepared.target)
    optimizer = build_optimizer(settings, len(prepared.train))
    network.build(prepared.train.X.shape[1])
    _tell(screen, source, prepared, settings, chosen_last)
    screen.say()
    screen.plain(network.summary())
    screen.say()

    held_out = prepared.parts.get("validation")
    stopping = None
    if held_out is not None:
        stopping = EarlyStopping(patience=settings.patience or settings.epochs or 1)
    keeping = None
    if checkpoint is not None:
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
        keeping = Checkpoint(checkpoint, every_seconds=CHECKPOINT_SECONDS)
        if checkpoint.exists():
            screen.say(f"Going on from {checkpoint}.")
    callbacks: list[Callback | None] = [stopping, _progress(screen), interrupt, keeping]
    started = time.perf_counter()
    history = network.fit(
        prepared.train.X,
        prepared.train.y,
        loss=loss,
        optimizer=optimizer,
        epochs=settings.epochs or 1,
        batch_size=settings.batch_size,
        class_weight=None if settings.class_weight == "none" else settings.class_weight,
        validation_data=None if held_out is None else (held_out.X, held_out.y),
        metrics=["accuracy" if prepared.target.is_classification else "r2"],
        callbacks=[callback for callback in callbacks if callback is not None],
        resume=checkpoint,
    )
    model = TabularModel(
        network,
        prepared.target,
        encoder=prepared.encoder,
        feature_names=prepared.feature_names if prepared.encoder is None else None,
        loss=loss,
    )
    best = None if stopping is None or stopping.best_epoch is None else stopping.best_epoch + 1
    seconds = time.perf_counter() - started
    return _Run(settings, source, prepared, model, history, best, interrupt.asked, seconds)


def _progress(screen: Screen) -> Callback | None:
    if screen.quiet:
        return None
    return Progress("lines") if screen.verbose else Progress(console=screen.console)


def _tell(screen: Screen, source: Source, prepared: Prepared, settings: Settings, chosen_last: bool) -> None:
    by = " by class" if prepared.target.is_classification else ""
    sizes = ", ".join(f"{len(part):,} {name}" for name, part in prepared.parts.items())
    published = "; the published test part" if source.test is not None and settings.test else ""
    rate = "" if settings.learning_rate is None else f", learning rate {settings.learning_rate:g}"
    if settings.schedule != "constant":
        rate += f" ({settings.schedule})"
    decay = f", weight decay {settings.weight_decay:g}" if settings.weight_decay else ""
    batch = f", batches of {settings.batch_size}" if settings.batch_size else ""
    epochs = counted(settings.epochs or 1, "epoch")
    patience = f", patience {settings.patience}" if settings.patience else ""
    target = target_facts(prepared.target, prepared.counts)
    note = " (the last column; --target chooses another)" if chosen_last else ""
    screen.facts(
        [
            ("Data", source.about),
            ("Rows", f"{prepared.n_rows:,}: {sizes} (split{by}, seed {settings.seed}{published})"),
            ("Columns", column_facts(prepared.encoder, prepared.feature_names)),
            ("Target", target + note),
            (
                "Training",
                f"{settings.optimizer}{rate}{decay}{batch}, {epochs} at most{patience}",
            ),
        ]
    )


def _summary(run: _Run, figures: dict[str, tuple[int, dict[str, float]]]) -> dict[str, Any]:
    """Return what the model file says of its training: no times, so that equal runs give equal files."""
    return {
        "data": {
            "name": run.source.name,
            "fingerprint": run.source.fingerprint,
            "rows": run.prepared.n_rows,
            "parts": {name: len(part) for name, part in run.prepared.parts.items()},
        },
        "settings": run.settings.to_dict(),
        "command": run.settings.command(),
        "results": {name: report.finite(values) for name, (_, values) in figures.items()},
        "epochs": run.history.n_epochs,
        "best_epoch": run.best_epoch,
        "stop_reason": run.history.stop_reason,
        "interrupted": run.interrupted,
    }


def _fill(work: Path, run: _Run, figures: dict[str, tuple[int, dict[str, float]]]) -> dict[str, Any]:
    from glassnet import plots

    classes = run.prepared.target.is_classification
    run.model.save(work / "model.safetensors")
    run.history.write_csv(work / "history.csv")
    curve = plots.learning_curve(
        run.history,
        "accuracy" if classes else "r2",
        learning_rate=run.settings.schedule != "constant",
        title=report.plain(f"{run.source.name}: {run.settings.optimizer}"),
    )
    report.save_and_close(curve, work / "learning_curve.png")
    report.save_prediction_plot(run.model, run.prepared, work, run.source.name)
    target = run.prepared.target
    what: dict[str, Any] = {"name": target.name, "task": "classification" if classes else "regression"}
    if classes:
        what["classes"] = dict(zip(map(str, target.classes), run.prepared.counts, strict=True))
    else:
        what |= {"training_mean": target.mean, "training_std": target.std}
    summary = _summary(run, figures)
    told = {
        "command": summary.pop("command"),
        "created": report.now(),
        "seconds": round(run.seconds, 3),
        "versions": report.versions(),
        **summary,
        "target": what,
        "columns": report.columns_of(run.model),
        "parameters": int(run.model.network.parameters.values.size),
    }
    write_page(work / "report.html", told, run.model, run.history, run.prepared)
    return told
