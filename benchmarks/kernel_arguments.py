"""Arguments for every kernel, found by their names in its signature."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import glassnet.layers
import glassnet.losses
import glassnet.optimizers
import glassnet.products  # these four hold all references
from benchmarks.timing import Work, calls
from glassnet import kernels
from glassnet.kernels.compiled import BY_NAME
from glassnet.optimizers.base import CHUNK

SIZES: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "activations": ((300, 64), (512, 2048)),
    "normalization": ((300, 64), (512, 2048)),
    "losses": ((300, 3), (512, 100)),
    "optimizers": ((5_000, 1), (536_000, 1)),
    "products": ((300, 64), (512, 2048)),
}
"""File of the compiled kernels -> rows and columns, small and large; an optimiser's parameters are flat."""

AT_ONCE = 16
"""Calls on the same arrays, which some kernels shrink, before they are made as they were."""

NUMBERS: dict[str, Any] = {
    "alpha": 1.67,
    "beta": 0.9,
    "beta1": 0.9,
    "beta2": 0.999,
    "centered": False,
    "correction1": 0.5,
    "correction2": 0.1,
    "epsilon": 1e-7,
    "gradient_weight": 0.4,
    "learning_rate": 1e-3,
    "mean_weight": 0.7,
    "momentum": 0.0,
    "rate": 0.3,
    "rectification": 0.6,
    "rho": 0.9,
    "slope": 0.2,
    "smoothing": 0.0,
}
LINES = (
    "bias bias_gradient scale shift scale_gradient shift_gradient mean variance running_mean running_variance"
)


def family(name: str) -> str:
    """Return the file that a compiled kernel is in."""
    return str(BY_NAME[name].py_func.__module__).rpartition(".")[2]


def variants(name: str) -> Sequence[int]:
    """Return the inner dimensions to be measured; (0,) where there is none."""
    return range(1, glassnet.products.THIN + 1) if name == "thin_product" else (0,)


def arguments(name: str, n: int, k: int, inner: int = 2) -> list[Any]:
    """Return arguments for n rows of k float32 numbers."""
    generator = np.random.default_rng(0)

    def positive(*shape: int) -> np.ndarray:
        return generator.uniform(0.5, 1.5, shape).astype(np.float32)

    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(LINES.split(), (k,))
    per_row = name.startswith("layer_norm")
    shapes |= {"inverse": (n, 1) if per_row else (k,), "row": (k,), "column": (n, 1), "weights": (1, 1)}
    shapes |= {"columns": (3, n, 1), "work": (3, n, k)}
    made: dict[str, Any] = {}
    for key in inspect.signature(reference(name)).parameters:
        if family(name) == "optimizers" and key not in NUMBERS:
            unused = name == "rmsprop" and key in ("mean", "velocity")
            shape: tuple[int, ...] = (2, min(n, CHUNK)) if key == "scratch" else (0 if unused else n,)
            made[key] = positive(*shape)
        elif key == "momentum" and name == "batch_norm":
            made[key] = 0.9
        elif key == "scale" and name == "elu_backward":
            made[key] = 1.05
        elif key in NUMBERS:
            made[key] = NUMBERS[key]
        elif key in ("labels", "positions"):
            made[key] = generator.integers(0, k, n)
        elif key == "mask":
            made[key] = generator.random((n, k), np.float32)
        elif name == "thin_product" and key in ("a", "b"):
            made[key] = positive(n, inner) if key == "a" else positive(inner, k)
        elif key in shapes:
            made[key] = positive(*shapes[key])
        else:
            made[key] = generator.standard_normal((n, k), np.float32)
    return list(made.values())


def reference(name: str) -> Callable[..., Any]:
    """Return the NumPy function."""
    found: Callable[..., Any] = kernels._kernels[name].reference
    return found


def work(function: Callable[..., Any], given: Sequence[Any]) -> Work:
    """Return the work of calling a kernel on arrays that are put back, out of the time, now and then."""
    used = [value.copy() if isinstance(value, np.ndarray) else value for value in given]
    loop = calls(lambda: function(*used))

    def run(n: int) -> float:
        taken = 0.0
        for start in range(0, n, AT_ONCE):
            for array, first in zip(used, given, strict=True):
                if isinstance(array, np.ndarray):
                    array[:] = first
            taken += loop.run(min(AT_ONCE, n - start))
        return taken

    return Work(run)
