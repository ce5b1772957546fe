"""Small made-up datasets of two features: shapes to classify, surfaces to fit.

Each is a pure function of its arguments. The rows of a classification come in the order of
their classes, so shuffle before splitting (fitting shuffles by itself).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet._typing import AnyArray
from glassnet.hyperparameters import Interval, Rule

__all__ = [
    "CLASSIFICATIONS",
    "REGRESSIONS",
    "RULES",
    "circles",
    "gaussians",
    "moons",
    "plane",
    "spiral",
    "waves",
    "xor",
]

RULES = {
    "n_per_class": Rule(Interval(1, 1_000_000, integer=True)),
    "n_samples": Rule(Interval(1, 1_000_000, integer=True)),
    "n_classes": Rule(Interval(2, 10, integer=True)),
    "noise": Rule(Interval(0, 100)),
    "factor": Rule(Interval(0, 1, "left")),
    "seed": Rule(Interval(0, closed="left", integer=True)),
}
"""What each argument of the generators below may be."""


def spiral(
    n_per_class: int = 100, n_classes: int = 3, *, noise: float = 0.2, seed: int | np.random.Generator = 0
) -> tuple[AnyArray, AnyArray]:
    """Return interleaved spiral arms, one for each class.

    On arm k the radius r grows from 0 to 1 while the angle t runs from 4k to 4(k + 1)::

        x = (r sin t', r cos t'),    t' = t + noise * standard normal

    Args:
        n_per_class: points on each arm, 1 to 1,000,000; default 100.
        n_classes: arms, 2 to 10 (a twelfth would lie on the first); default 3.
        noise: standard deviation of the angle in radians, 0 to 100; default 0.2.
        seed: a non-negative integer, or a generator to draw from; default 0.

    Returns:
        X float32 (n_per_class * n_classes, 2) within the unit circle, and y int64 of the same length.

    Raises:
        HyperparameterError: an argument outside its range.

    Source: the toy data of the Stanford course CS231n, "Putting it together: a minimal neural network
    case study" (Karpathy, 2015).

    >>> X, y = spiral(50, 3)
    >>> X.shape, X.dtype, y.shape
    ((150, 2), dtype('float32'), (150,))
    """
    owner = "spiral"
    n = _checked(owner, "n_per_class", n_per_class)
    k = _checked(owner, "n_classes", n_classes)
    spread = _checked(owner, "noise", noise)
    random = _random(owner, seed)
    radius = np.linspace(0.0, 1.0, n)  # (N,), the same on every arm
    angle = 4.0 * np.arange(k)[:, np.newaxis] + np.linspace(0.0, 4.0, n)  # (K, N)
    angle += spread * random.standard_normal((k, n))
    return _classes(np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=-1))


def moons(
    n_per_class: int = 100, *, noise: float = 0.1, seed: int | np.random.Generator = 0
) -> tuple[AnyArray, AnyArray]:
    """Return two half circles that reach into each other.

    With t from 0 to pi, class 0 is (cos t, sin t) and class 1 is (1 - cos t, 1/2 - sin t).

    Args:
        n_per_class: points on each moon, 1 to 1,000,000; default 100.
        noise: standard deviation added to both coordinates, 0 to 100; default 0.1.
        seed: a non-negative integer, or a generator to draw from; default 0.

    Returns:
        X float32 (2 * n_per_class, 2), and y int64 of the same length.

    Raises:
        HyperparameterError: an argument outside its range.

    >>> X, y = moons(3, noise=0.0)
    >>> X.round(1).tolist()
    [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, 0.5], [1.0, -0.5], [2.0, 0.5]]
    """
    n = _checked("moons", "n_per_class", n_per_class)
    t = np.linspace(0.0, np.pi, n)
    points = np.array([[np.cos(t), np.sin(t)], [1.0 - np.cos(t), 0.5 - np.sin(t)]])  # (2, 2, N)
    return _classes(_jittered("moons", points.swapaxes(1, 2), noise, seed))


def circles(
    n_per_class: int = 100,
    *,
    noise: float = 0.05,
    factor: float = 0.5,
    seed: int | np.random.Generator = 0,
) -> tuple[AnyArray, AnyArray]:
    """Return a circle of radius 1 (class 0) around a smaller one (class 1).

    Args:
        n_per_class: points on each circle, 1 to 1,000,000; default 100.
        noise: standard deviation added to both coordinates, 0 to 100; default 0.05.
        factor: radius of the inner circle, in [0, 1); default 0.5.
        seed: a non-negative integer, or a generator to draw from; default 0.

    Returns:
        X float32 (2 * n_per_class, 2), and y int64 of the same length.

    Raises:
        HyperparameterError: an argument outside its range.

    >>> X, y = circles(4, noise=0.0)
    >>> (X**2).sum(axis=1).round(2).tolist()
    [1.0, 1.0, 1.0, 1.0, 0.25, 0.25, 0.25, 0.25]
    """
    n = _checked("circles", "n_per_class", n_per_class)
    inner = _checked("circles", "factor", factor)
    outline = _on_circle(n)  # (N, 2)
    return _classes(_jittered("circles", np.stack([outline, inner * outline]), noise, seed))


def xor(
    n_per_class: int = 100, *, noise: float = 0.05, seed: int | np.random.Generator = 0
) -> tuple[AnyArray, AnyArray]:
    """Return the exclusive or: class 1 where the two coordinates differ in sign.

    The points fill the square [-1, 1] x [-1, 1] evenly; then the noise is added, and may carry a
    point across an axis without changing its class.

    Args:
        n_per_class: points of each class, 1 to 1,000,000; default 100.
        noise: standard deviation added to both coordinates, 0 to 100; default 0.05.
        seed: a non-negative integer, or a generator to draw from; default 0.

    Returns:
        X float32 (2 * n_per_class, 2), and y int64 of the same length.

    Raises:
        HyperparameterError: an argument outside its range.

    >>> X, y = xor(10, noise=0.0)
    >>> bool(np.array_equal(X[:, 0] * X[:, 1] < 0, y == 1))
    True
    """
    n = _checked("xor", "n_per_class", n_per_class)
    random = _random("xor", seed)
    points = 1.0 - random.random((2, n, 2))  # (class, N, coordinate), in (0, 1]: never on an axis
    points *= np.where(np.arange(n) % 2 == 0, 1.0, -1.0)[:, np.newaxis]  # every other point to the far corner
    points[1, :, 1] *= -1.0
    return _classes(_jittered("xor", points, noise, random))


def gaussians(
    n_per_class: int = 100, n_classes: int = 3, *, noise: float = 0.3, seed: int | np.random.Generator = 0
) -> tuple[AnyArray, AnyArray]:
    """Return round clouds of points around centres that are spaced evenly on the unit circle.

    Args:
        n_per_class: points in each cloud, 1 to 1,000,000; default 100.
        n_classes: clouds, 2 to 10; default 3.
        noise: standard deviation of each cloud in both coordinates, 0 to 100; default 0.3.
        seed: a non-negative integer, or a generator to draw from; default 0.

    Returns:
        X float32 (n_per_class * n_classes, 2), and y int64 of the same length.

    Raises:
        HyperparameterError: an argument outside its range.

    >>> X, y = gaussians(1, 2, noise=0.0)
    >>> X.round(3).tolist(), y.tolist()
    ([[1.0, 0.0], [-1.0, 0.0]], [0, 1])
    """
    n = _checked("gaussians", "n_per_class", n_per_class)
    k = _checked("gaussians", "n_classes", n_classes)
    centres = np.repeat(_on_circle(k)[:, np.newaxis, :], n, axis=1)  # (K, N, 2)
    return _classes(_jittered("gaussians", centres, noise, seed))


def plane(
    n_samples: int = 200, *, noise: float = 0.0, seed: int | np.random.Generator = 0
) -> tuple[AnyArray, AnyArray]:
    """Return a tilted plane to fit: ``y = (x1 + x2) / 2 + noise``.

    Args:
        n_samples: points, 1 to 1,000,000, even over [-1, 1] x [-1, 1]; default 200.
        noise: standard deviation added to y, 0 to 100; default 0.
        seed: a non-negative integer, or a generator to draw from; default 0.

    Returns:
        X float32 (n_samples, 2), and y float32 (n_samples,), in [-1, 1] without noise.

    Raises:
        HyperparameterError: an argument outside its range.

    >>> X, y = plane(5)
    >>> bool(np.allclose(y, X.mean(axis=1)))
    True
    """
    return _surface("plane", lambda x: x.mean(axis=1), n_samples, noise, seed)


def waves(
    n_samples: int = 200, *, noise: float = 0.0, seed: int | np.random.Generator = 0
) -> tuple[AnyArray, AnyArray]:
    """Return hills and hollows to fit: ``y = sin(pi x1) cos(pi x2) + noise``.

    Args:
        n_samples: points, 1 to 1,000,000, even over [-1, 1] x [-1, 1]; default 200.
        noise: standard deviation added to y, 0 to 100; default 0.
        seed: a non-negative integer, or a generator to draw from; default 0.

    Returns:
        X float32 (n_samples, 2), and y float32 (n_samples,), in [-1, 1] without noise.

    Raises:
        HyperparameterError: an argument outside its range.

    >>> X, y = waves(5)
    >>> bool(np.allclose(y, np.sin(np.pi * X[:, 0]) * np.cos(np.pi * X[:, 1]), atol=1e-6))
    True
    """
    return _surface(
        "waves", lambda x: np.sin(np.pi * x[:, 0]) * np.cos(np.pi * x[:, 1]), n_samples, noise, seed
    )


CLASSIFICATIONS = {"spiral": spiral, "moons": moons, "circles": circles, "xor": xor, "gaussians": gaussians}
REGRESSIONS = {"plane": plane, "waves": waves}


def _surface(
    owner: str, height: Callable[[AnyArray], AnyArray], n_samples: Any, noise: Any, seed: Any
) -> tuple[AnyArray, AnyArray]:
    n = _checked(owner, "n_samples", n_samples)
    spread = _checked(owner, "noise", noise)
    random = _random(owner, seed)
    x = random.uniform(-1.0, 1.0, (n, 2))
    y = height(x) + spread * random.standard_normal(n)
    return x.astype(np.float32), y.astype(np.float32)


def _checked(owner: str, name: str, value: Any) -> Any:
    return RULES[name].check(owner, name, value)


def _random(owner: str, seed: Any) -> np.random.Generator:
    if isinstance(seed, np.random.Generator):
        return seed
    return np.random.default_rng(_checked(owner, "seed", seed))


def _on_circle(n: int) -> AnyArray:
    turn = 2.0 * np.pi * np.arange(n) / n
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


def _jittered(owner: str, points: AnyArray, noise: Any, seed: Any) -> AnyArray:
    spread = _checked(owner, "noise", noise)
    jittered: AnyArray = points + spread * _random(owner, seed).standard_normal(points.shape)
    return jittered


def _classes(points: AnyArray) -> tuple[AnyArray, AnyArray]:
    k, n, _ = points.shape  # (class, point, coordinate)
    return points.reshape(k * n, 2).astype(np.float32), np.repeat(np.arange(k, dtype=np.int64), n)
