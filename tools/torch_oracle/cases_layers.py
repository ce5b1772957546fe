"""Layers: forward, backward, running statistics and prediction, alone and one over another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import golden
import numpy as np
import torch

import glassnet as gn
from glassnet.activations import BY_NAME
from torch_oracle.draws import generator, parameters_for, single
from torch_oracle.mirror import mirror_of, numbers, tensor


@dataclass(frozen=True)
class Setting:
    """Layers, how many inputs and rows they get, and for how many training steps."""

    what: str
    layers: list
    width: int = 5
    rows: int = 8
    steps: int = 1
    float64_only: str = ""
    """Why float32 is not asked."""


TWO_ROWS = (
    "Of two rows normalisation leaves 1 and -1 and a gradient of 0, but for epsilon: "
    "the digits of the inputs cancel."
)


def settings() -> Iterator[Setting]:
    """Yield every layer."""
    for name in BY_NAME:
        yield Setting(f"Dense, {name}", [gn.Dense(4, activation=name)])
        yield Setting(f"Dense without bias, {name}", [gn.Dense(4, activation=name, bias=False)])
        yield Setting(f"Dense over Activation {name}", [gn.Activation(name), gn.Dense(3)])
        yield Setting(f"Activation {name} over Dense", [gn.Dense(3), gn.Activation(name)])
    yield Setting("Dense, one unit, one input", [gn.Dense(1)], width=1)
    yield Setting("Dense, one row", [gn.Dense(3, activation="tanh"), gn.Dense(2)], rows=1)
    yield Setting("Dense, wide", [gn.Dense(20, activation="relu"), gn.Dense(2)], width=16, rows=20)
    yield Setting("Dense, 10 steps", [gn.Dense(6, activation="tanh"), gn.Dense(2)], steps=10)

    for steps, when in ((1, "1 step"), (10, "10 steps")):
        yield Setting(f"BatchNorm, {when}", [gn.BatchNorm()], steps=steps)
        for rows in (3, 4):
            yield Setting(f"BatchNorm, {rows} rows, {when}", [gn.BatchNorm()], rows=rows, steps=steps)
        few = f"BatchNorm, 2 rows, {when}"
        yield Setting(few, [gn.BatchNorm()], rows=2, steps=steps, float64_only=TWO_ROWS)
        yield Setting(f"{few}, epsilon 0.5", [gn.BatchNorm(epsilon=0.5)], rows=2, steps=steps)
        options = gn.BatchNorm(momentum=0.5, epsilon=1e-2)
        yield Setting(f"BatchNorm, momentum 0.5, epsilon 0.01, {when}", [options], steps=steps)
        yield Setting(f"BatchNorm, momentum 0, {when}", [gn.BatchNorm(momentum=0.0)], steps=steps)
        between = [gn.Dense(6, bias=False), gn.BatchNorm(), gn.Activation("relu"), gn.Dense(2)]
        yield Setting(f"BatchNorm between Dense, {when}", between, steps=steps)
        two = [gn.BatchNorm(), gn.Dense(4, activation="silu"), gn.BatchNorm(momentum=0.99), gn.Dense(3)]
        yield Setting(f"two BatchNorms, {when}", two, steps=steps)

    yield Setting("LayerNorm", [gn.LayerNorm()])
    yield Setting("LayerNorm, epsilon 0.1", [gn.LayerNorm(epsilon=0.1)])
    yield Setting("LayerNorm, one row", [gn.LayerNorm()], rows=1)
    yield Setting("LayerNorm, two features", [gn.LayerNorm(epsilon=1e-2)], width=2)
    yield Setting("LayerNorm between Dense, 10 steps", [gn.Dense(6), gn.LayerNorm(), gn.Dense(2)], steps=10)

    for rate in (0.0, 0.2, 0.5, 0.9):
        yield Setting(f"Dropout {rate}", [gn.Dropout(rate)], rows=20)
    yield Setting("Dropout between Dense", [gn.Dense(8, activation="relu"), gn.Dropout(0.5), gn.Dense(2)])
    twice = [gn.Dropout(0.2), gn.Dense(8, activation="tanh"), gn.Dropout(0.4), gn.Dense(2)]
    yield Setting("Dropout twice, 10 steps", twice, steps=10)

    dense = gn.Dense(5, activation="tanh")
    yield Setting("Residual", [gn.Residual([dense])])
    yield Setting("Residual over nothing but an activation", [gn.Residual([gn.Activation("gelu")])])
    yield Setting("Residual, two layers", [gn.Residual([gn.Dense(9, activation="relu"), gn.Dense(5)])])
    yield Setting("Residual, projected", [gn.Residual([gn.Dense(3, activation="tanh")])])
    yield Setting("Residual, projected wider", [gn.Residual([gn.Dense(9, activation="silu"), gn.Dense(7)])])
    yield Setting("Residual in Residual", [gn.Residual([gn.Residual([dense]), gn.Dense(5)])])
    nested = [gn.Residual([gn.Residual([gn.Dense(4, activation="relu")]), gn.Dense(5, activation="elu")])]
    yield Setting("Residual in Residual, inner projected", nested)
    both = [gn.Residual([gn.Residual([gn.Dense(4, activation="mish")]), gn.Dense(3)]), gn.Dense(2)]
    yield Setting("Residual in Residual, both projected, 10 steps", both, steps=10)
    block = gn.Residual([gn.BatchNorm(), gn.Activation("relu"), gn.Dense(6, bias=False), gn.LayerNorm()])
    yield Setting("Residual with norms, 10 steps", [gn.Dense(6), block, gn.Dense(2)], steps=10)
    dropping = gn.Residual([gn.Dense(5, activation="relu"), gn.Dropout(0.3), gn.Dense(5)])
    yield Setting("Residual with Dropout, 10 steps", [dropping, gn.Dense(2)], steps=10)


LEARNING_RATE = 1 / 128


def cases() -> Iterator[dict]:
    """Yield every case with PyTorch's answers."""
    yield from map(_case, settings())


