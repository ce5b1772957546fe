"""glassnet summary: what is in a model file."""

from __future__ import annotations

from typing import Any

from glassnet.cli import options as o
from glassnet.cli.prepare import column_facts, target_facts
from glassnet.cli.screen import Screen, figure
from glassnet.files import read_model
from glassnet.tabular import TabularModel

__all__ = ["summary"]


def summary(model: o.Model) -> None:
    """Show what a model file holds: layers, columns, target, how it was trained."""
    screen = Screen()
    network, sections = read_model(model)
    if "tabular" not in sections:
        screen.plain(network.summary())
        screen.say()
        screen.say("The file holds a network alone; predict with it in Python, by glassnet.load.")
        return
    loaded = TabularModel.load(model)
    training = loaded.training
    facts = [
        ("Columns", column_facts(loaded.encoder, loaded.feature_names)),
        ("Target", target_facts(loaded.target, _counts(loaded))),
    ]
    data = training.get("data")
    if isinstance(data, dict):
        facts.append(("Trained on", f"{data.get('name')}, {data.get('rows')} rows"))
    if "epochs" in training:
        best = training.get("best_epoch")
        facts.append(("Epochs", f"{training['epochs']}" + (f", the best is {best}" if best else "")))
    for part, figures in _results(training):
        told = ", ".join(f"{name} {figure(value)}" for name, value in figures.items())
        facts.append((part.capitalize(), told))
    screen.plain(network.summary())
    screen.say()
    screen.facts(facts)
    if "command" in training:
        screen.say()
        screen.plain(str(training["command"]))


def _counts(model: TabularModel) -> tuple[int, ...]:
    return model.target.counts if model.target.is_classification else ()


def _results(training: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    results = training.get("results")
    if not isinstance(results, dict):
        return []
    return [(name, figures) for name, figures in results.items() if isinstance(figures, dict)]
