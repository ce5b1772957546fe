"""Activations: value and derivative on ordinary numbers, at the kinks, and far out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import glassnet as gn
from torch_oracle.draws import generator, label, single
from torch_oracle.mirror import ACTIVATIONS, numbers, tensor

FUNCTIONS = [
    gn.Linear(),
    gn.ReLU(),
    gn.LeakyReLU(),
    gn.LeakyReLU(0.2),
    gn.LeakyReLU(0.0),
    gn.ELU(),
    gn.ELU(0.5),
    gn.ELU(2.0),
    gn.SELU(),
    gn.GELU(),
    gn.SiLU(),
    gn.Mish(),
    gn.Softplus(),
    gn.Sigmoid(),
    gn.Tanh(),
    gn.Softmax(),
]
EXTREMES = [0.0, -0.0, 1e-30, -1e-30, 1e-8, -1e-8, 1e-3, -1e-3, 5, -5, 15, -15, 19.5, -19.5, 20.5, -20.5]
FAR = [40, -40, 88, -88, 104, -104, 300, -300, 709, -709, 1e3, -1e3, 1e4, -1e4, 1e4, 1e4]


def inputs(rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """Yield what to put in, by what it shows."""
    yield "ordinary", single(rng.normal(0, 2, (8, 6)))
    yield "near zero and beyond", single(np.reshape(EXTREMES, (4, 4)))
    yield "far out", single(np.reshape(FAR, (4, 4)))
    yield "one row", single(rng.normal(0, 3, (1, 5)))
    yield "one column", single(rng.normal(0, 3, (5, 1)))


def cases() -> Iterator[dict]:
    """Yield every case with PyTorch's answers."""
    for function in FUNCTIONS:
        for what, z in inputs(generator(label(function))):
            name = f"{label(function)}, {what}"
            gradient = single(generator(name).normal(size=z.shape))
            x = tensor(z).requires_grad_()
            a = ACTIVATIONS[type(function)](function)(x)
            a.backward(tensor(gradient))
            yield {
                "name": name,
                "activation": function.config(),
                "z": z,
                "gradient": gradient,
                "expected": {"a": numbers(a), "dz": numbers(x.grad)},
            }
