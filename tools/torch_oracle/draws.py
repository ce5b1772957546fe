"""Inputs: drawn anew for every case from its name, so that no case depends on another."""

from __future__ import annotations

import zlib
from dataclasses import fields, is_dataclass

import numpy as np
import torch


def generator(name: str) -> np.random.Generator:
    """Return a generator that depends on the case's name alone; seed PyTorch's with it, too."""
    seed = zlib.crc32(name.encode())
    torch.manual_seed(seed)
    return np.random.default_rng(seed)


def label(settings) -> str:
    """Return a short name of a configured object: its class and what is not the default."""
    told = []
    for f in fields(settings):
        value = getattr(settings, f.name)
        if f.init and value != f.default:
            told.append(f"{f.name}={label(value) if is_dataclass(value) else value}")
    return f"{type(settings).__name__}({', '.join(told)})"


def single(values) -> np.ndarray:
    """Round to numbers that float32 holds exactly, as float64."""
    return np.asarray(values, np.float32).astype(np.float64)


def parameters_for(net, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw a value for every parameter of a built network."""
    drawn = {}
    for name, view in net.parameters.items():
        centre = 1.0 if name.endswith("scale") else 0.0
        spread = 1 / np.sqrt(len(view)) if view.ndim == 2 else 0.2
        drawn[name] = single(rng.normal(centre, spread, view.shape))
    return drawn


def distributions(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    """Draw rows of probabilities that float32 holds exactly and that sum to exactly 1."""
    rows = np.round(rng.dirichlet(np.full(k, 1.5), n) * 4096) / 4096
    rows[:, 0] += 1 - rows.sum(axis=1)
    if (rows < 0).any():
        raise ValueError("A distribution came out negative; take another name for the case.")
    return rows


def one_hot(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    """Draw a class for every row, as a row of 0 and one 1."""
    return np.eye(k)[rng.integers(0, k, n)]


def weights(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw sample weights, the first of them 0 where there are several."""
    drawn = single(rng.uniform(0.1, 3, n))
    if n > 1:
        drawn[0] = 0
    return drawn
