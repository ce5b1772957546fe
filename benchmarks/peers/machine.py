"""What the machine can do: a step's matrix products alone, and the bytes that Adam must move.

A step of glassnet, or of anybody, needs forward `x (B, I) @ W (I, O)`, the weights' gradient
`x.T (I, B) @ g (B, O)`, and for all layers but the first the inputs' gradient `g (B, O) @ W.T (O, I)`.
Adam reads parameter, gradient and two moments and writes back all but the gradient: 28 bytes each in float32.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.cases import Case
from benchmarks.peers.base import Peer
from benchmarks.timing import Work, calls
from glassnet.buffers import aligned

BYTES_PER_PARAMETER = 28
LEAST = 16_384
"""Elements of an array below which the call, not the memory, would be timed."""


class Machine(Peer):
    packages = ("numpy",)

    def products_1(self, case: Case) -> Work:
        return products(case, threads=1)

    def products_2(self, case: Case) -> Work:
        return products(case, threads=2)

    def traffic_1(self, case: Case) -> Work:
        return traffic(case, threads=1)

    def traffic_2(self, case: Case) -> Work:
        return traffic(case, threads=2)


def products(case: Case, *, threads: int) -> Work:
    """Return the work of one step's products, one after another."""
    generator = np.random.default_rng(0)

    def array(*shape: int) -> np.ndarray:
        return generator.standard_normal(out=aligned(shape, np.float32), dtype=np.float32)

    outer = np.multiply if case.batch == 1 else np.matmul  # one row: no sum, and the BLAS is slower
    each: list[tuple[Any, ...]] = []
    for i, (inputs, outputs) in enumerate(pairwise(case.widths)):
        x, weight, gradient = array(case.batch, inputs), array(inputs, outputs), array(case.batch, outputs)
        each.append((np.matmul, x, weight, aligned(gradient.shape, np.float32)))
        each.append((outer, x.T, gradient, aligned(weight.shape, np.float32)))
        if i:
            each.append((np.matmul, gradient, weight.T, aligned(x.shape, np.float32)))

    def step() -> None:
        for product, a, b, out in each:
            product(a, b, out=out)

    loop = calls(step)

    def run(n: int) -> float:
        with threadpool_limits(threads):
            return loop.run(n)

    return Work(run)


def traffic(case: Case, *, threads: int) -> Work:
    """Return work that takes as long as moving Adam's bytes at the speed of sums in place.

    Sums, for a copy must fetch what it is about to overwrite, which Adam has read anyway.
    """
    n = max(case.n_parameters, LEAST)
    arrays = [aligned((n,), np.float32, 1) for _ in range(4)]
    cuts = np.linspace(0, n, threads + 1).astype(int)
    slices = [slice(a, b) for a, b in pairwise(cuts)]
    moved = 24 * n  # two sums; 8 bytes read and 4 written for each number
    share = BYTES_PER_PARAMETER * case.n_parameters / moved

    def move(part: slice, times: int) -> None:
        p, g, m, v = (array[part] for array in arrays)
        for _ in range(times):
            np.add(p, g, out=p)
            np.add(m, v, out=m)

    def run(times: int) -> float:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(time.sleep, [0.001] * threads))  # starts the threads
            started = time.perf_counter()
            list(pool.map(move, slices, [times] * threads))
            return time.perf_counter() - started

    return Work(run, 1 / share)
