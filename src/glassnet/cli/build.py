"""From settings to a network, its loss and its optimiser."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from glassnet.activations import Softmax
from glassnet.cli.settings import Settings
from glassnet.errors import HyperparameterError
from glassnet.layers import Activation, BatchNorm, Dense, Dropout, Layer
from glassnet.losses import CategoricalCrossEntropy, Loss
from glassnet.network import Network
from glassnet.optimizers import LBFGS, Optimizer
from glassnet.registry import factories, resolve
from glassnet.schedules import Cosine, Exponential, InverseTime, OneCycle, Polynomial, Schedule, StepDecay
from glassnet.tabular import TargetEncoder

__all__ = ["build_loss", "build_network", "build_optimizer", "build_schedule"]


def build_network(settings: Settings, target: TargetEncoder) -> Network:
    """Return the network that completed settings describe; not built yet."""
    layers: list[Layer] = []
    function = resolve("activation", settings.activation)
    for width in settings.hidden or ():
        if settings.batchnorm:
            start = resolve("initializer", function.initializer)
            layers += [Dense(width, bias=False, initializer=start), BatchNorm(), Activation(function)]
        else:
            layers.append(Dense(width, activation=function))
        if settings.dropout:
            layers.append(Dropout(settings.dropout))
    if target.is_classification:
        layers.append(Dense(len(target.classes), activation=Softmax()))
    else:
        layers.append(Dense(1))
    return Network(layers, seed=settings.seed)


def build_loss(settings: Settings, target: TargetEncoder) -> Loss:
    """Return the loss; raises HyperparameterError for one that does not suit the task."""
    if target.is_classification:
        if settings.loss != "auto":
            raise HyperparameterError(
                f"Option --loss {settings.loss} is for values, but {target.name!r} holds classes; "
                "for these it is the cross-entropy."
            )
        return CategoricalCrossEntropy(label_smoothing=settings.label_smoothing)
    for name, value in (
        ("label-smoothing", settings.label_smoothing),
        ("class-weight", settings.class_weight),
    ):
        if value not in (0, "none"):
            raise HyperparameterError(f"Option --{name} is for classes, but {target.name!r} holds values.")
    loss: Loss = resolve("loss", "mse" if settings.loss == "auto" else settings.loss)
    return loss


def build_schedule(name: str, rate: float, steps: int) -> float | Schedule:
    """Return the schedule of a name over `steps` updates; see SCHEDULES."""
    warmup = steps // 20
    schedules: dict[str, Any] = {
        "constant": lambda: rate,
        "cosine": lambda: Cosine(rate, steps=steps, warmup=warmup),
        "one_cycle": lambda: OneCycle(rate, steps=steps),
        "inverse_time": lambda: InverseTime(rate, decay=9 / steps),
        "step": lambda: StepDecay(rate, every=-(-steps // 3), factor=0.1),
        "exponential": lambda: Exponential(rate, decay=0.01 ** (1 / steps)),
        "polynomial": lambda: Polynomial(rate, steps=steps),
    }
    made: float | Schedule = schedules[name]()
    return made


def build_optimizer(settings: Settings, n_rows: int) -> Optimizer:
    """Return the optimiser of completed settings for a training part of `n_rows`.

    What the settings leave None is the optimiser's own default.
    """
    made: Optimizer = factories("optimizer")[settings.optimizer]()
    epochs = settings.epochs or 1
    if isinstance(made, LBFGS):
        return LBFGS(max_iterations=epochs)
    batch_size = min(settings.batch_size or n_rows, n_rows)
    rate: Any = settings.learning_rate or made.learning_rate
    changes: dict[str, Any] = {
        "learning_rate": build_schedule(settings.schedule, rate, epochs * -(-n_rows // batch_size)),
        "weight_decay": settings.weight_decay,
        "clip_norm": settings.clip_norm,
    }
    own = {f.name: getattr(made, f.name) for f in fields(made) if f.init}
    return type(made)(**(own | {name: value for name, value in changes.items() if value is not None}))
