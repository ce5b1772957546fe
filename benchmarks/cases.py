"""What is measured: networks by their widths, batch and number of rows, and the data for them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Case:
    """One size of problem: ReLU hidden layers, softmax cross-entropy, float32, Adam at 1e-3."""

    name: str
    widths: tuple[int, ...]
    """Inputs, hidden units of each layer, outputs."""
    batch: int
    rows: int
    """A multiple of `batch`, so that no framework meets a partial batch."""
    epochs: int = 1
    """Of a whole fit."""
    source: str = "random"
    """"random" or "digits"."""
    threads: int = 0
    """Python threads that predict at once, with one BLAS thread each; 0: one, BLAS threads as they come."""

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Case:
        return cls(**{**fields, "widths": tuple(fields["widths"])})

    to_dict = asdict

    @property
    def steps_per_epoch(self) -> int:
        return self.rows // self.batch

    @property
    def n_parameters(self) -> int:
        return sum((inputs + 1) * outputs for inputs, outputs in pairwise(self.widths))

    @property
    def activations(self) -> int:
        """Numbers in the inputs and every layer's outputs of one batch."""
        return self.batch * sum(self.widths)

    def features(self) -> np.ndarray:
        return self.data()[0]

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Return X (rows, inputs) float32 and integer labels (rows,), always the same."""
        if self.source == "digits":
            from sklearn.datasets import load_digits

            X, y = load_digits(return_X_y=True)
            return (X[: self.rows] / 16).astype(np.float32), y[: self.rows]
        generator = np.random.default_rng(0)
        X = generator.standard_normal((self.rows, self.widths[0]), np.float32)
        return X, generator.integers(0, self.widths[-1], self.rows)

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return (weight (inputs, outputs), bias) of each layer, He normal, always the same."""
        generator = np.random.default_rng(1)
        return [
            (
                generator.standard_normal((inputs, outputs), np.float32) * np.float32((2 / inputs) ** 0.5),
                np.zeros(outputs, np.float32),
            )
            for inputs, outputs in pairwise(self.widths)
        ]


STEPS = (
    Case(name="spiral 2-64-3, all 300 rows", widths=(2, 64, 3), batch=300, rows=300),
    Case(name="spiral, 6,000 rows", widths=(2, 64, 3), batch=300, rows=6_000),
    Case(name="784-128-10, batch 32", widths=(784, 128, 10), batch=32, rows=8_192),
    Case(name="3072-32-2, batch 128", widths=(3072, 32, 2), batch=128, rows=4_096),
    Case(name="50-256-256-2, batch 256", widths=(50, 256, 256, 2), batch=256, rows=8_192),
    Case(name="784-512-512-10, batch 128", widths=(784, 512, 512, 10), batch=128, rows=4_096),
    Case(name="1024-2048-2048-10, batch 512", widths=(1024, 2048, 2048, 10), batch=512, rows=2_048),
)

FITS = (
    Case(
        name="spiral 2-64-3, 300 rows in one batch, 1,000 epochs",
        widths=(2, 64, 3),
        batch=300,
        rows=300,
        epochs=1_000,
    ),
    Case(
        name="digits 64-100-10, 1,792 rows, batch 32, 30 epochs",
        widths=(64, 100, 10),
        batch=32,
        rows=1_792,
        epochs=30,
        source="digits",
    ),
    Case(
        name="50-100-50-3, 20,000 rows, batch 200, 10 epochs",
        widths=(50, 100, 50, 3),
        batch=200,
        rows=20_000,
        epochs=10,
    ),
)

_PREDICTED = {"widths": (50, 256, 256, 2), "batch": 256}
PREDICTIONS = (
    Case(name="one row", rows=1, **_PREDICTED),
    Case(name="50,000 rows", rows=50_000, **_PREDICTED),
)
THREADED = (
    Case(name="one thread", rows=50_000, threads=1, **_PREDICTED),
    Case(name="two threads", rows=50_000, threads=2, **_PREDICTED),
)
"""Each thread has 50,000 rows of its own."""


def growth(quick: bool) -> dict[str, list[tuple[int, Case]]]:
    """Return, for each size that grows, (its value, the case)."""

    def case(kind: str, value: int, widths: tuple[int, ...], batch: int, rows: int) -> tuple[int, Case]:
        return value, Case(name=f"{kind} {value:,}", widths=widths, batch=batch, rows=rows)

    rows = [512] if quick else [2_560, 25_600, 256_000, 1_024_000]
    widths = [64] if quick else [64 * 2**i for i in range(7)]
    depths = [2] if quick else [2**i for i in range(6)]
    batches = [16] if quick else [1, 4, 16, 64, 256, 1024, 4096, 8192]
    return {
        "rows": [case("rows", n, (50, 256, 256, 2), 256, n) for n in rows],
        "width": [case("width", n, (64, n, n, 10), 256, 1_024) for n in widths],
        "depth": [case("depth", n, (50, *[256] * n, 2), 256, 2_048) for n in depths],
        "batch": [case("batch", n, (50, 256, 256, 2), n, max(n * min(256, 16_384 // n), n)) for n in batches],
    }
