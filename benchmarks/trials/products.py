"""Trials of the matrix products: by whom, and in how many threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import product as pairs
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.timing import Work, calls
from benchmarks.trials.probe import Trial
from benchmarks.trials.updates import Helper, normal
from benchmarks.turns import SETTLE
from glassnet.buffers import aligned


def limited(work: Work, threads: int) -> Work:
    """Return the work with so many BLAS threads, awake, while those of the turn before are asleep."""

    def run(n: int) -> float:
        time.sleep(SETTLE)
        with threadpool_limits(threads, user_api="blas"):
            work.run(1)
            return work.run(n)

    return Work(run, work.units)


def empty_like(array: np.ndarray) -> np.ndarray:
    return aligned(array.shape, array.dtype)


def step_products(inputs: int, units: int, batch: int) -> dict[str, tuple[np.ndarray, ...]]:
    """Return (a, b, out) of a layer's three products."""
    x, weight, gradient = normal(batch, inputs), normal(inputs, units), normal(batch, units)
    return {
        "x W": (x, weight, empty_like(gradient)),
        "x^T dz": (x.T, gradient, empty_like(weight)),
        "dz W^T": (gradient, weight.T, empty_like(x)),
    }


def own_threads(trial: Trial) -> None:
    helper = Helper()

    def by_rows(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        m = len(out) // 2
        helper.both(lambda: np.matmul(a[:m], b, out=out[:m]), lambda: np.matmul(a[m:], b, out=out[m:]))

    def by_columns(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
        m = out.shape[1] // 2
        helper.both(
            lambda: np.matmul(a, b[:, :m], out=out[:, :m]), lambda: np.matmul(a, b[:, m:], out=out[:, m:])
        )

    for inputs, units, batch in trial.some([(256, 256, 256), (1024, 2048, 512)]):
        for name, (a, b, out) in step_products(inputs, units, batch).items():

            def way(function: Callable[..., Any], threads: int, a=a, b=b, out=out) -> Work:
                return limited(calls(lambda: function(a, b, out)), threads)

            works = {
                "OpenBLAS, 2 threads (kept)": way(np.dot, 2),
                "halves by rows": way(by_rows, 1),
                "halves by columns": way(by_columns, 1),
                "OpenBLAS, 1 thread": way(np.dot, 1),
            }
            trial.compare(f"{name}, {inputs} -> {units}, batch {batch}", works)


def threads(trial: Trial) -> dict[str, Any]:
    from glassnet.training.threads import SMALL

    sizes = [1e5, 3e5, 1e6, 2e6, 3e6, 5e6, 7e6, 1e7, 3e7, 1e8, 1e9]
    for size, batch in pairs([1e5, 1e7] if trial.quick else sizes, trial.some([32, 128, 256, 512])):
        width = max(1, round((size / batch) ** 0.5))
        three = step_products(width, width, batch).values()

        def step(three=three) -> None:
            for a, b, out in three:
                np.dot(a, b, out=out)

        works = {f"{n} thread{'s' * (n > 1)}": limited(calls(step), n) for n in (1, 2)}
        trial.compare(f"{size:.0e}, batch {batch}", works, size=size, batch=batch)
    return {"small": SMALL}


TWO_CORES = ("adam_threads", "own_threads", "threads")
TRIALS: dict[str, Callable[[Trial], dict[str, Any] | None]] = {
    "own_threads": own_threads,
    "threads": threads,
}
