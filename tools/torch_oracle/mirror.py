"""Layers: a PyTorch module for every glassnet network, with its tensors under glassnet's names."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import glassnet as gn

ACTIVATIONS = {
    gn.Linear: lambda f: nn.Identity(),
    gn.ReLU: lambda f: nn.ReLU(),
    gn.LeakyReLU: lambda f: nn.LeakyReLU(f.slope),
    gn.ELU: lambda f: nn.ELU(f.alpha),
    gn.SELU: lambda f: nn.SELU(),
    gn.GELU: lambda f: nn.GELU(),
    gn.SiLU: lambda f: nn.SiLU(),
    gn.Mish: lambda f: nn.Mish(),
    gn.Softplus: lambda f: nn.Softplus(threshold=700),  # its 20 cuts off 2e-9: see the differences
    gn.Sigmoid: lambda f: nn.Sigmoid(),
    gn.Tanh: lambda f: nn.Tanh(),
    gn.Softmax: lambda f: nn.Softmax(dim=1),
}


def tensor(array) -> Tensor:
    """Return a float64 tensor with memory of its own."""
    return torch.tensor(np.asarray(array, np.float64))


def numbers(values: Tensor) -> np.ndarray:
    """Return a tensor as an array with memory of its own."""
    return values.detach().numpy().copy()


@dataclass
class Mirror:
    """A module and its tensors by glassnet's names; PyTorch holds a dense layer's weight transposed."""

    module: nn.Module
    parameters: dict[str, Tensor] = field(default_factory=dict)
    statistics: dict[str, Tensor] = field(default_factory=dict)
    turned: set[str] = field(default_factory=set)
    """Names of the parameters that PyTorch holds transposed."""
    penalized: list[tuple[gn.Dense, Tensor]] = field(default_factory=list)
    masks: list[np.ndarray] = field(default_factory=list)
    """Every dropout mask so far, 1 for what was kept."""

    def load(self, values: dict[str, np.ndarray]) -> None:
        """Copy glassnet's arrays in."""
        with torch.no_grad():
            for name, value in values.items():
                self.parameters[name].copy_(tensor(value).T if name in self.turned else tensor(value))

    def values(self) -> dict[str, np.ndarray]:
        """Return the parameters in glassnet's shapes."""
        return {name: numbers(self._face(name, p)) for name, p in self.parameters.items()}

    def gradients(self) -> dict[str, np.ndarray]:
        """Return the gradients in glassnet's shapes."""
        return {name: numbers(self._face(name, p.grad)) for name, p in self.parameters.items()}

    def running(self) -> dict[str, np.ndarray]:
        """Return the running statistics."""
        return {name: numbers(s) for name, s in self.statistics.items()}

    def penalty(self) -> Tensor:
        """Return the sum of the dense layers' l1 and l2 penalties."""
        total = torch.zeros(())
        for layer, weight in self.penalized:
            total = total + layer.l1 * weight.abs().sum() + layer.l2 / 2 * weight.square().sum()
        return total

    def constrain(self) -> None:
        """Scale units whose incoming weights are longer than max_norm."""
        with torch.no_grad():
            for layer, weight in self.penalized:
                if layer.max_norm is not None:
                    norms = torch.linalg.vector_norm(weight, dim=1, keepdim=True)
                    weight.mul_((layer.max_norm / norms).clamp(max=1))

    def _face(self, name: str, values: Tensor) -> Tensor:
        return values.T if name in self.turned else values


class RecordedDropout(nn.Module):
    """PyTorch's own dropout, which also tells its mask."""

    def __init__(self, rate: float, masks: list[np.ndarray]) -> None:
        super().__init__()
        self.rate, self.masks = rate, masks

    def forward(self, x: Tensor) -> Tensor:
        """Return dropout(x); the mask is what the same random state makes of ones."""
        if not self.training or self.rate == 0:
            return F.dropout(x, self.rate, self.training)
        before = torch.get_rng_state()
        y = F.dropout(x, self.rate)
        torch.set_rng_state(before)
        factors = F.dropout(torch.ones_like(x), self.rate)
        if not torch.equal(y, x * factors):
            raise RuntimeError("The recorded dropout mask is not the one that was used.")
        self.masks.append((numbers(factors) != 0).astype(np.uint8))
        return y


