"""What the cases share: data, a short training, tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

import glassnet as gn
from glassnet.layers import Layer
from glassnet.losses import Loss
from glassnet.optimizers import Optimizer


class Split(NamedTuple):
    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


class Result(NamedTuple):
    net: gn.Network
    losses: list[float]
    """The training loss of every epoch, NaN from where it left the finite range."""
    accuracy: float
    test_accuracy: float


@cache
def digits() -> Split:
    """The embedded handwritten digits: 64 pixels in 0..1, ten classes; a fifth is the test part."""
    X, y = gn.datasets.digits()
    parts = gn.tabular.split_rows(len(X), validation=0, test=0.2, labels=y, seed=0)
    return Split(X[parts.train], y[parts.train], X[parts.test], y[parts.test])


def standardised(X: np.ndarray) -> np.ndarray:
    return (X - X.mean(axis=0)) / X.std(axis=0)


def network(layers: Sequence[Layer], seed: int = 0) -> gn.Network:
    """Double precision throughout, so that the figures do not hang on the last bit of a processor."""
    return gn.Network(layers, seed=seed, dtype="float64")


def train(
    layers: Sequence[Layer],
    data: Split | None = None,
    *,
    loss: Loss | None = None,
    optimizer: Optimizer | None = None,
    epochs: int = 10,
    batch_size: int = 32,
    seed: int = 0,
    shuffle: bool = True,
) -> Result:
    """Train on the digits, or on other data; by default ten epochs of SGD with rate 0.1."""
    data = data or digits()
    net, losses = network(layers, seed), [float("nan")] * epochs
    chosen = loss or gn.SoftmaxCrossEntropy()
    epoch = Losses(losses)
    try:
        net.fit(
            data.X,
            data.y,
            loss=chosen,
            optimizer=optimizer or gn.SGD(0.1),
            epochs=epochs,
            batch_size=batch_size,
            shuffle=shuffle,
            callbacks=[epoch],
        )
    except gn.NonFiniteError:
        return Result(net, losses, float("nan"), float("nan"))
    shares = [np.mean(net.predict(X).argmax(axis=1) == y) for X, y in (data[:2], data[2:])]
    return Result(net, losses, float(shares[0]), float(shares[1]))


class Losses(gn.callbacks.Callback):
    """Keeps every epoch's loss, also of a training that ends in an error."""

    def __init__(self, losses: list[float]) -> None:
        self.losses = losses

    def on_epoch_end(self, training, logs) -> None:
        self.losses[training.epoch - 1] = logs["loss"]


def gradient_error(layers: Sequence[Layer], loss: Loss | None = None) -> str:
    """The worst relative error that gn.check_gradients finds on 16 digits."""
    data = digits()
    report = gn.check_gradients(
        network(layers), data.X[:16], data.y[:16], loss or gn.SoftmaxCrossEntropy(), max_per_parameter=100
    )
    return "below 1e-6" if report.passed else number(report.worst)


def number(value: float, digits: int = 3) -> str:
    """So many significant digits: 0.144, 2.30, 1.1e+271, inf, nan; 0 is 0."""
    return f"{value:#.{digits}g}".removesuffix(".") if value else "0"


def percent(share: float) -> str:
    """A share as a percentage with one decimal, or nan."""
    return f"{100 * share:.1f} %" if np.isfinite(share) else "nan"


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table, columns padded to equal width; all but the first stand to the right."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [
        [cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(pairs)]
        for row in cells
        for pairs in [list(zip(row, widths, strict=True))]
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in (padded[0], rule, *padded[1:]))
