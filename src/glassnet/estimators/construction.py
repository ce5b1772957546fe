"""From parameters to a network: its layers, and scikit-learn's first weights."""

from __future__ import annotations

import copy
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.activations import ActivationFunction, Sigmoid
from glassnet.layers import Activation, BatchNorm, Dense, Dropout, Layer, LayerNorm
from glassnet.network import Network
from glassnet.registry import resolve

__all__ = ["as_activation", "build_network", "dense_names", "hidden_layers", "hidden_sizes", "weight_factor"]

_OF_SCIKIT = {"identity": "linear", "logistic": "sigmoid"}


def as_activation(value: str | ActivationFunction) -> ActivationFunction:
    """Return the activation that scikit-learn or glassnet calls by this name; objects as they are."""
    name = _OF_SCIKIT.get(value, value) if isinstance(value, str) else value
    activation: ActivationFunction = resolve("activation", name)
    return activation


def hidden_sizes(value: Any) -> list[int]:
    """Return the widths of the hidden layers; a number is one layer."""
    sizes = list(value) if hasattr(value, "__iter__") else [value]
    if np.any(np.array(sizes) <= 0):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    try:
        return [operator.index(size) for size in sizes]
    except TypeError:
        raise TypeError(f"hidden_layer_sizes must be integers > 0, got {sizes}.") from None


def hidden_layers(
    sizes: Sequence[int], activation: Any, dropout: Any, normalization: str | None
) -> tuple[list[Layer], list[ActivationFunction]]:
    """Return the hidden layers, and the activation of each: dense, normalised, activated, thinned."""
    names = _one_per_layer("activation", activation, len(sizes))
    rates = _one_per_layer("dropout", dropout, len(sizes))
    activations = [as_activation(name) for name in names]
    norm = {"batch": BatchNorm, "layer": LayerNorm}.get(normalization or "")
    layers: list[Layer] = []
    for units, function, rate in zip(sizes, activations, rates, strict=True):
        if norm is None:
            layers.append(Dense(int(units), activation=function))
        else:
            layers += [Dense(int(units)), norm(), Activation(function)]
        if rate:
            layers.append(Dropout(rate))
    return layers, activations


def _one_per_layer(name: str, value: Any, n: int) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        return [value] * n
    if len(value) != n:
        raise ValueError(
            f"{name} must hold one item for each of the {n} hidden layers, got {len(value)}: {value!r}."
        )
    return list(value)


def build_network(
    layers: Sequence[Layer],
    n_features: int,
    dtype: np.dtype[Any],
    random_state: np.random.RandomState,
    factor: float,
) -> Network:
    """Return a network with scikit-learn's first weights, drawn from `random_state` as it draws them.

    Weights and biases of each dense layer are uniform in +-sqrt(factor / (fan_in + fan_out)) (Glorot &
    Bengio, 2010). The seed for dropout comes from a copy of `random_state`, which so stays in step.
    """
    seed = int(copy.deepcopy(random_state).randint(np.iinfo(np.int32).max))
    network = Network(layers, seed=seed, dtype=dtype).build(n_features)
    for name in dense_names(network):
        weight, bias = network.parameters[f"{name}.weight"], network.parameters[f"{name}.bias"]
        bound = np.sqrt(factor / sum(weight.shape))
        weight[...] = random_state.uniform(-bound, bound, weight.shape)
        bias[...] = random_state.uniform(-bound, bound, bias.shape)
    return network


def weight_factor(activations: Sequence[ActivationFunction]) -> float:
    """Return scikit-learn's factor for the first weights: 2 where all hidden layers are logistic, else 6."""
    return 2.0 if activations and all(isinstance(a, Sigmoid) for a in activations) else 6.0


def dense_names(network: Network) -> list[str]:
    """Return the names of the dense layers, from first to last."""
    pairs = zip(network.layer_names, network.layers, strict=True)
    return [name for name, layer in pairs if isinstance(layer, Dense)]
