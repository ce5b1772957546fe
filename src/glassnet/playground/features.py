"""The features that are made of a point's two coordinates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from glassnet._typing import Array

__all__ = ["FEATURES", "Feature", "expanded"]

Feature = tuple[str, str, Callable[[Array, Array], Array]]
"""What the page shows, the same in Python, and the function."""

FEATURES: dict[str, Feature] = {
    "x": ("x", "x", lambda x, y: x),
    "y": ("y", "y", lambda x, y: y),
    "x2": ("x²", "x * x", lambda x, y: x * x),
    "y2": ("y²", "y * y", lambda x, y: y * y),
    "xy": ("x·y", "x * y", lambda x, y: x * y),
    "sinx": ("sin πx", "np.sin(np.pi * x)", lambda x, y: np.sin(np.pi * x)),
    "siny": ("sin πy", "np.sin(np.pi * y)", lambda x, y: np.sin(np.pi * y)),
}
"""Name -> formula, its Python, its function of float32 columns. The sines span one period on [-1, 1]."""


def expanded(points: Array, names: Sequence[str]) -> Array:
    """Return the features (n, len(names)) of points (n, 2), float32.

    >>> expanded(np.array([[1.0, 2.0]], np.float32), ["x", "xy"])
    array([[1., 2.]], dtype=float32)
    """
    x, y = points[:, 0], points[:, 1]
    return np.stack([FEATURES[name][2](x, y) for name in names], axis=1)
