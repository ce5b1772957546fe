"""The script that repeats a run with the same numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from glassnet._version import __version__
from glassnet.hyperparameters import Hyperparameters, rules_of
from glassnet.initializers import Initializer
from glassnet.playground.desk import Desk
from glassnet.playground.edits import Edit, Tuning
from glassnet.playground.features import FEATURES
from glassnet.playground.problem import generator_arguments
from glassnet.playground.setup import GENERATORS, UPLOAD
from glassnet.playground.tuning import timed
from glassnet.registry import table
from glassnet.schedules import Schedule

__all__ = ["script"]


def script(desk: Desk) -> str:
    """Return a Python program that trains as many epochs as the run has finished, to the same losses.

    A run that has not finished one is written down with its stop condition, or 100 epochs.
    """
    run = desk.run
    setup = {**desk.setup, **timed(desk.first_setup)}  # what was tuned since then is written out
    epochs = run.training.epoch or setup["stop"]["epochs"] or 100
    classes = desk.problem.classes is not None
    validation = "validation_data=(inputs[test], targets[test])," if len(desk.problem.test) else ""
    changes = _changes([edit for edit in run.edits if edit[:2] < (epochs, 0)])
    layers = "\n".join(f"        {_source(layer)}," for layer in run.network.layers)
    lines = [
        f'"""Made by the playground of glassnet {__version__}: repeats its run with the same numbers.',
        "",
        "Set-up: " + json.dumps(setup, ensure_ascii=True).replace("\\", "\\\\").replace('"""', ""),
        '"""',
        "",
        "import numpy as np",
        "",
        "import glassnet as gn",
        "",
        *_data(setup, desk),
        *changes,
        "net = gn.Network(",
        "    [",
        layers,
        "    ],",
        f"    seed={setup['seed']},",
        ")",
        "history = net.fit(",
        "    inputs[train],",
        "    targets[train],",
        f"    loss={_source(run.training.objective.asked)},",
        f"    optimizer={_source(run.first_optimizer)},",
        f"    epochs={epochs},",
        f"    batch_size={setup['batch_size']},",
        f"    {validation}",
        "    metrics=['accuracy'],".replace("'", '"') if classes else "",
        "    callbacks=[Changes()]," if changes else "",
        ")",
        "for epoch in range(history.n_epochs):",
        "    row = history.row(epoch)",
        '    shown = [f"{name} {row[name]!r}" for name in row if "second" not in name]',
        '    print(f"epoch {epoch + 1}: " + ", ".join(shown))',
        'net.save("playground.safetensors")',
    ]
    return "\n".join(line for line in lines if line.strip() or not line) + "\n"


def _data(setup: Mapping[str, Any], desk: Desk) -> list[str]:
    name = setup["data"]["name"]
    if name in GENERATORS:
        arguments = generator_arguments(setup["data"], setup["data_seed"])
        told = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        lines = [f"points, targets = gn.datasets.{name}({told})", *_split("points", setup)]
        return [*lines, *_features(setup)]
    if name != UPLOAD:
        lines = [f"data = gn.datasets.{name}()", *_split("data.X", setup), *_STANDARDISE]
        targets = "data.y" if desk.problem.classes is not None else "standardised(data.y)"
        return [*lines, "inputs = standardised(data.X)", f"targets = {targets}", ""]
    return _uploaded(setup, desk)


_STANDARDISE = [
    "",
    "",
    "def standardised(values):",
    "    mean, std = values[train].mean(axis=0), values[train].std(axis=0)",
    "    return ((values - mean) / np.where(std > 0, std, 1)).astype(np.float32)",
    "",
    "",
]


def _split(rows: str, setup: Mapping[str, Any]) -> list[str]:
    return [
        f"order = np.random.default_rng([{setup['data_seed']}, 1]).permutation(len({rows}))",
        f"n_train = max(1, round(len({rows}) * {setup['train_share']!r}))",
        "train, test = order[:n_train], order[n_train:]",
    ]


def _features(setup: Mapping[str, Any]) -> list[str]:
    made = ", ".join(FEATURES[name][1] for name in setup["features"])
    return ["x, y = points[:, 0], points[:, 1]", f"inputs = np.stack([{made}], axis=1)", ""]


