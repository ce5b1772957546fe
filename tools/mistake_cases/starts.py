"""Wrong starts: a reseeded global generator, weights of 0.01 in a deep network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np

import glassnet as gn
from glassnet.initializers import Initializer
from mistake_cases.common import Result, digits, network, number, percent, table, train

# -- a reseeded global generator -------------------------------------------------------------------


@dataclass(frozen=True)
class Reseeded(Initializer):
    """Normal with variance 2 / fan_in, as gn.initializers.HeNormal, but from numpy.random.seed(3)."""

    def __call__(self, shape, generator):
        np.random.seed(3)  # noqa: NPY002 - the mistake itself
        return np.random.randn(*shape) * np.sqrt(2 / shape[0])  # noqa: NPY002


@contextmanager
def global_state_kept() -> Iterator[None]:
    state = np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


def reseeded_generator() -> str:
    columns = []
    for start in (gn.initializers.HeNormal(), Reseeded()):
        layers = [gn.Dense(64, activation="relu", initializer=start) for _ in range(2)]
        layers.append(gn.Dense(10, initializer=start))
        with global_state_kept():
            np.random.seed(0)  # noqa: NPY002 - the script's own stream, once, at its top
            orders = set()
            for seed in range(5):
                weights = network(layers, seed).build(64).parameters
                orders.add(tuple(np.random.permutation(1437)))  # noqa: NPY002
            runs = [train(layers, seed=seed, shuffle=False, epochs=5) for seed in range(5)]
        accuracies = [run.test_accuracy for run in runs]
        difference = np.abs(weights["dense1.weight"] - weights["dense2.weight"]).max()
        columns.append(
            [
                number(difference),
                f"{len(orders)} of 5",
                f"{percent(min(accuracies))} to {percent(max(accuracies))}",
                len({run.losses[-1] for run in runs}),
            ]
        )
    names = [
        "largest difference of the first two weight matrices",
        "different shuffles drawn after building five networks",
        "test accuracy of five seeds",
        "different losses among them",
    ]
    return table(["", "generator handed in", "reseeded inside"], list(zip(names, *columns, strict=True)))


# -- weights of 0.01 -------------------------------------------------------------------------------

STARTS = {"normal, 0.01": gn.initializers.Normal(0.01), "He": gn.initializers.HeNormal()}


def deep(start: Initializer) -> list[gn.Dense]:
    hidden = [gn.Dense(width, activation="relu", initializer=start) for width in (20, 7, 5)]
    return [*hidden, gn.Dense(10, initializer=start)]


@cache
def deep_runs() -> dict[str, Result]:
    return {name: train(deep(start), epochs=60, batch_size=64) for name, start in STARTS.items()}


def small_weights() -> str:
    X, y, *_ = digits()
    rows = []
    for name, start in STARTS.items():
        seen = gn.trace(network(deep(start)), X[:64], y[:64], gn.SoftmaxCrossEntropy())
        rows.append(
            [
                name,
                *(number(seen[f"dense{i}"].a.std(), 2) for i in (1, 2, 3, 4)),
                number(np.abs(seen["dense1"].dweight).mean(), 2),
                number(deep_runs()[name].losses[-1]),
                percent(deep_runs()[name].test_accuracy),
            ]
        )
    return table(
        [
            "start of 64-20-7-5-10",
            "spread of A1",
            "A2",
            "A3",
            "Z4",
            "mean size of dW1",
            "loss after 60 epochs",
            "test accuracy",
        ],
        rows,
    )


def picture():
    """The loss curves of both starts."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    ax = figure.subplots()
    for (name, run), colour in zip(deep_runs().items(), gn.plots.style.COLOURS[1::-1], strict=True):
        ax.plot(np.arange(1, 61), run.losses, label=name, color=colour, linewidth=1.8)
    ax.axhline(np.log(10), color="#888888", linewidth=0.8, linestyle=":")
    ax.text(60, np.log(10) * 1.02, "log 10: a guess among ten", ha="right", va="bottom", fontsize=8)
    ax.set_ylim(0, 2.6)
    gn.plots.style.dress(ax, title="64-20-7-5-10 on digits, SGD 0.1", x="epoch", y="training loss")
    ax.legend(frameon=False, loc="center right")
    return figure
