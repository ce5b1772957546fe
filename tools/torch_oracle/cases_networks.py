"""Whole networks: one pass, then ten steps of fit with a partial last batch, then prediction."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

import glassnet as gn
from glassnet import losses, schedules
from glassnet.optimizers import Optimizer
from torch_oracle.draws import distributions, generator, label, one_hot, parameters_for, single, weights
from torch_oracle.mirror import Mirror, mirror_of, numbers, tensor
from torch_oracle.rules import loss_of, targets_of
from torch_oracle.training import first_pass, trained

ROWS, FEATURES, BATCH, EPOCHS = 23, 5, 5, 2  # batches of 5, 5, 5, 5 and 3, twice: ten steps


@dataclass(frozen=True)
class Architecture:
    """Layers, a loss, and targets for it; `layers` takes the penalties of the dense layers."""

    layers: Callable[..., list]
    loss: losses.Loss
    targets: Callable[[np.random.Generator], np.ndarray]


def _labels(k: int) -> Callable[[np.random.Generator], np.ndarray]:
    return lambda rng: rng.integers(0, k, ROWS)


def _numbers(k: int) -> Callable[[np.random.Generator], np.ndarray]:
    return lambda rng: single(rng.normal(0, 2, (ROWS, k)))


ARCHITECTURES = {
    "relu": Architecture(
        lambda **p: [gn.Dense(8, activation="relu", **p), gn.Dense(3, **p)],
        gn.SoftmaxCrossEntropy(),
        _labels(3),
    ),
    "tanh, sigmoid": Architecture(
        lambda **p: [
            gn.Dense(7, activation="tanh", **p),
            gn.Dense(5, activation="sigmoid", **p),
            gn.Dense(2, **p),
        ],
        gn.MeanSquaredError(),
        _numbers(2),
    ),
    "BatchNorm, fused softmax": Architecture(
        lambda **p: [
            gn.Dense(8, bias=False, **p),
            gn.BatchNorm(),
            gn.Activation("relu"),
            gn.Dense(3, activation="softmax", **p),
        ],
        gn.CategoricalCrossEntropy(),
        _labels(3),
    ),
    "LayerNorm, Dropout, fused sigmoid": Architecture(
        lambda **p: [
            gn.Dense(8, activation="gelu", **p),
            gn.LayerNorm(),
            gn.Dropout(0.3),
            gn.Dense(1, activation="sigmoid", **p),
        ],
        gn.BinaryCrossEntropy(),
        lambda rng: rng.integers(0, 2, ROWS),
    ),
    "Residual": Architecture(
        lambda **p: [
            gn.Residual([gn.LayerNorm(), gn.Dense(5, activation="silu", **p)]),
            gn.Residual([gn.Residual([gn.Dense(4, activation="mish", **p)]), gn.Dense(5, **p)]),
            gn.Dense(2, **p),
        ],
        gn.Huber(0.5),
        _numbers(2),
    ),
    "softplus": Architecture(
        lambda **p: [gn.Dense(6, activation="elu", **p), gn.Dense(1, activation="softplus", **p)],
        gn.Poisson(log_input=False),
        lambda rng: rng.poisson(2.0, ROWS).astype(float),
    ),
    "counts": Architecture(
        lambda **p: [gn.Dense(6, activation="selu", **p), gn.Dropout(0.2), gn.Dense(2, **p)],
        gn.Poisson(),
        lambda rng: rng.poisson(2.0, (ROWS, 2)).astype(float),
    ),
    "leaky": Architecture(
        lambda **p: [gn.Dense(8, activation="leaky_relu", **p), gn.BatchNorm(momentum=0.7), gn.Dense(2, **p)],
        gn.MeanAbsoluteError(),
        _numbers(2),
    ),
    "Residual with BatchNorm, soft targets": Architecture(
        lambda **p: [
            gn.Residual([gn.Dense(6, bias=False, **p), gn.BatchNorm(), gn.Activation("silu")]),
            gn.Dense(3, **p),
        ],
        losses.SoftmaxKullbackLeibler(),
        lambda rng: distributions(rng, ROWS, 3),
    ),
    "fused divergence": Architecture(
        lambda **p: [gn.Dense(6, activation="tanh", **p), gn.Dense(3, **p), gn.Activation("softmax")],
        gn.KullbackLeibler(),
        lambda rng: distributions(rng, ROWS, 3),
    ),
    "several labels": Architecture(
        lambda **p: [gn.Dense(6, activation="softplus", **p), gn.Dense(3, **p)],
        losses.SigmoidCrossEntropy(label_smoothing=0.1),
        lambda rng: rng.integers(0, 2, (ROWS, 3)).astype(float),
    ),
    "one-hot, smoothed": Architecture(
        lambda **p: [gn.Dense(6, activation="silu", **p), gn.Dense(4, **p)],
        gn.SoftmaxCrossEntropy(label_smoothing=0.2),
        lambda rng: one_hot(rng, ROWS, 4),
    ),
    "softmax apart from the loss": Architecture(
        lambda **p: [gn.Dense(6, activation="softmax", **p), gn.Dense(2, **p)],
        gn.MeanSquaredError(),
        _numbers(2),
    ),
}
OPTIMIZERS = [
    gn.SGD(0.05),
    gn.SGD(0.02, momentum=0.9),
    gn.SGD(0.02, momentum=0.9, nesterov=True),
    gn.Adagrad(0.05),
    gn.Adadelta(1.0, epsilon=1e-3),
    gn.RMSprop(0.005, epsilon=1e-3),
    gn.RMSprop(0.005, epsilon=1e-2, centered=True, momentum=0.5),
    gn.Adam(0.01, epsilon=1e-3),
    gn.AMSGrad(0.01, epsilon=1e-3),
    gn.AdamW(0.01, epsilon=1e-3),
    gn.Adamax(0.01, epsilon=1e-3),
    gn.NAdam(0.01, epsilon=1e-3),
    gn.RAdam(0.01, epsilon=1e-3),
]
RATES = {  # those that allow a rate that changes
    gn.Adam: schedules.Cosine(0.02, steps=10, warmup=2),
    gn.AdamW: schedules.Exponential(0.02, decay=0.9),
    gn.AMSGrad: schedules.OneCycle(0.02, steps=10),
    gn.Adagrad: schedules.InverseTime(0.05, decay=0.1),
    gn.NAdam: schedules.Polynomial(0.02, steps=15),
    gn.RAdam: schedules.StepDecay(0.02, every=4, factor=0.5),
}


@dataclass(frozen=True)
class Setting:
    """An architecture and how it is trained."""

    architecture: str
    optimizer: Optimizer
    weighted: bool = False
    coupled: float = 0.0
    """PyTorch's own weight_decay, which is our dense layers' l2."""
    penalties: tuple[tuple[str, float], ...] = ()
    class_weight: tuple[float, ...] = ()
    steps: int = 10

    @property
    def name(self) -> str:
        """What tells this case from the others."""
        extra = [f"{self.steps} steps", *(f"{key}={value}" for key, value in self.penalties)]
        extra += ["weighted"] * self.weighted + ["class weights"] * bool(self.class_weight)
        extra += [f"PyTorch's weight_decay={self.coupled}"] * bool(self.coupled)
        return f"{self.architecture}; {label(self.optimizer)}; {', '.join(extra)}"


def settings() -> Iterator[Setting]:
    """Yield every architecture and every optimiser, each in several company."""
    names = itertools.cycle(ARCHITECTURES)
    for i, plain in enumerate(OPTIMIZERS):
        decay = plain.weight_decay or 0.1
        yield Setting(next(names), plain, weighted=i % 2 == 0)
        yield Setting("relu", replace(plain, weight_decay=decay), weighted=i % 2 == 1)
        yield Setting("BatchNorm, fused softmax", replace(plain, weight_decay=decay), weighted=i % 2 == 0)
        undecayed = replace(plain, weight_decay=0.0)
        if not isinstance(plain, gn.AdamW):
            yield Setting("tanh, sigmoid", undecayed, weighted=i % 2 == 1, coupled=0.05)
        yield Setting(next(names), undecayed, steps=1)
        if type(plain) in RATES:
            changing = replace(plain, learning_rate=RATES[type(plain)], weight_decay=decay)
            yield Setting(next(names), changing, weighted=True)
    for name in ARCHITECTURES:
        for weighted in (False, True):
            yield Setting(name, gn.SGD(0.02, momentum=0.9, nesterov=True, weight_decay=0.1), weighted)
            yield Setting(name, gn.AdamW(0.01, epsilon=1e-3, weight_decay=0.1), weighted)
    clipped = gn.SGD(0.05, momentum=0.9, clip_value=0.02)
    yield Setting("relu", clipped, weighted=True)
    yield Setting("LayerNorm, Dropout, fused sigmoid", replace(clipped, weight_decay=0.1))
    both = (("l1", 0.01), ("l2", 0.05))
    yield Setting("relu", gn.SGD(0.05), penalties=both)
    yield Setting("Residual", gn.Adam(0.01, epsilon=1e-3), penalties=both, weighted=True)
    yield Setting("BatchNorm, fused softmax", gn.SGD(0.05), penalties=(("max_norm", 0.8),))
    yield Setting("tanh, sigmoid", gn.Adam(0.01, epsilon=1e-3), penalties=(("max_norm", 0.5), ("l2", 0.1)))
    yield Setting("relu", gn.SGD(0.05, momentum=0.9), class_weight=(0.5, 1.0, 3.0))
    yield Setting("BatchNorm, fused softmax", gn.SGD(0.05), class_weight=(2.0, 0.0, 1.0))


def cases() -> Iterator[dict]:
    """Yield every case with PyTorch's answers."""
    yield from map(_case, {setting.name: setting for setting in settings()}.values())
    yield from minima()


