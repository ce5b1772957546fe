"""Trace: every value and gradient of one pass, by layer name, with formula and shape."""

from __future__ import annotations

import copy
import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from glassnet._typing import Array
from glassnet.checks import as_features
from glassnet.context import Context
from glassnet.layers import Activation, BatchNorm, Dense, Dropout, Layer, LayerNorm, Residual
from glassnet.registry import resolve

if TYPE_CHECKING:
    from glassnet.losses import Loss
    from glassnet.network import Network

__all__ = ["LayerTrace", "Trace", "trace"]


@dataclass(frozen=True)
class Value:
    """One array of the pass: what it is, how it was made, and its numbers."""

    formula: str
    array: Array


class LayerTrace(Mapping[str, Array]):
    """The values of one layer by name; also as attributes: trace["dense1"].z.

    Names: "inputs", "z" (pre-activations), "a" (outputs), every parameter; after the backward pass
    "da" (dL/da), "dz" (dL/dz), "d" + parameter name ("dweight", "dbias"), and "dinputs"
    where it was computed.
    """

    def __init__(self, name: str, description: str, values: dict[str, Value]) -> None:
        self.name, self.description, self.values_ = name, description, values

    def __getitem__(self, key: str) -> Array:
        try:
            return self.values_[key].array
        except KeyError:
            raise KeyError(f"{self.name} has no {key!r}; it has: {', '.join(self.values_)}.") from None

    def __getattr__(self, key: str) -> Array:
        if key.startswith("_") or key == "values_":
            raise AttributeError(key)
        try:
            return self[key]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)

    def formula(self, key: str) -> str:
        """Return how a value was made, such as "inputs @ weight + bias"."""
        self[key]
        return self.values_[key].formula


class Trace(Mapping[str, LayerTrace]):
    """One pass through a network: trace["dense1"].z, trace.outputs, trace.loss.

    Prints as text; shows as an HTML table in a notebook.

    Attributes:
        inputs, outputs: what went in and what the last layer gave.
        loss, output_gradient: the loss with penalties, and dL/d(outputs); None without targets.
    """

    def __init__(
        self,
        layers: dict[str, LayerTrace],
        inputs: Array,
        outputs: Array,
        loss: float | None,
        output_gradient: Array | None,
    ) -> None:
        self._layers = layers
        self.inputs, self.outputs = inputs, outputs
        self.loss, self.output_gradient = loss, output_gradient

    def __getitem__(self, name: str) -> LayerTrace:
        try:
            return self._layers[name]
        except KeyError:
            raise KeyError(f"No layer {name!r} in the trace; it has: {', '.join(self._layers)}.") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __str__(self) -> str:
        return self.text()

    def text(self, max_rows: int = 6, precision: int = 4) -> str:
        """Return the whole pass as text; larger arrays are shown in part."""
        parts = []
        for layer in self.values():
            parts.append(f"== {layer.name}: {layer.description}")
            for key, value in layer.values_.items():
                parts.append(f"{key} = {value.formula}    {_shape(value.array)}")
                parts.append(_numbers(value.array, max_rows, precision))
        if self.loss is not None:
            parts.append(f"== loss = {self.loss:.8g}")
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        rows = []
        for layer in self.values():
            rows.append(
                f'<tr><th colspan="4" style="text-align:left">{html.escape(layer.name)}: '
                f"{html.escape(layer.description)}</th></tr>"
            )
            for key, value in layer.values_.items():
                numbers = html.escape(_numbers(value.array, 6, 4))
                rows.append(
                    f"<tr><td>{html.escape(key)}</td><td>{html.escape(value.formula)}</td>"
                    f"<td>{_shape(value.array)}</td>"
                    f'<td style="text-align:left"><pre>{numbers}</pre></td></tr>'
                )
        if self.loss is not None:
            rows.append(f'<tr><th colspan="4" style="text-align:left">loss = {self.loss:.8g}</th></tr>')
        head = "<tr><th>value</th><th>formula</th><th>shape</th><th>numbers</th></tr>"
        return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def trace(
    network: Network,
    X: npt.ArrayLike,
    y: npt.ArrayLike | None = None,
    loss: Loss | str | None = None,
    *,
    training: bool = True,
) -> Trace:
    """Run one pass and keep every value; with `y` and `loss`, the backward pass too.

    The network's gradients are those of this pass afterwards; its running statistics and random
    streams are left as they were.

    Args:
        network: built here if need be.
        X: (n_samples, n_features); a handful of rows reads best.
        y: targets, as the loss takes them.
        loss: needed for the backward pass.
        training: batch statistics and dropout on.

    >>> import numpy as np, glassnet as gn
    >>> net = gn.Network([gn.Dense(2, activation="relu"), gn.Dense(1)], seed=0, dtype="float64")
    >>> seen = gn.trace(net, np.ones((3, 4)), np.zeros(3), gn.MeanSquaredError())
    >>> seen["dense1"].dweight.shape, seen["dense1"].formula("z")
    ((4, 2), 'inputs @ weight + bias')
    """
    inputs = np.ascontiguousarray(as_features(X, network.n_features, dtype=network.dtype), network.dtype)
    network.build(inputs.shape[1])
    kept = network.parameters.statistics.flat.copy()
    memory = network.new_pass()
    generator = copy.deepcopy(network.generators["dropout"])
    memory.start_recording()
    outputs = memory.forward(inputs, training, generator).copy()
    network.parameters.statistics.flat[...] = kept
    value, output_gradient = None, None
    if y is not None and loss is not None:
        chosen: Loss = resolve("loss", loss)
        value, output_gradient = chosen.value_and_gradient(outputs, y)
        output_gradient = np.array(output_gradient)
        memory.backward(output_gradient.copy())
        value += memory.penalize()
    layers: dict[str, LayerTrace] = {}
    for layer, context in zip(network.layers, memory.contexts, strict=True):
        _describe(layer, context, value is not None, layers)
    return Trace(layers, inputs, outputs, value, output_gradient)


