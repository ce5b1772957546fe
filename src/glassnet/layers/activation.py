"""An activation as a layer of its own."""

from __future__ import annotations

from dataclasses import dataclass

from glassnet._typing import Array
from glassnet.activations import ActivationFunction
from glassnet.context import Context
from glassnet.hyperparameters import hyperparameter
from glassnet.layers.base import Layer

__all__ = ["Activation"]


@dataclass(frozen=True)
class Activation(Layer):
    """a = f(x), element by element (softmax: row by row); use it after BatchNorm or LayerNorm.

    Args:
        function: name or object, such as "relu" or gn.LeakyReLU(0.2).
    """

    function: ActivationFunction = hyperparameter(kind="activation", positional=True)

    def forward(self, inputs: Array, context: Context) -> Array:
        """Return f(x), same shape."""
        if context.skip_activation:
            return inputs
        a = context.buffers.get("a", inputs.shape)
        self.function.forward(inputs, a, context.scratch)
        context.saved["z"], context.saved["a"] = inputs, a
        return a

    def backward(self, gradient: Array, context: Context) -> Array | None:
        """Return dL/da * f'(x), written over the gradient."""
        if not context.skip_activation:
            z, a = context.saved["z"], context.saved["a"]
            self.function.backward(gradient, z, a, gradient, context.scratch)
        return gradient
