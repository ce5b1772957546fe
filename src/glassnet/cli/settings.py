"""The settings of a training: their ranges, their defaults by the size of the data, their command."""

from __future__ import annotations

import csv
import io
import math
import shlex
from dataclasses import asdict, dataclass, replace
from typing import Any

from glassnet.errors import HyperparameterError, unknown_name
from glassnet.hyperparameters import Interval, Rule
from glassnet.registry import factories

__all__ = ["RULES", "SCHEDULES", "SIZES", "Settings", "Size", "names_of", "parse_hidden", "parse_names"]

SCHEDULES = {
    "constant": "the same rate throughout",
    "cosine": "a twentieth rises, then half a cosine falls to 0",
    "one_cycle": "rises for 30%, then falls to almost 0",
    "inverse_time": "falls as one over time, to a tenth",
    "step": "a tenth after each third",
    "exponential": "falls by the same factor each step, to a hundredth",
    "polynomial": "falls along a straight line to 0",
}
"""Name -> what it does from the first step to the last."""

_COUNT = Interval(1, math.inf, "left", integer=True)
_POSITIVE = Interval(0, math.inf, "neither")
_NOT_NEGATIVE = Interval(0, math.inf, "left")
_SHARE = Interval(0, 1, "left")

RULES: dict[str, Rule] = {
    "dropout": Rule(_SHARE),
    "label_smoothing": Rule(_SHARE),
    "learning_rate": Rule(_POSITIVE),
    "weight_decay": Rule(_NOT_NEGATIVE),
    "clip_norm": Rule(_POSITIVE),
    "epochs": Rule(_COUNT),
    "batch_size": Rule(_COUNT),
    "patience": Rule(Interval(0, math.inf, "left", integer=True)),
    "validation": Rule(_SHARE),
    "test": Rule(_SHARE),
    "seed": Rule(Interval(0, 2**63 - 1, integer=True)),
    "max_categories": Rule(_COUNT),
}
"""Range of each numeric option, by its name with underscores."""

CHOICES = {
    "task": ("auto", "classification", "regression"),
    "loss": ("auto", "mse", "mae", "huber"),
    "schedule": tuple(SCHEDULES),
    "class_weight": ("none", "balanced"),
}

DECAYING = ("adam", "adamax", "adamw", "amsgrad", "nadam", "radam", "rmsprop")
"""Optimisers to whose steps the default weight decay is scaled; it is 0 for the others."""


@dataclass(frozen=True)
class Size:
    """Defaults for training parts of fewer than `below` rows."""

    name: str
    below: float
    hidden: tuple[int, ...]
    dropout: float
    weight_decay: float
    batch_size: int
    epochs: int
    patience: int


SIZES = (
    Size("small", 1_000, (64, 64), 0.2, 1.0, 32, 300, 30),
    Size("medium", 20_000, (256, 128), 0.2, 0.1, 32, 100, 10),
    Size("large", math.inf, (256, 128), 0.2, 0.1, 128, 50, 5),
)


@dataclass(frozen=True)
class Settings:
    """What one training is done with; None means "by the size of the data"."""

    data: str
    target: str | None = None
    task: str = "auto"
    drop: tuple[str, ...] = ()
    max_categories: int = 100
    hidden: tuple[int, ...] | None = None
    activation: str = "relu"
    dropout: float | None = None
    batchnorm: bool = False
    loss: str = "auto"
    label_smoothing: float = 0.0
    class_weight: str = "none"
    optimizer: str = "adam"
    learning_rate: float | None = None
    schedule: str = "constant"
    weight_decay: float | None = None
    clip_norm: float | None = None
    epochs: int | None = None
    batch_size: int | None = None
    patience: int | None = None
    validation: float = 0.2
    test: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        for name, rule in RULES.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, rule.check("Option", _flag(name), value))
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise unknown_name(_flag(name), getattr(self, name), choices)
        for name, kind in (("activation", "activation"), ("optimizer", "optimizer")):
            if getattr(self, name) not in names_of(kind):
                raise unknown_name(kind, getattr(self, name), names_of(kind))
        if self.patience and not self.validation:
            raise HyperparameterError("Option --patience needs a validation part, but --validation is 0.")
        if self.optimizer == "lbfgs":
            for name in ("learning_rate", "weight_decay", "clip_norm", "batch_size", "dropout"):
                if getattr(self, name):
                    raise HyperparameterError(
                        f"L-BFGS takes all rows at once and no {_flag(name)}; leave it out, or choose "
                        "another --optimizer."
                    )
            if self.schedule != "constant":
                raise HyperparameterError("L-BFGS has no learning rate for a --schedule to change.")

    def for_rows(self, n_rows: int) -> Settings:
        """Return the settings with every default filled in, for a training part of `n_rows`."""
        size = next(size for size in SIZES if n_rows < size.below)
        lbfgs = self.optimizer == "lbfgs"
        falls = self.schedule not in ("constant", "inverse_time")
        chosen: dict[str, Any] = {
            "hidden": size.hidden,
            "epochs": size.epochs,
            "dropout": 0.0 if lbfgs else size.dropout,
            # A schedule ends at the last epoch, and is best there: then all epochs run.
            "patience": 0 if falls or not self.validation else size.patience,
        }
        if not lbfgs:
            chosen["batch_size"] = size.batch_size
            chosen["weight_decay"] = size.weight_decay if self.optimizer in DECAYING else 0.0
            chosen["learning_rate"] = factories("optimizer")[self.optimizer]().learning_rate
        return replace(self, **{k: v for k, v in chosen.items() if getattr(self, k) is None})

    def command(self) -> str:
        """Return the command line that trains with exactly these settings."""
        words = ["glassnet", "train", self.data]
        for name, value in asdict(self).items():
            if name == "data" or value is None or value is False or (name == "drop" and not value):
                continue
            if value is True:
                words.append(_flag(name))
            elif name == "drop":
                words += [_flag(name), _quoted(value)]
            elif isinstance(value, tuple):
                words += [_flag(name), ",".join(map(str, value)) or "none"]
            else:
                words += [_flag(name), str(value)]
        return shlex.join(words)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON-able data."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def names_of(kind: str) -> tuple[str, ...]:
    """Return the names that an option for a kind of object takes."""
    left_out = {"softmax"} if kind == "activation" else set()
    return tuple(sorted(set(factories(kind)) - left_out))


def parse_hidden(text: str | None) -> tuple[int, ...] | None:
    """Return the widths in "128,64"; none for "none".

    >>> parse_hidden("128, 64"), parse_hidden("none"), parse_hidden(None)
    ((128, 64), (), None)
    """
    if text is None:
        return None
    if text.strip().lower() == "none":
        return ()
    try:
        widths = tuple(int(part) for part in text.split(","))
    except ValueError:
        widths = (0,)
    if min(widths) < 1:
        raise HyperparameterError(
            f"Option --hidden must be widths such as 128,64, each at least 1, or none; got {text!r}."
        )
    return widths


def parse_names(text: str | None) -> tuple[str, ...]:
    """Return the names in "a, b"; those that hold a comma stand in double quotes, as in CSV.

    >>> parse_names('age, "weight, kg"')
    ('age', 'weight, kg')
    """
    if not text:
        return ()
    row = next(csv.reader([text], skipinitialspace=True))
    return tuple(dict.fromkeys(name.strip() for name in row if name.strip()))


def _quoted(names: tuple[str, ...]) -> str:
    """Return what :func:`parse_names` reads as these names."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return line.getvalue()


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
