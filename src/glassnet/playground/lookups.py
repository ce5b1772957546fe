"""Single things of the network that the page asks for: a weight, which it may set, and a unit's picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.errors import HyperparameterError
from glassnet.hyperparameters import Interval, Rule
from glassnet.playground.controls import control
from glassnet.playground.desk import Desk
from glassnet.playground.frames import encode
from glassnet.playground.views import large_grid

__all__ = ["neuron", "weight"]

_WEIGHT = Rule(Interval(-1e6, 1e6))


def weight(desk: Desk, message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the message of one weight and its gradient (None before any); set it first, if a value is given.

    Args:
        desk: what the weight is of.
        message: layer, row (-1 is the bias), column, and perhaps a value.

    Raises:
        ControlError: no such weight, or a value that is no number.
    """
    layer, row, column = message.get("layer"), message.get("row"), message.get("column")
    with control("weight"):
        if not isinstance(layer, str) or layer not in desk.painter.blocks:
            raise HyperparameterError(f"There is no layer {layer!r:.40} with weights.")
        name = f"{layer}.bias" if row == -1 else f"{layer}.weight"
        array = desk.run.network.parameters[name]
        place = _place([column] if row == -1 else [row, column], name, array.shape)
        if "value" in message:
            desk.set_weight(name, place, _WEIGHT.check("Weight", "value", message["value"]))
    gradient = None
    if desk.run.last_loss is not None:
        gradient = float(desk.run.network.gradients[name][place])
    told = {"type": "weight", "layer": layer, "row": row, "column": column}
    return {**told, "value": float(array[place]), "gradient": gradient}


def neuron(desk: Desk, message: Mapping[str, Any]) -> bytes:
    """Return a frame with one unit's large picture.

    Args:
        desk: what the unit is of.
        message: layer, unit, and perhaps the size of the grid.

    Raises:
        ControlError: no such unit, or a table, which has no plane.
    """
    layer, unit = message.get("layer"), message.get("unit")
    with control("neuron"):
        if desk.problem.plane is None:
            raise HyperparameterError("A table has no plane over which a unit could be drawn.")
        if not isinstance(layer, str) or layer not in desk.painter.blocks:
            raise HyperparameterError(f"There is no layer {layer!r:.40} with units.")
        bias = desk.run.network.parameters[f"{layer}.bias"]
        (place,) = _place([unit], f"{layer}'s units", bias.shape)
        picture = desk.painter.neuron(layer, place, large_grid(message.get("grid", 100)))
    header = {"type": "neuron", "layer": layer, "unit": unit}
    return encode(header, {"neuron": np.nan_to_num(picture)})


def _place(given: list[Any], name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    if all(type(i) is int and 0 <= i < n for i, n in zip(given, shape, strict=True)):
        return tuple(given)
    raise HyperparameterError(f"{name} has the shape {shape}; {tuple(given)!r:.40} is not in it.")
