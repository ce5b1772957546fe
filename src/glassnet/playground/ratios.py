"""How far each layer is being moved, measured by its own size: its gradient and its last step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from glassnet._typing import Array
from glassnet.playground.run import Run

__all__ = ["gradient_ratios", "kept_weights", "update_ratios"]


def kept_weights(run: Run, layers: Iterable[str]) -> dict[str, Array]:
    """Return copies of the weights, for :func:`update_ratios` after the next step."""
    return {name: run.network.parameters[f"{name}.weight"].copy() for name in layers}


def update_ratios(run: Run, before: Mapping[str, Array]) -> dict[str, float]:
    """Return |step| / |weights| of every layer, from its weights before the step."""
    weights = {name: run.network.parameters[f"{name}.weight"] for name in before}
    with np.errstate(all="ignore"):  # weights may have left the finite range
        return {name: _ratio(weights[name] - old, weights[name]) for name, old in before.items()}


def gradient_ratios(run: Run, layers: Iterable[str]) -> dict[str, float]:
    """Return |gradient| / |weights| of every layer, by the last step's gradient; nothing before a step."""
    if run.last_loss is None:
        return {}
    parameters, gradients = run.network.parameters, run.network.gradients
    with np.errstate(all="ignore"):
        return {name: _ratio(gradients[f"{name}.weight"], parameters[f"{name}.weight"]) for name in layers}


def _ratio(moved: Array, weights: Array) -> float:
    size = float(np.linalg.norm(weights))
    return float(f"{float(np.linalg.norm(moved)) / size:.4g}") if size else 0.0
