"""Layers: dense, activation, normalisation, dropout, residual; and the base for your own."""

from __future__ import annotations

from glassnet.layers.activation import Activation
from glassnet.layers.base import Layer
from glassnet.layers.batch_norm import BatchNorm
from glassnet.layers.dense import Dense
from glassnet.layers.dropout import Dropout
from glassnet.layers.layer_norm import LayerNorm
from glassnet.layers.residual import Residual

__all__ = ["BY_NAME", "Activation", "BatchNorm", "Dense", "Dropout", "Layer", "LayerNorm", "Residual"]

BY_NAME: dict[str, type[Layer]] = {
    "dense": Dense,
    "activation": Activation,
    "batchnorm": BatchNorm,
    "layernorm": LayerNorm,
    "dropout": Dropout,
    "residual": Residual,
}
