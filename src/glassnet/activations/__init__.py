"""Activation functions: each with its formula and its exact derivative.

For a layer's pre-activations z and outputs a = f(z), `backward` turns dL/da into dL/dz.
Where the derivative can be written with a alone (`from_output`), z need not be kept and the
forward pass overwrites it. All are finite at |z| = 1e4 in float32 and let NaN pass.
"""

from __future__ import annotations

from glassnet.activations.base import ActivationFunction, Linear
from glassnet.activations.bounded import Sigmoid, Softmax, Tanh
from glassnet.activations.rectifiers import ELU, SELU, LeakyReLU, ReLU
from glassnet.activations.smooth import GELU, Mish, SiLU, Softplus

__all__ = [
    "BY_NAME",
    "ELU",
    "GELU",
    "SELU",
    "ActivationFunction",
    "LeakyReLU",
    "Linear",
    "Mish",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]

BY_NAME: dict[str, type[ActivationFunction]] = {
    "linear": Linear,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "selu": SELU,
    "gelu": GELU,
    "silu": SiLU,
    "mish": Mish,
    "softplus": Softplus,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "softmax": Softmax,
}
