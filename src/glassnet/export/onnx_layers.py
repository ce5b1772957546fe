"""Layers, as they predict, as ONNX operators.

Normalisations are composed as glassnet computes them, the mean subtracted first. Runtimes may compute
the operator BatchNormalization as x * a + b, which loses the digits of features far from zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glassnet.activations import Linear
from glassnet.errors import GlassnetError
from glassnet.export.graph import Graph
from glassnet.export.onnx_activations import add_activation
from glassnet.layers import Activation, BatchNorm, Dense, Dropout, LayerNorm, Residual
from glassnet.parameters import Parameters, Scope

__all__ = ["add_layers"]


def add_layers(graph: Graph, scope: Scope, parameters: Parameters, x: str) -> str:
    """Append the layers below `scope`, from value `x` on; return the name of the last one's output.

    Raises GlassnetError naming a layer that is not glassnet's own.
    """
    for part in scope.children:
        layer = part.layer
        add = _EXPORTS.get(type(layer))
        if add is None:
            raise GlassnetError(
                f"{part.name} cannot go into an ONNX file: the layer {type(layer).__name__} is not one of "
                f"glassnet's own ({', '.join(cls.__name__ for cls in _EXPORTS)})."
            )
        for spec in part.parameters.values():
            graph.array(spec.name, parameters[spec.name])
        for spec in part.statistics.values():
            graph.array(spec.name, parameters.statistics[spec.name])
        x = add(graph, layer, part, parameters, x)
    return x


def _dense(graph: Graph, layer: Dense, scope: Scope, parameters: Parameters, x: str) -> str:
    operands = [x, f"{scope.name}.weight", *([f"{scope.name}.bias"] if layer.bias else [])]
    if type(layer.activation) is Linear:
        return graph.node("Gemm", operands, scope.name)
    z = graph.node("Gemm", operands, f"{scope.name}.z")
    return add_activation(graph, layer.activation, z, scope.name, scope.name)


def _activation(graph: Graph, layer: Activation, scope: Scope, parameters: Parameters, x: str) -> str:
    return add_activation(graph, layer.function, x, scope.name, scope.name)


def _dropout(graph: Graph, layer: Dropout, scope: Scope, parameters: Parameters, x: str) -> str:
    return graph.node("Identity", [x], scope.name)


def _batch_norm(graph: Graph, layer: BatchNorm, scope: Scope, parameters: Parameters, x: str) -> str:
    centred = graph.node("Sub", [x, f"{scope.name}.mean"], f"{scope.name}.centred")
    return _normalised(graph, scope.name, layer.epsilon, centred, f"{scope.name}.variance")


def _layer_norm(graph: Graph, layer: LayerNorm, scope: Scope, parameters: Parameters, x: str) -> str:
    name = scope.name
    mean = graph.node("ReduceMean", [x], f"{name}.mean", axes=[1], keepdims=1)
    centred = graph.node("Sub", [x, mean], f"{name}.centred")
    square = graph.node("Mul", [centred, centred], f"{name}.square")
    variance = graph.node("ReduceMean", [square], f"{name}.variance", axes=[1], keepdims=1)
    return _normalised(graph, name, layer.epsilon, centred, variance)


def _normalised(graph: Graph, name: str, epsilon: float, centred: str, variance: str) -> str:
    shifted = graph.node("Add", [variance, graph.number(epsilon)], f"{name}.shifted_variance")
    deviation = graph.node("Sqrt", [shifted], f"{name}.deviation")
    x_hat = graph.node("Div", [centred, deviation], f"{name}.x_hat")
    scaled = graph.node("Mul", [x_hat, f"{name}.scale"], f"{name}.scaled")
    return graph.node("Add", [scaled, f"{name}.shift"], name)


def _residual(graph: Graph, layer: Residual, scope: Scope, parameters: Parameters, x: str) -> str:
    inner = add_layers(graph, scope, parameters, x)
    if "projection" in scope.parameters:
        x = graph.node("MatMul", [x, f"{scope.name}.projection"], f"{scope.name}.projected")
    return graph.node("Add", [inner, x], scope.name)


_EXPORTS: dict[type[Any], Callable[[Graph, Any, Scope, Parameters, str], str]] = {
    Dense: _dense,
    Activation: _activation,
    BatchNorm: _batch_norm,
    LayerNorm: _layer_norm,
    Dropout: _dropout,
    Residual: _residual,
}