class Skip(nn.Module):
    """inner(x) + x, or inner(x) + P x."""

    def __init__(self, inner: nn.Module, projection: nn.Module) -> None:
        super().__init__()
        self.inner, self.projection = inner, projection

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of both ways."""
        return self.inner(x) + self.projection(x)


def mirror_of(layers, n_features: int) -> Mirror:
    """Return the PyTorch network that glassnet's layers describe."""
    mirror = Mirror(nn.Identity())
    mirror.module, _ = _chain(layers, n_features, "", mirror)
    return mirror


def _chain(layers, width: int, prefix: str, mirror: Mirror) -> tuple[nn.Module, int]:
    counts: Counter[str] = Counter()
    modules = []
    for layer in layers:
        kind = type(layer).__name__.lower()
        counts[kind] += 1
        module, width = BUILDERS[type(layer)](layer, width, f"{prefix}{kind}{counts[kind]}", mirror)
        modules.append(module)
    return nn.Sequential(*modules), width


def _dense(layer: gn.Dense, width: int, name: str, mirror: Mirror) -> tuple[nn.Module, int]:
    linear = nn.Linear(width, layer.units, bias=layer.bias)
    mirror.parameters[f"{name}.weight"] = linear.weight
    mirror.turned.add(f"{name}.weight")
    mirror.penalized.append((layer, linear.weight))
    if layer.bias:
        mirror.parameters[f"{name}.bias"] = linear.bias
    return nn.Sequential(linear, ACTIVATIONS[type(layer.activation)](layer.activation)), layer.units


def _activation(layer: gn.Activation, width: int, name: str, mirror: Mirror) -> tuple[nn.Module, int]:
    return ACTIVATIONS[type(layer.function)](layer.function), width


def _batch_norm(layer: gn.BatchNorm, width: int, name: str, mirror: Mirror) -> tuple[nn.Module, int]:
    norm = nn.BatchNorm1d(width, eps=layer.epsilon, momentum=1 - layer.momentum)
    mirror.parameters |= {f"{name}.scale": norm.weight, f"{name}.shift": norm.bias}
    mirror.statistics |= {f"{name}.mean": norm.running_mean, f"{name}.variance": norm.running_var}
    return norm, width


def _layer_norm(layer: gn.LayerNorm, width: int, name: str, mirror: Mirror) -> tuple[nn.Module, int]:
    norm = nn.LayerNorm(width, eps=layer.epsilon)
    mirror.parameters |= {f"{name}.scale": norm.weight, f"{name}.shift": norm.bias}
    return norm, width


def _dropout(layer: gn.Dropout, width: int, name: str, mirror: Mirror) -> tuple[nn.Module, int]:
    return RecordedDropout(layer.rate, mirror.masks), width


def _residual(layer: gn.Residual, width: int, name: str, mirror: Mirror) -> tuple[nn.Module, int]:
    inner, out = _chain(layer.layers, width, f"{name}.", mirror)
    if out == width:
        return Skip(inner, nn.Identity()), out
    projection = nn.Linear(width, out, bias=False)
    mirror.parameters[f"{name}.projection"] = projection.weight
    mirror.turned.add(f"{name}.projection")
    return Skip(inner, projection), out


BUILDERS = {
    gn.Dense: _dense,
    gn.Activation: _activation,
    gn.BatchNorm: _batch_norm,
    gn.LayerNorm: _layer_norm,
    gn.Dropout: _dropout,
    gn.Residual: _residual,
}
