"""Timing: how long a piece of work takes, and what many such times say."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Work:
    """`run(n)` does the work n times over and returns the seconds that counted.

    `units` is how many steps, fits or calls are in it once.
    """

    run: Callable[[int], float]
    units: float = 1


def calls(call: Callable[[], Any], units: float = 1) -> Work:
    """Return the work of calling `call`."""

    def run(n: int) -> float:
        started = time.perf_counter()
        for _ in range(n):
            call()
        return time.perf_counter() - started

    return Work(run, units)


def calibrate(work: Work, seconds: float) -> int:
    """Return how often the work fits into `seconds`, at least 1; warms it up on the way."""
    if work.run(1) > 4 * seconds:  # first touches, compilation; in a long run they do not matter
        return 1
    n = 1
    while (taken := work.run(n)) < seconds / 4 and n < 10**7:
        n = min(10**7, max(2 * n, int(n * seconds / max(taken, 1e-9) / 2)))
    return max(1, round(n * seconds / max(taken, 1e-9)))


def timed(work: Work, repeats: int) -> float:
    """Return seconds per unit of one run."""
    gc.collect()
    return work.run(repeats) / (repeats * work.units)


def side_by_side(works: dict[str, Work], *, rounds: int, seconds: float) -> dict[str, dict[str, Any]]:
    """Return {name: times} of works that take turns in this process, in an order that rotates."""
    names = list(works)
    for work in works.values():
        work.run(1)  # compiles
    repeats = {name: calibrate(works[name], seconds) for name in names}
    taken: dict[str, list[float]] = {name: [] for name in names}
    gc.collect()
    for turn in range(rounds):
        for i in range(len(names)):
            name = names[(turn + i) % len(names)]
            taken[name].append(works[name].run(repeats[name]) / (repeats[name] * works[name].units))
    return {name: {"repeats": repeats[name], "seconds": s, **summary(s)} for name, s in taken.items()}


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Return median, quartiles and least of some times."""
    lower, median, upper = np.percentile(seconds, [25, 50, 75])
    return {
        "median": float(median),
        "lower": float(lower),
        "upper": float(upper),
        "least": float(min(seconds)),
    }


def ratio(seconds: Sequence[float], others: Sequence[float]) -> float:
    """Return the median over the rounds of seconds / others: both were taken side by side."""
    return float(np.median(np.divide(seconds, others)))
