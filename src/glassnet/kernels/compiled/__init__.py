"""The compiled kernels; nothing outside this folder imports numba."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from glassnet.kernels.compiled import activations, losses, normalization, optimizers, products

__all__ = ["BY_NAME", "is_cached"]

BY_NAME: dict[str, Callable[..., Any]] = {
    name: getattr(module, name)
    for module in (activations, losses, normalization, optimizers, products)
    for name in module.__all__
}


def is_cached() -> bool:
    """Whether an earlier process left compiled kernels on the disk."""
    folder = Path(activations.add_bias.stats.cache_path or "")
    return any(folder.glob("activations.*.nbi"))