def _uploaded(setup: Mapping[str, Any], desk: Desk) -> list[str]:
    target = desk.problem.target
    name = "" if target is None else target.name
    task = setup["data"]["task"]
    is_array = desk.is_npy
    lines = [
        "from glassnet.tabular import TabularEncoder, TargetEncoder",
        "from glassnet.tabular.columns import read_column, take_rows",
        "",
        f"FILE = {'uploaded.npy' if is_array else 'uploaded.csv'!r}  # the file that was uploaded",
        f"TARGET = {name!r}",
    ]
    if is_array:
        lines += [
            "array = np.load(FILE, allow_pickle=False)",
            'table = {f"column{i + 1}": column for i, column in enumerate(array.T)}',
        ]
    else:
        lines += ["table = gn.datasets.read_table(FILE)"]
    lines += [
        "table = take_rows(table, np.flatnonzero(~read_column(table, TARGET).missing))",
        *_split("table[TARGET]", setup),
        "known = take_rows(table, train)",
        "encoder = TabularEncoder().fit(known, exclude=[TARGET])",
        f"target = TargetEncoder(task={task!r}).fit(known[TARGET], TARGET)",
        "targets = target.encode(table[TARGET])" + ("" if desk.problem.classes is not None else "[:, 0]"),
    ]
    if desk.problem.plane is None:
        return [*lines, "inputs = encoder.transform(table)", ""]
    return [*lines, "points = encoder.transform(table)", *_features(setup)]


def _changes(edits: list[Edit | Tuning]) -> list[str]:
    """Return a callback that changes by hand what was changed by hand."""
    weights = [tuple(edit) for edit in edits if isinstance(edit, Edit)]
    optimizers = {edit[:2]: edit.optimizer for edit in edits if isinstance(edit, Tuning)}
    lines: list[str] = []
    if weights:
        lines += ["# weights set by hand: before which batch of which epoch, where, to what", "WEIGHTS = ["]
        lines += [*(f"    {edit!r}," for edit in weights), "]", ""]
    if optimizers:
        lines += ["# optimisers that took over: before which batch of which epoch", "OPTIMIZERS = {"]
        lines += [
            *(f"    {place}: {_source(optimizer)}," for place, optimizer in optimizers.items()),
            "}",
            "",
        ]
    if not lines:
        return []
    lines += ["", "class Changes(gn.callbacks.Callback):", "    def change(self, training, place):"]
    if weights:
        lines += [
            "        for edit in WEIGHTS:",
            "            if edit[:2] == place:",
            "                training.network.parameters[edit[2]][edit[3]] = edit[4]",
        ]
    if optimizers:
        lines += ["        training.optimizer = OPTIMIZERS.get(place, training.optimizer)"]
    return [
        *lines,
        "",
        "    def on_epoch_start(self, training):",
        "        self.change(training, (training.epoch, 0))",
        "",
        "    def on_step_end(self, training, loss):",
        "        self.change(training, (training.epoch, training.batch))",
        "",
        "",
    ]


def _source(thing: Any) -> str:
    """Return Python that makes an object of the library again: only what differs from its defaults.

    >>> import glassnet as gn
    >>> _source(gn.Dense(3, activation="relu"))
    'gn.Dense(3, activation="relu")'
    """
    if not isinstance(thing, Hyperparameters):
        return repr(float(thing)) if isinstance(thing, float) else repr(thing)
    for kind in ("activation", "initializer"):
        base, names = table(kind)
        if isinstance(thing, base):
            short = next((n for n, cls in names.items() if cls is type(thing)), None)
            if short is not None and _default(type(thing)) == thing:
                return f'"{short}"'
    told = []
    for name, (field, rule) in rules_of(type(thing)).items():
        value = getattr(thing, name)
        default = field.default if rule.kind is None else _named_default(field.default, rule.kind)
        if value == default and type(value) is type(default):
            continue
        told.append(_source(value) if not field.kw_only else f"{name}={_source(value)}")
    place = "schedules." if isinstance(thing, Schedule) else ""
    place = "initializers." if isinstance(thing, Initializer) else place
    return f"gn.{place}{type(thing).__name__}({', '.join(told)})"


def _default(cls: type[Hyperparameters]) -> Hyperparameters | None:
    try:
        return cls()
    except TypeError:
        return None


def _named_default(default: Any, kind: str) -> Any:
    if isinstance(default, str):
        return _default(table(kind)[1][default])
    return default