def _case(setting: Setting) -> dict:
    rng, built = generator(setting.name), ARCHITECTURES[setting.architecture]
    penalties = dict(setting.penalties)
    if setting.coupled:
        penalties["l2"] = setting.coupled
    layers = built.layers(**penalties)
    parameters = parameters_for(gn.Network(layers, seed=0).build(FEATURES), rng)
    X, y = single(rng.normal(size=(ROWS, FEATURES))), built.targets(rng)
    sample_weight = weights(rng, ROWS) if setting.weighted else None
    mirror = mirror_of(layers, FEATURES)
    mirror.load(parameters)
    w = None if sample_weight is None else tensor(sample_weight)
    class_weight = None
    if setting.class_weight:
        class_weight = {str(label): weight for label, weight in enumerate(setting.class_weight)}
    epochs, batch = (EPOCHS, BATCH) if setting.steps == 10 else (1, None)
    torch.manual_seed(len(setting.name))
    return {
        "name": setting.name,
        "layers": [layer.config() for layer in layers],
        "n_features": FEATURES,
        "loss": built.loss.config(),
        "optimizer": setting.optimizer.config(),
        "X": X,
        "y": y,
        "sample_weight": sample_weight,
        "class_weight": class_weight,
        "epochs": epochs,
        "batch_size": batch,
        "partial": False,
        "parameters": parameters,
        "masks": mirror.masks,  # training appends to it
        "expected": first_pass(mirror, built.loss, X, y, w)
        | trained(
            mirror,
            setting.optimizer,
            built.loss,
            (X, y, w),
            epochs,
            batch or ROWS,
            coupled=setting.coupled,
            class_weight=setting.class_weight,
        ),
    }


