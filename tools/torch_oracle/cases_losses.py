"""Losses: value, gradient and predictions; every form of targets, with and without sample weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from glassnet.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Huber,
    KullbackLeibler,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SoftmaxKullbackLeibler,
)
from torch_oracle.draws import distributions, generator, label, one_hot, single, weights
from torch_oracle.mirror import numbers, tensor
from torch_oracle.rules import PREDICTIONS, loss_of, targets_of

Draw = Callable[[np.random.Generator, int, int], np.ndarray]
SHAPES = [(7, 3), (1, 3), (12, 5)]
ONE_OUTPUT = [(7, 1), (1, 1)]


@dataclass(frozen=True)
class Setting:
    """A loss, where its outputs and targets come from, and for which numbers of rows and outputs."""

    loss: Loss
    what: str
    outputs: Draw
    targets: Draw
    shapes: tuple[tuple[int, int], ...]


def _normal(spread: float) -> Draw:
    return lambda rng, n, k: single(rng.normal(0, spread, (n, k)))


def _far(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    return single(rng.choice([-1e4, -1e3, -100, -1, 0, 1, 100, 1e3, 1e4], (n, k)))


def _met(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    return single(rng.choice([-1e4, -2, -1, 0, 1, 2, 1e4], (n, k)))  # meets its targets now and then


def _rates(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    return single(rng.choice([1e-6, 0.1, 1, 7, 1e3], (n, k)) * rng.uniform(1, 2, (n, k)))


def _probabilities(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    return single(np.clip(rng.beta(0.5, 0.5, (n, k)), 1e-6, 1 - 1e-6))


def _softmax(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    return single(np.clip(rng.dirichlet(np.full(k, 0.5), n), 1e-6, 1))


def _labels(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    return rng.integers(0, k, n)


def _bits(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    return rng.integers(0, 2, (n, k)).astype(float)


def _shares(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    return single(rng.choice([0, 0.25, 1, rng.uniform()], (n, k)))


def _counts(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    return rng.poisson(2.0, (n, k)).astype(float)


def _distributions(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    return distributions(rng, n, k)


def _sparse(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    rows = one_hot(rng, n, k)
    return 0.75 * rows + 0.25 * np.roll(rows, 1, axis=1)  # some targets of exactly 0


def settings() -> Iterator[Setting]:
    """Yield every loss in every form."""
    any_width = (*SHAPES, *ONE_OUTPUT)
    several = tuple(SHAPES)
    distances = [MeanSquaredError(), MeanAbsoluteError(), Huber(), Huber(0.3), Huber(5.0)]
    for loss in distances:
        yield Setting(loss, "numbers", _normal(2), _normal(2), any_width)
        yield Setting(loss, "met targets and far ones", _met, _met, several)
    for loss in (Poisson(), Poisson(log_input=False), Poisson(log_input=False, epsilon=0.1)):
        yield Setting(loss, "counts", _normal(2) if loss.log_input else _rates, _counts, any_width)
    for share in (0.0, 0.1):
        on_p, on_logits = (
            BinaryCrossEntropy(label_smoothing=share),
            SigmoidCrossEntropy(label_smoothing=share),
        )
        for what, targets in (("0 and 1", _bits), ("probabilities", _shares)):
            yield Setting(on_p, what, _probabilities, targets, any_width)
            yield Setting(on_logits, what, _normal(3), targets, any_width)
        yield Setting(on_logits, "far logits", _far, _bits, any_width)
    for share in (0.0, 0.1, 0.5):
        on_p = CategoricalCrossEntropy(label_smoothing=share)
        on_logits = SoftmaxCrossEntropy(label_smoothing=share)
        for what, targets in (("labels", _labels), ("one-hot", one_hot), ("soft", _distributions)):
            yield Setting(on_p, what, _softmax, targets, several)
            yield Setting(on_logits, what, _normal(3), targets, several)
        yield Setting(on_logits, "far logits, labels", _far, _labels, several)
        yield Setting(on_logits, "far logits, soft", _far, _distributions, several)
    for loss, outputs in ((KullbackLeibler(), _softmax), (SoftmaxKullbackLeibler(), _normal(3))):
        yield Setting(loss, "soft", outputs, _distributions, several)
        yield Setting(loss, "targets of 0", outputs, _sparse, several)
    yield Setting(SoftmaxKullbackLeibler(), "far logits", _far, _distributions, several)


def cases() -> Iterator[dict]:
    """Yield every case with PyTorch's answers."""
    for setting in settings():
        for n, k in setting.shapes:
            for weighted in (False, True):
                name = f"{label(setting.loss)}, {setting.what}, {n} x {k}{', weighted' if weighted else ''}"
                yield _case(name, setting, n, k, weighted)


def _case(name: str, setting: Setting, n: int, k: int, weighted: bool) -> dict:
    rng, loss = generator(name), setting.loss
    outputs, targets = setting.outputs(rng, n, k), setting.targets(rng, n, k)
    sample_weight = weights(rng, n) if weighted else None
    o = tensor(outputs).requires_grad_()
    value = loss_of(
        loss, o, targets_of(loss, targets), None if sample_weight is None else tensor(sample_weight)
    )
    value.backward()
    expected = {"value": numbers(value), "gradient": numbers(o.grad)}
    if type(loss) in PREDICTIONS:
        expected["predictions"] = numbers(PREDICTIONS[type(loss)](loss, o))
    return {
        "name": name,
        "loss": loss.config(),
        "outputs": outputs,
        "targets": targets,
        "weights": sample_weight,
        "expected": expected,
    }
