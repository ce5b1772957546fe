"""Wrong steps: Nesterov that is not, NAdam's correction off by one, momentum of 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

import glassnet as gn
from glassnet.hyperparameters import hyperparameter
from glassnet.optimizers import Optimizer
from mistake_cases.common import network, number, percent, standardised, table, train

# -- Nesterov --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HandMade(Optimizer):
    """A velocity and a momentum of 0.95, as in both wrong rules below."""

    momentum: float = 0.95

    @property
    def slots(self) -> Mapping[str, float]:
        return {"velocity": 0.0}


@dataclass(frozen=True)
class UnusedLookAhead(HandMade):
    """Computes the point ahead, but the gradient was taken at the old one: classic momentum."""

    def apply(self, values, gradients, state, learning_rate):
        v = state.slots["velocity"]
        ahead = values - self.momentum * v
        v[...] = self.momentum * v + learning_rate * gradients
        values[...] = ahead - learning_rate * gradients


@dataclass(frozen=True)
class VelocityTwice(HandMade):
    """Steps ahead along the velocity, and then along all of it again."""

    def apply(self, values, gradients, state, learning_rate):
        v = state.slots["velocity"]
        ahead = values - self.momentum * v
        v[...] = self.momentum * v + learning_rate * gradients
        values[...] = ahead - v


RULES = {
    "gn.SGD, nesterov": gn.SGD(0.1, momentum=0.95, nesterov=True),
    "gn.SGD, momentum": gn.SGD(0.1, momentum=0.95),
    "look-ahead never used": UnusedLookAhead(0.1),
    "velocity applied twice": VelocityTwice(0.1),
}


@cache
def excess_losses() -> dict[str, np.ndarray]:
    """The loss above its least value at each of 300 full-batch steps of a linear regression on diabetes."""
    X, y = gn.datasets.diabetes()
    X, y = standardised(X), standardised(y[:, None])
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    least, _ = gn.MeanSquaredError().value_and_gradient(X @ best, y)
    losses = {}
    for name, optimizer in RULES.items():
        net, loss = network([gn.Dense(1, bias=False, initializer="zeros")]).build(10), gn.MeanSquaredError()
        state = optimizer.create_state(net.parameters.values)
        seen = []
        for _ in range(300):
            value, gradient = loss.value_and_gradient(net.forward(X, training=True), y)
            seen.append(value - least)
            net.backward(gradient)
            optimizer.update(net.parameters.values, net.parameters.gradients, state)
        losses[name] = np.array(seen)
    return losses


def steps_until(losses: np.ndarray, limit: float) -> str:
    """How many steps it takes until the loss stays below the limit."""
    above = np.flatnonzero(~(losses < limit))
    last = int(above[-1]) + 1 if above.size else 0
    return "never" if last == len(losses) else str(last)


def nesterov() -> str:
    rows = [
        [name, number(losses[20], 2), *(steps_until(losses, limit) for limit in (1e-2, 1e-3, 1e-4))]
        for name, losses in excess_losses().items()
    ]
    header = ["rate 0.1, momentum 0.95", "loss above the least after 20 steps"]
    return table([*header, "steps until below 0.01", "0.001", "0.0001"], rows)


def picture():
    """The excess loss of all rules, step by step."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    ax = figure.subplots()
    for (name, losses), colour in zip(excess_losses().items(), gn.plots.style.COLOURS, strict=False):
        unused = name == "look-ahead never used"  # lies on the curve of momentum
        style = {"linestyle": (0, (1, 2)), "linewidth": 3} if unused else {"linewidth": 1.8}
        shown = 1 + int(np.argmax(losses > 10)) if losses.max() > 10 else 160  # one point outside, then none
        ax.semilogy(losses[:shown], label=name, color="#000000" if unused else colour, **style)
    ax.set_ylim(1e-6, 10)
    gn.plots.style.dress(
        ax, title="Linear regression on diabetes, full batch", x="step", y="loss above the least"
    )
    ax.legend(frameon=True, framealpha=0.9, edgecolor="none", fontsize=9)
    return figure


# -- NAdam -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HandMadeNAdam(Optimizer):
    """NAdam with a constant momentum; `first` is the number of the first step, `ahead` the mean's lead."""

    first: int = hyperparameter(1)
    ahead: int = hyperparameter(1)

    @property
    def slots(self) -> Mapping[str, float]:
        return {"mean": 0.0, "variance": 0.0}

    def apply(self, values, gradients, state, learning_rate):
        t, m, v, g = state.step + self.first, state.slots["mean"], state.slots["variance"], gradients
        b1, b2 = np.float64(0.9), np.float64(0.999)
        m[...] = b1 * m + (1 - b1) * g
        v[...] = b2 * v + (1 - b2) * g**2
        with np.errstate(all="ignore"):
            mean = b1 * m / (1 - b1 ** (t + self.ahead)) + (1 - b1) * g / (1 - b1**t)
            values -= learning_rate * mean / (np.sqrt(v / (1 - b2**t)) + 1e-8)


CONSTANT = 1e9
"""The momentum_decay with which gn.NAdam's momentum is constant from the first step."""


def nadam() -> str:
    layers, rows = [gn.Dense(32, activation="relu"), gn.Dense(10)], []
    for name, make in (
        ("gn.NAdam", lambda rate: gn.NAdam(rate, momentum_decay=CONSTANT)),
        ("t for both", lambda rate: HandMadeNAdam(rate, ahead=0)),
        ("t counted from 0", lambda rate: HandMadeNAdam(rate, first=0)),
    ):
        optimizer, values = make(1.0), np.zeros(1)
        state, path = optimizer.create_state(values), [0.0]
        for _ in range(50):
            optimizer.update(values, np.ones(1), state)
            path.append(float(values[0]))
        lengths = -np.diff(path)
        result = train(layers, optimizer=make(0.002))
        rows.append(
            [
                name,
                *(f"{lengths[t - 1]:.3f}" for t in (1, 2, 5, 50)),
                number(result.losses[0]),
                number(result.losses[-1]),
                percent(result.test_accuracy),
            ]
        )
    return table(
        [
            "bias correction",
            "step 1 / rate",
            "step 2",
            "step 5",
            "step 50",
            "loss, epoch 1",
            "epoch 10",
            "test accuracy",
        ],
        rows,
    )


# -- momentum of 0 ---------------------------------------------------------------------------------


def momentum_zero() -> str:
    layers = [gn.Dense(32, activation="relu"), gn.Dense(10)]
    plain = train(layers, optimizer=gn.SGD(0.01))
    rows = []
    for name, optimizer in (
        ("plain SGD", gn.SGD(0.01)),
        ("momentum, coefficient 0", gn.SGD(0.01, momentum=0.0)),
        ("momentum, coefficient 0.9", gn.SGD(0.01, momentum=0.9)),
    ):
        result = train(layers, optimizer=optimizer)
        difference = np.abs(result.net.parameters.values - plain.net.parameters.values).max()
        rows.append([name, number(difference), number(result.losses[-1]), percent(result.test_accuracy)])
    shown = table(
        [
            "optimiser, rate 0.01",
            "largest difference of a weight from plain SGD's",
            "loss after 10 epochs",
            "test accuracy",
        ],
        rows,
    )
    try:
        gn.SGD(0.01, nesterov=True)
    except gn.HyperparameterError as error:
        shown += f"\n\n`gn.SGD(0.01, nesterov=True)` raises: {error}"
    return shown
