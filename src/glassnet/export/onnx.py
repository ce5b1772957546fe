"""Networks and tabular models as ONNX files."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet._version import __version__
from glassnet.activations import Sigmoid, Softmax
from glassnet.checks import as_path
from glassnet.errors import HyperparameterError
from glassnet.export.graph import INPUT, Graph
from glassnet.export.onnx_layers import add_layers
from glassnet.files import write_atomically
from glassnet.network import Network

if TYPE_CHECKING:
    from glassnet.tabular import TabularEncoder, TabularModel

__all__ = ["input_kind", "to_onnx"]


def to_onnx(model: Network | TabularModel, path: str | os.PathLike[str]) -> None:
    """Write what a network or a tabular model predicts as one ONNX file, whole or not at all.

    The graph has opset 17, one input "X" (batch, features), one output "Y" (batch, outputs), any number
    of rows, and the weights inside. Arrays bear the names they have in `net.parameters`; the node that
    gives a layer's output bears the layer's name, such as "dense1". Both precisions are kept. Dropout is
    the identity and batch normalisation uses the running statistics, as in :meth:`Network.predict`.
    GELU is the exact one; in float64 its error function is computed in float32, for want of a float64
    one in onnxruntime, which leaves an error of 1e-7 of z.

    Of a network, Y is what :meth:`Network.predict` returns. Of a tabular model, Y is the classes'
    probabilities, or for a regression the value in its own unit (batch, 1) as float64;
    and X is

    - the table's columns as float64, where all of them are numbers or booleans (0 or 1): the graph
      standardises them, and fills NaN as the encoder does. Metadata "input" is "columns".
    - the encoder's features, which :meth:`TabularModel.features` makes, where there are categories or
      dates. Metadata "input" is "encoded".
    - the numbers that the network takes, where the model has no encoder: "features".

    The file's metadata are texts: "glassnet_version", "input" and "output" ("outputs",
    "probabilities" or "values"); of a tabular model also "feature_names" (JSON, one name for each
    column of X), "target" and, of a classification, "classes" (JSON, in the order of Y's columns).

    Args:
        model: a built network, or a tabular model.
        path: the file to make or replace, by custom ending in ".onnx".

    Raises:
        MissingDependencyError: the package onnx is not installed.
        NotBuiltError: the network has no parameters yet.
        GlassnetError: a layer or activation of your own, which the message names; parameters beyond 2 GiB.
        OSError: the folder is missing, read-only or full; an old file stays as it was.
    """
    place = as_path("to_onnx path", path)
    if isinstance(model, Network):
        content = _network(model)
    else:
        from glassnet.tabular import TabularModel

        if not isinstance(model, TabularModel):
            raise HyperparameterError(f"to_onnx takes a Network or a TabularModel, got {model!r}.")
        content = _tabular(model)
    write_atomically(place, lambda temporary: temporary.write_bytes(content))


def _network(network: Network) -> bytes:
    parameters, n_features = network.parameters, network.n_features or 0
    graph = Graph(network.dtype, n_features)
    scope = network.declare(n_features)
    add_layers(graph, scope, parameters, INPUT)
    about = "A network made with glassnet. X: the features; Y: what the last layer gives."
    metadata = {"glassnet_version": __version__, "input": "features", "output": "outputs"}
    return graph.model("network", scope.n_outputs, about, metadata)


def input_kind(model: TabularModel) -> str:
    """Return what X of a tabular model's graph is: "columns", "encoded" or "features"."""
    if model.encoder is None:
        return "features"
    return (
        "columns" if all(c["kind"] in ("number", "boolean") for c in _columns(model.encoder)) else "encoded"
    )


_ABOUT = {
    "columns": "the table's columns, not standardised, in the order of feature_names; booleans are 0 or 1, "
    "missing values NaN",
    "encoded": "the encoded features, in the order of feature_names, as TabularModel.features makes them. "
    "The table has categories or dates, whose encoding is not part of this graph",
    "features": "the features, in the order of feature_names",
}


def _tabular(model: TabularModel) -> bytes:
    network, target, kind = model.network, model.target, input_kind(model)
    about = f"A model made with glassnet. X: {_ABOUT[kind]}"
    raw = kind == "columns"
    names = model.columns if raw else model.feature_names
    graph = Graph(network.dtype, len(names), np.float64 if raw else None)
    scope = network.declare(network.n_features or 0)
    x = _add_encoder(graph, _columns(model.encoder)) if raw and model.encoder is not None else INPUT
    y = add_layers(graph, scope, network.parameters, x)
    n_outputs = scope.n_outputs
    metadata = {
        "glassnet_version": __version__,
        "input": kind,
        "feature_names": json.dumps(list(names), ensure_ascii=False),
        "target": target.name,
    }
    if target.is_classification:
        n_outputs = _add_probabilities(graph, model, y)
        metadata["output"] = "probabilities"
        metadata["classes"] = json.dumps(list(target.classes), ensure_ascii=False)
        about += "; Y: the probabilities of classes."
    else:
        wide = graph.cast(y, np.float64, "target.standardised")
        scaled = graph.node("Mul", [wide, graph.array("target.std", np.array(target.std))], "target.scaled")
        graph.node("Add", [scaled, graph.array("target.mean", np.array(target.mean))], "target")
        metadata["output"] = "values"
        about += f"; Y: the value of {target.name!r} in its own unit."
    made = graph.dtype if target.is_classification else np.dtype(np.float64)
    return graph.model("tabular_model", n_outputs, about, metadata, made)


def _columns(encoder: TabularEncoder) -> list[dict[str, Any]]:
    """Return what the encoder knows of each column that it uses, and how many features that gives."""
    described = {column["name"]: column for column in encoder.to_dict()["columns"]}
    return [{**described[c.name], "width": len(c.features)} for c in encoder.summary() if c.features]


def _add_encoder(graph: Graph, columns: Sequence[dict[str, Any]]) -> str:
    """Append what turns raw columns (float64) into the encoder's features, in the network's dtype."""
    numbers = [column["kind"] == "number" for column in columns]
    mean = np.array([column["mean"] for column in columns])
    # A column that never varied gives no feature but its indicator: its scale does not matter.
    scale = np.array([column.get("std") or 1.0 for column in columns])
    centre = graph.array("encoder.mean", np.where(numbers, mean, 0.0))
    centred = graph.node("Sub", [INPUT, centre], "encoder.centred")
    value = graph.node("Div", [centred, graph.array("encoder.std", scale)], "encoder.standardised")
    is_missing = graph.node("IsNaN", [INPUT], "encoder.is_missing")
    fill = graph.array("encoder.fill", np.where(numbers, 0.0, mean))
    value = graph.node("Where", [is_missing, fill, value], "encoder.filled")
    if any(column["n_missing"] for column in columns):
        value = _add_indicators(graph, columns, value, is_missing)
    single = graph.cast(value, np.float32, "encoder")  # the encoder's own precision
    return single if graph.dtype == np.float32 else graph.cast(single, graph.dtype, "encoder.double")


def _add_indicators(graph: Graph, columns: Sequence[dict[str, Any]], value: str, is_missing: str) -> str:
    """Append the indicators of missing values; return the features in the encoder's order."""
    indicator = graph.cast(is_missing, np.float64, "encoder.missing")
    both = graph.node("Concat", [value, indicator], "encoder.both", axis=1)
    order: list[int] = []
    for i, column in enumerate(columns):
        marked = bool(column["n_missing"])
        order += [i] * (column["width"] - marked) + [i + len(columns)] * marked
    places = graph.array("encoder.order", np.array(order, np.int64))
    return graph.node("Gather", [both, places], "encoder.features", axis=1)


def _add_probabilities(graph: Graph, model: TabularModel, y: str) -> int:
    """Append what turns the network's outputs into probabilities; return their number."""
    last = model.network.output_activation
    if model.network.n_outputs == 1:
        second = y if isinstance(last, Sigmoid) else graph.node("Sigmoid", [y], "probability")
        first = graph.node("Sub", [graph.number(1.0), second], "probability.first")
        graph.node("Concat", [first, second], "probabilities", axis=1)
        return 2
    if not isinstance(last, Softmax):
        graph.node("Softmax", [y], "probabilities", axis=1)
    return len(model.target.classes)
