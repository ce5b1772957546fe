"""Activation functions as ONNX operators.

onnxruntime has Elu, Selu, Softplus and Erf for float32 alone. In float64 the first three are composed
of simpler operators, and the error function is computed in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.activations import (
    ELU,
    GELU,
    SELU,
    ActivationFunction,
    LeakyReLU,
    Linear,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from glassnet.errors import GlassnetError
from glassnet.export.graph import Graph

__all__ = ["add_activation"]


def add_activation(graph: Graph, function: ActivationFunction, z: str, name: str, owner: str) -> str:
    """Append f(z) as the value `name`; return the name.

    Raises GlassnetError for a function that is not glassnet's own; `owner` is the layer to name.
    """
    add = _EXPORTS.get(type(function))
    if add is None:
        raise GlassnetError(
            f"{owner} cannot go into an ONNX file: its activation {type(function).__name__} is not one of "
            f"glassnet's own ({', '.join(cls.__name__ for cls in _EXPORTS)})."
        )
    return add(graph, function, z, name)


def _operator(operator: str, **attributes: Any) -> Callable[[Graph, Any, str, str], str]:
    def add(graph: Graph, function: ActivationFunction, z: str, name: str) -> str:
        return graph.node(operator, [z], name, **attributes)

    return add


def _leaky_relu(graph: Graph, function: LeakyReLU, z: str, name: str) -> str:
    if graph.dtype == np.float32:
        return graph.node("LeakyRelu", [z], name, alpha=function.slope)
    # attributes are float32: as an array the slope keeps its digits
    scaled = graph.node("Mul", [z, graph.number(function.slope)], f"{name}.scaled")
    return graph.node("Max", [z, scaled], name)


def _elu(graph: Graph, function: ELU, z: str, name: str) -> str:
    if graph.dtype == np.float32:
        return graph.node("Elu", [z], name, alpha=function.alpha)
    return _composed_elu(graph, function.alpha, z, name)


def _selu(graph: Graph, function: SELU, z: str, name: str) -> str:
    if graph.dtype == np.float32:
        return graph.node("Selu", [z], name, alpha=function.ALPHA, gamma=function.SCALE)
    elu = _composed_elu(graph, function.ALPHA, z, f"{name}.elu")
    return graph.node("Mul", [elu, graph.number(function.SCALE)], name)


def _composed_elu(graph: Graph, alpha: float, z: str, name: str) -> str:
    # max(z, 0) + alpha (e^min(z, 0) - 1)
    below = graph.node("Min", [z, graph.number(0.0)], f"{name}.below")
    power = graph.node("Exp", [below], f"{name}.exp")
    less = graph.node("Sub", [power, graph.number(1.0)], f"{name}.expm1")
    scaled = graph.node("Mul", [less, graph.number(alpha)], f"{name}.scaled")
    above = graph.node("Relu", [z], f"{name}.above")
    return graph.node("Add", [above, scaled], name)


def _gelu(graph: Graph, function: GELU, z: str, name: str) -> str:
    # z (1 + erf(z / sqrt 2)) / 2
    erf = graph.node("Mul", [z, graph.number(math.sqrt(0.5))], f"{name}.scaled")
    if graph.dtype != np.float32:
        erf = graph.cast(erf, np.float32, f"{name}.single")
    erf = graph.node("Erf", [erf], f"{name}.erf")
    if graph.dtype != np.float32:
        erf = graph.cast(erf, graph.dtype, f"{name}.double")
    twice = graph.node("Add", [erf, graph.number(1.0)], f"{name}.twice_cdf")
    cdf = graph.node("Mul", [twice, graph.number(0.5)], f"{name}.cdf")
    return graph.node("Mul", [z, cdf], name)


def _silu(graph: Graph, function: SiLU, z: str, name: str) -> str:
    return graph.node("Mul", [z, graph.node("Sigmoid", [z], f"{name}.sigmoid")], name)


def _softplus(graph: Graph, function: ActivationFunction, z: str, name: str) -> str:
    if graph.dtype == np.float32:
        return graph.node("Softplus", [z], name)
    # max(z, 0) + log(1 + e^-|z|)
    small = graph.node("Neg", [graph.node("Abs", [z], f"{name}.abs")], f"{name}.neg")
    power = graph.node("Exp", [small], f"{name}.exp")
    more = graph.node("Add", [power, graph.number(1.0)], f"{name}.more")
    log = graph.node("Log", [more], f"{name}.log")
    return graph.node("Add", [graph.node("Relu", [z], f"{name}.above"), log], name)


def _mish(graph: Graph, function: Mish, z: str, name: str) -> str:
    softplus = _softplus(graph, function, z, f"{name}.softplus")
    return graph.node("Mul", [z, graph.node("Tanh", [softplus], f"{name}.tanh")], name)


_EXPORTS: dict[type[ActivationFunction], Callable[[Graph, Any, str, str], str]] = {
    Linear: _operator("Identity"),
    ReLU: _operator("Relu"),
    LeakyReLU: _leaky_relu,
    ELU: _elu,
    SELU: _selu,
    GELU: _gelu,
    SiLU: _silu,
    Mish: _mish,
    Softplus: _softplus,
    Sigmoid: _operator("Sigmoid"),
    Tanh: _operator("Tanh"),
    Softmax: _operator("Softmax", axis=1),
}