def minimum(mirror: Mirror, loss: losses.Loss, X: np.ndarray, y: np.ndarray) -> torch.Tensor:
    """Let PyTorch's L-BFGS go to the end, and return the loss there."""
    x, t = tensor(X), targets_of(loss, y)
    rule = torch.optim.LBFGS(
        list(mirror.parameters.values()),
        max_iter=500,
        tolerance_grad=1e-13,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def closure() -> torch.Tensor:
        rule.zero_grad()
        value = loss_of(loss, mirror.module(x), t, None) + mirror.penalty()
        value.backward()
        return value

    rule.step(closure)
    return closure()


def minima() -> Iterator[dict]:
    """Yield convex problems that both L-BFGS solve: the ways differ, the loss at the end does not."""
    for name, loss, outputs, kind in (
        ("logistic regression", gn.SoftmaxCrossEntropy(), 3, "labels"),
        ("ridge regression", gn.MeanSquaredError(), 2, "numbers"),
    ):
        rng = generator(name)
        layers = [gn.Dense(outputs, bias=False, l2=0.1)]
        parameters = parameters_for(gn.Network(layers, seed=0).build(FEATURES), rng)
        X = single(rng.normal(size=(ROWS, FEATURES)))
        y = (_labels(outputs) if kind == "labels" else _numbers(outputs))(rng)
        mirror = mirror_of(layers, FEATURES)
        mirror.load(parameters)
        expected = first_pass(mirror, loss, X, y, None)
        lowest = minimum(mirror, loss, X, y)
        yield {
            "name": f"L-BFGS, {name}",
            "layers": [layer.config() for layer in layers],
            "n_features": FEATURES,
            "loss": loss.config(),
            "optimizer": gn.LBFGS(tolerance=1e-12, loss_tolerance=0.0).config(),
            "X": X,
            "y": y,
            "sample_weight": None,
            "class_weight": None,
            "epochs": 200,
            "batch_size": None,
            "partial": True,
            "parameters": parameters,
            "masks": [],
            "expected": expected | {"final loss": numbers(lowest)},
        }