def _describe(layer: Layer, context: Context, backward: bool, layers: dict[str, LayerTrace]) -> None:
    formulas = _formulas(layer, context)
    values: dict[str, Value] = {}

    def add(key: str, array: Array | None) -> None:
        if isinstance(array, np.ndarray):
            values[key] = Value(formulas.get(key, key), array.copy())

    seen = context.record or {}
    add("inputs", seen.get("inputs"))
    for key, array in context.parameters.items():
        add(key, array)
    for key in ("z", "x_hat", "mask"):
        add(key, context.saved.get(key))  # a Dropout at prediction has no mask
    add("a", seen.get("a"))
    if backward:
        add("da", seen.get("da"))
        add("dz", context.saved.get("dz"))
        for key, array in context.gradients.items():
            add(f"d{key}", array)
        add("dinputs", seen.get("dinputs"))
    layers[context.name] = LayerTrace(context.name, repr(layer), values)
    if isinstance(layer, Residual):
        for inner, child in zip(layer.layers, context.children, strict=True):
            _describe(inner, child, backward, layers)


def _formulas(layer: Layer, context: Context) -> dict[str, str]:
    common = {
        "inputs": "what the layer below gave",
        "da": "dL/da, from above",
        "dinputs": "dL/d(inputs), handed down",
    }
    if isinstance(layer, Dense):
        plus = " + bias" if layer.bias else ""
        return common | {
            "z": f"inputs @ weight{plus}",
            "a": f"f(z) = {layer.activation.formula}",
            "dz": f"da * f'(z), f = {type(layer.activation).__name__}",
            "dweight": "inputs.T @ dz",
            "dbias": "sum of dz over the rows",
            "dinputs": "dz @ weight.T",
        }
    if isinstance(layer, Activation):
        return common | {
            "a": f"f(inputs) = {layer.function.formula}",
            "dinputs": f"da * f'(inputs), f = {type(layer.function).__name__}",
        }
    if isinstance(layer, (BatchNorm, LayerNorm)):
        over = "the rows" if isinstance(layer, BatchNorm) else "the features"
        return common | {
            "x_hat": f"(inputs - mean) / sqrt(variance + epsilon), over {over}",
            "a": "scale * x_hat + shift",
            "dscale": "sum of da * x_hat over the rows",
            "dshift": "sum of da over the rows",
            "dinputs": "(g - mean(g) - x_hat * mean(g * x_hat)) / sqrt(variance + epsilon), g = da * scale",
        }
    if isinstance(layer, Dropout):
        return common | {
            "mask": "1 / (1 - rate) where kept, else 0",
            "a": "inputs * mask" if context.training and layer.rate else "inputs",
            "dinputs": "da * mask",
        }
    if isinstance(layer, Residual):
        skip = "inputs @ projection" if "projection" in context.parameters else "inputs"
        return common | {"a": f"F(inputs) + {skip}", "dprojection": "inputs.T @ da"}
    return common | {"a": "forward(inputs)"}


def _shape(array: Array) -> str:
    return "(" + ", ".join(map(str, array.shape)) + ("," if array.ndim == 1 else "") + ")"


def _numbers(array: Array, max_rows: int, precision: int) -> str:
    return np.array2string(
        array,
        precision=precision,
        suppress_small=True,
        threshold=max_rows * 12,
        edgeitems=3,
        max_line_width=110,
    )
