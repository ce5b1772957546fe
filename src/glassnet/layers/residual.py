"""A block with a skip connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glassnet._typing import Array
from glassnet.context import Context
from glassnet.errors import HyperparameterError
from glassnet.hyperparameters import hyperparameter
from glassnet.initializers import XavierUniform
from glassnet.layers.base import Layer, build_chain, chain_backward, chain_forward
from glassnet.parameters import Scope
from glassnet.products import forward_product, product

__all__ = ["Residual"]


@dataclass(frozen=True)
class Residual(Layer):
    """y = F(x) + x, F the nested layers; where widths differ, y = F(x) + x P (He et al., 2016).

    Parameters: those of the nested layers ("residual1.dense1.weight"), and where F changes the
    width, "projection" (inputs, outputs).

    Args:
        layers: the layers of F, at least one.
    """

    layers: Sequence[Layer] = hyperparameter(kind="layer", many=True, positional=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.layers:
            raise HyperparameterError("Residual layers must hold at least one layer, got none.")

    def build(self, n_inputs: int, scope: Scope) -> int:
        """Build the nested layers, and the projection if they change the width."""
        width = build_chain(self.layers, n_inputs, scope)
        if width != n_inputs:
            scope.parameter("projection", (n_inputs, width), XavierUniform())
        return width

    def forward(self, inputs: Array, context: Context) -> Array:
        """Return F(x) + x or F(x) + x P."""
        inner = chain_forward(self.layers, context.children, inputs)
        outputs = context.buffers.get("outputs", inner.shape)
        context.saved["inputs"] = inputs
        if "projection" in context.parameters:
            forward_product(inputs, context.parameters["projection"], outputs, context.training)
            outputs += inner
        else:
            np.add(inner, inputs, out=outputs)
        return outputs

    def backward(self, gradient: Array, context: Context) -> Array | None:
        """Send the gradient down both ways and add what returns."""
        inner = context.buffers.get("inner", gradient.shape)
        np.copyto(inner, gradient)  # nested layers may overwrite what they are given
        if "projection" in context.parameters:
            product(context.saved["inputs"].T, gradient, context.gradients["projection"])
        below = chain_backward(self.layers, context.children, inner)
        if not context.wants_input_gradient or below is None:
            return None
        if "projection" not in context.parameters:
            gradient += below
            return gradient
        dx = context.buffers.get("dx", below.shape)
        product(gradient, context.parameters["projection"].T, dx)
        dx += below
        return dx
