"""The weights of a layer as pictures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from glassnet._typing import AnyArray
from glassnet.errors import HyperparameterError, ShapeError, unknown_name
from glassnet.hyperparameters import Interval, Rule
from glassnet.plots.style import axes_for, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

    from glassnet.network import Network

__all__ = ["weight_images"]

_LIMIT = Rule(Interval(1, 10_000, integer=True))
_SCALE = Rule(choices=("shared", "each"))


def weight_images(
    network: Network,
    layer: str | None = None,
    shape: tuple[int, int] | None = None,
    *,
    limit: int = 64,
    scale: str = "shared",
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the weights into each unit of a dense layer as one picture, in a grid.

    Red weights are positive, blue ones negative, white is zero. One colour scale serves all
    pictures; its ends are the 99.5th percentile of the sizes, so that a few large weights do not
    pale the rest.

    Args:
        network: built.
        layer: the layer's name; default is the first that has a weight, such as "dense1".
        shape: (height, width) of the pictures, whose product is the layer's inputs; default is a
            square where there is one.
        limit: how many units to draw, the first ones, in [1, 10000]. Default 64.
        scale: "shared" (default), or "each": every picture has a scale of its own.
        title: text above the grid; default names the layer.
        ax: where to draw; None makes a new figure.

    Raises:
        NotBuiltError: the network has no parameters yet.
        HyperparameterError: a layer that is not there or has no weight, or a value out of range.
        ShapeError: `shape` does not fit the layer's inputs.
        MissingDependencyError: matplotlib is missing.

    >>> import glassnet as gn
    >>> net = gn.Network([gn.Dense(10), gn.Dense(3)], seed=0).build(64)
    >>> weight_images(net).get_title()
    'dense1: weights of 10 units, each 8 x 8'
    """
    _LIMIT.check("weight_images", "limit", limit)
    _SCALE.check("weight_images", "scale", scale)
    layers = [
        name.removesuffix(".weight")
        for name, values in network.parameters.items()
        if name.endswith(".weight") and values.ndim == 2
    ]
    if not layers:
        raise HyperparameterError("weight_images: the network has no layer with a weight matrix.")
    chosen = layers[0] if layer is None else layer
    if chosen not in layers:
        raise unknown_name("layer with a weight matrix", chosen, layers)
    weight = network.parameters[f"{chosen}.weight"].astype(np.float64)  # (I, O)
    height, width = _checked_shape(shape, len(weight), chosen)
    shown = min(int(limit), weight.shape[1])
    pictures = weight[:, :shown].T.reshape(shown, height, width)
    bound = _bound(pictures)
    if scale == "each":
        pictures = pictures / np.maximum(np.abs(pictures).max(axis=(1, 2), keepdims=True), 1e-300)
        bound = 1.0
    columns = _columns(shown, height / width)
    mosaic = _mosaic(pictures, columns)
    ratio = mosaic.shape[0] / mosaic.shape[1]
    axes = axes_for(ax, (6.4, float(np.clip(5.4 * ratio + 0.6, 1.8, 12))))
    axes.set_facecolor("#888888")
    image = axes.imshow(mosaic, cmap=_colour_map(), vmin=-bound, vmax=bound, interpolation="nearest")
    axes.figure.colorbar(
        image, ax=axes, shrink=0.8, label="weight" if scale == "shared" else "weight / largest"
    )
    axes.set_xticks([])
    axes.set_yticks([])
    units = f"{shown} units" if shown == weight.shape[1] else f"{shown} of {weight.shape[1]} units"
    text = f"{chosen}: weights of {units}, each {height} x {width}"
    axes.set_title(plain(text) if title is None else title, fontsize=11)
    return axes


def _checked_shape(shape: tuple[int, int] | None, inputs: int, layer: str) -> tuple[int, int]:
    if shape is None:
        side = math.isqrt(inputs)
        if side * side != inputs:
            raise ShapeError(
                f"Layer {layer} has {inputs} inputs, which make no square: give shape=(height, width)."
            )
        return side, side
    if not isinstance(shape, (tuple, list)) or len(shape) != 2 or not all(map(_is_count, shape)):
        raise ShapeError(f"shape must be (height, width), two integers of at least 1, got {shape!r}.")
    height, width = int(shape[0]), int(shape[1])
    if height * width != inputs:
        raise ShapeError(
            f"shape {height} x {width} has {height * width} points, layer {layer} has {inputs} inputs."
        )
    return height, width


def _columns(n: int, aspect: float) -> int:
    """Return how many pictures stand side by side: a grid a bit wider than high, full if possible."""
    ideal = math.sqrt(n * aspect * 1.25)
    near = [c for c in range(1, n + 1) if n % c == 0 and 0.7 * ideal <= c <= 1.5 * ideal]
    return min(near, key=lambda c: abs(c - ideal)) if near else min(n, math.ceil(ideal))


def _is_count(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) >= 1


def _bound(pictures: AnyArray) -> float:
    sizes = np.abs(pictures[np.isfinite(pictures)])
    if sizes.size == 0:
        return 1.0
    return float(np.percentile(sizes, 99.5)) or float(sizes.max()) or 1.0


def _mosaic(pictures: AnyArray, columns: int) -> AnyArray:
    """Return the pictures in rows and columns, with gaps of NaN between them."""
    finer = -(-16 // max(pictures.shape[1:]))  # small pictures get finer points, and so narrower gaps
    pictures = pictures.repeat(finer, axis=1).repeat(finer, axis=2)
    n, height, width = pictures.shape
    rows = -(-n // columns)
    gap = max(1, round(0.1 * max(height, width)))
    mosaic = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for i, picture in enumerate(pictures):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        mosaic[top : top + height, left : left + width] = picture
    return mosaic


def _colour_map() -> Colormap:
    from matplotlib import colormaps

    return colormaps["RdBu_r"].with_extremes(bad=(0, 0, 0, 0))
