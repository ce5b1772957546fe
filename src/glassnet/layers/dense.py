"""The dense layer: z = x W + b, a = f(z)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from glassnet._typing import Array
from glassnet.activations import ActivationFunction, Linear
from glassnet.activations.base import add_bias, fused
from glassnet.context import Context
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.initializers import Initializer, Zeros
from glassnet.layers.base import Layer
from glassnet.parameters import Scope
from glassnet.products import forward_product, product
from glassnet.reductions import column_sum, inner
from glassnet.registry import resolve

__all__ = ["Dense"]

_LINEAR = Linear()
_NOT_NEGATIVE = Interval(0, math.inf, "left")


@dataclass(frozen=True)
class Dense(Layer):
    """Fully connected layer, a = f(x W + b).

    Backward, with dz = dL/da * f'(z):

        dW = x^T dz,   db = sum of dz over the rows,   dx = dz W^T.

    Parameters: "weight" (inputs, units) and "bias" (units,).

    Args:
        units: number of outputs, at least 1.
        activation: name or object, default "linear".
        bias: whether there is a bias, default True; it starts at zero (PyTorch draws it).
        initializer: of the weights; default None follows the activation: He normal for the relu
            family, LeCun normal for selu, Xavier uniform for the others.
        l1: adds l1 * sum |W| to the loss, at least 0.
        l2: adds l2 / 2 * sum W^2 to the loss, at least 0; its gradient is l2 * W (Keras has no 1/2).
        max_norm: if given, after each update every unit's incoming weights are scaled down to this
            Euclidean norm (Srivastava et al., 2014), where PyTorch's renorm divides by norm + 1e-7.

    >>> import glassnet as gn
    >>> gn.Network([gn.Dense(3, activation="relu")], seed=0).build(4).parameters["dense1.weight"].shape
    (4, 3)
    """

    units: int = hyperparameter(interval=Interval(1, math.inf, "left", integer=True), positional=True)
    activation: ActivationFunction = hyperparameter("linear", kind="activation")
    bias: bool = hyperparameter(True, flag=True)
    initializer: Initializer | None = hyperparameter(None, kind="initializer", optional=True)
    l1: float = hyperparameter(0.0, interval=_NOT_NEGATIVE)
    l2: float = hyperparameter(0.0, interval=_NOT_NEGATIVE)
    max_norm: float | None = hyperparameter(None, interval=Interval(0, math.inf, "neither"), optional=True)

    @property
    def regularized(self) -> bool:  # type: ignore[override]
        """Whether there is a penalty or a constraint."""
        kind = type(self)  # a subclass may bring a penalty or a constraint of its own
        own = kind.penalize is not Dense.penalize or kind.constrain is not Dense.constrain
        return bool(own or self.l1 or self.l2 or self.max_norm)

    def build(self, n_inputs: int, scope: Scope) -> int:
        """Declare weight and bias."""
        chosen = self.initializer or resolve("initializer", self.activation.initializer)
        scope.parameter("weight", (n_inputs, self.units), chosen)
        if self.bias:
            scope.parameter("bias", (self.units,), Zeros(), decay=False)
        return self.units

    def forward(self, inputs: Array, context: Context) -> Array:
        """Return f(x W + b): x (B, I), W (I, U), b (U,) -> (B, U)."""
        activation = _LINEAR if context.skip_activation else self.activation
        z = context.buffers.get("z", (len(inputs), self.units))
        forward_product(inputs, context.parameters["weight"], z, context.training)
        in_place = activation.from_output and context.record is None
        a = z if in_place else context.buffers.get("a", z.shape)
        if self.bias and in_place and fused(activation, "forward"):
            activation.forward_biased(z, context.parameters["bias"], context.scratch)
        else:
            if self.bias:
                add_bias(z, context.parameters["bias"])
            activation.forward(z, a, context.scratch)
        saved = context.saved
        saved["inputs"], saved["z"], saved["a"] = inputs, z, a
        return a

    def backward(self, gradient: Array, context: Context) -> Array | None:
        """Fill dW and db from dL/da (B, U); return dL/dx (B, I) if it is wanted."""
        activation = _LINEAR if context.skip_activation else self.activation
        saved, gradients = context.saved, context.gradients
        x, z, a = saved["inputs"], saved["z"], saved["a"]
        saved["dz"] = dz = gradient  # dL/da becomes dL/dz in place
        if self.bias and fused(activation, "backward"):
            activation.backward_biased(dz, z, a, gradients["bias"], context.scratch)
        else:
            activation.backward(dz, z, a, dz, context.scratch)
            if self.bias:
                column_sum(dz, gradients["bias"])
        product(x.T, dz, gradients["weight"])  # (I, B) (B, U) -> (I, U)
        if not context.wants_input_gradient:
            return None
        dx = context.buffers.get("dx", x.shape)
        product(dz, context.parameters["weight"].T, dx)  # (B, U) (U, I) -> (B, I)
        return dx

    def penalize(self, context: Context, add_gradient: bool) -> float:
        """Return l1 sum |W| + l2/2 sum W^2 and add l1 sign(W) + l2 W to dW."""
        if not self.l1 and not self.l2:
            return 0.0
        w, dw = context.parameters["weight"], context.gradients["weight"]
        work = context.scratch.get("penalty", w.shape)
        value = 0.0
        if self.l1:
            value += self.l1 * inner(w, np.sign(w, out=work))
            if add_gradient:
                work *= self.l1
                dw += work
        if self.l2:
            value += self.l2 / 2 * inner(w, w)
            if add_gradient:
                dw += np.multiply(w, self.l2, out=work)
        return value

    def constrain(self, context: Context) -> None:
        """Scale every column of W whose norm exceeds max_norm down to it."""
        if self.max_norm is None:
            return
        w = context.parameters["weight"]
        work = np.multiply(w, w, out=context.scratch.get("penalty", w.shape))
        norms = np.sum(work, axis=0, out=context.scratch.get("norms", (self.units,)))
        np.sqrt(norms, out=norms)
        np.maximum(norms, self.max_norm, out=norms)  # columns within the bound get the factor 1
        np.divide(self.max_norm, norms, out=norms)
        w *= norms