def _case(setting: Setting) -> dict:
    rng = generator(setting.what)
    net = gn.Network(setting.layers, seed=0).build(setting.width)
    shape = (setting.steps, setting.rows)
    parameters = parameters_for(net, rng)
    inputs = single(rng.normal(0.5, 1.5, (*shape, setting.width)))
    above = single(rng.normal(size=(*shape, net.n_outputs)))
    new = single(rng.normal(size=(3, setting.width)))

    mirror = mirror_of(setting.layers, setting.width)
    mirror.load(parameters)
    own = list(mirror.parameters.values())
    rule = torch.optim.SGD(own, lr=LEARNING_RATE) if own else None
    seen: dict[str, list[np.ndarray]] = {}

    def note(values: dict[str, np.ndarray], prefix: str = "") -> None:
        for name, value in values.items():
            seen.setdefault(prefix + name, []).append(value)

    for x_array, gradient in zip(inputs, above, strict=True):
        x = tensor(x_array).requires_grad_()
        outputs = mirror.module(x)
        mirror.module.zero_grad()
        outputs.backward(tensor(gradient))
        note({"outputs": numbers(outputs), "input_gradient": numbers(x.grad)})
        note(mirror.gradients(), "gradient ")
        note(mirror.running(), "statistic ")
        if rule is not None:
            rule.step()
    mirror.module.eval()
    expected = {name: np.stack(golden.ends(values)) for name, values in seen.items()}
    expected["prediction"] = numbers(mirror.module(tensor(new)))
    return {
        "name": setting.what,
        "layers": [layer.config() for layer in setting.layers],
        "n_features": setting.width,
        "float64_only": setting.float64_only,
        "learning_rate": LEARNING_RATE,
        "parameters": parameters,
        "masks": mirror.masks,
        "inputs": inputs,
        "output_gradients": above,
        "new_inputs": new,
        "expected": expected,
    }
