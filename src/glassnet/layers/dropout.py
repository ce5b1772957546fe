"""Dropout: random units are switched off while training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glassnet._typing import Array
from glassnet.context import Context
from glassnet.errors import GlassnetError
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.kernels import kernel
from glassnet.layers.base import Layer

__all__ = ["Dropout"]


@kernel
def dropout(inputs: Array, rate: float, mask: Array, outputs: Array) -> None:
    """m = 1 / (1 - rate) where u >= rate, else 0; y = x m. `mask` is u, uniform in [0, 1), then m."""
    np.greater_equal(mask, rate, out=mask)
    mask *= 1 / (1 - rate)
    np.multiply(inputs, mask, out=outputs)


@dataclass(frozen=True)
class Dropout(Layer):
    """Inverted dropout: y = x * m / (1 - rate), m = 1 with probability 1 - rate, else 0.

    The division keeps the mean, so prediction is the identity (Srivastava et al., 2014).

    Args:
        rate: share of the inputs set to zero, in [0, 1); PyTorch also takes 1, which lets nothing through.
    """

    rate: float = hyperparameter(interval=Interval(0, 1, "left"), positional=True)

    def forward(self, inputs: Array, context: Context) -> Array:
        """Return the thinned inputs in training, the inputs themselves otherwise."""
        if not context.training or self.rate == 0:
            return inputs
        if context.generator is None:
            raise GlassnetError(f"{context.name}: a training pass with dropout needs a random generator.")
        mask = context.buffers.get("mask", inputs.shape)
        context.generator.random(out=mask, dtype=mask.dtype.type)
        context.saved["mask"] = mask
        outputs = context.buffers.get("outputs", inputs.shape)
        dropout(inputs, self.rate, mask, outputs)
        return outputs

    def backward(self, gradient: Array, context: Context) -> Array | None:
        """Return the gradient through the same mask."""
        if context.training and self.rate > 0:
            np.multiply(gradient, context.saved["mask"], out=gradient)
        return gradient
