"""Trials of the work beside the products: updates, biases, sums."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.timing import Work, calls
from benchmarks.trials.probe import Trial
from glassnet.buffers import aligned

GENERATOR = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    return GENERATOR.standard_normal(out=aligned(shape, np.float32), dtype=np.float32)


def adam(arrays: Sequence[np.ndarray]) -> None:
    """Do one update of (values, gradients, mean, variance)."""
    from glassnet.kernels.compiled import BY_NAME

    BY_NAME["adam"](*arrays, SCRATCH, 1e-3, 0.9, 0.999, 1e-8, 0.5, 0.5)


SCRATCH = np.empty((2, 1), np.float32)


def state(size: int) -> list[np.ndarray]:
    return [np.abs(normal(size)) for _ in range(4)]


class Helper:
    """A second thread that waits for work."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[Callable[[], Any]] = queue.SimpleQueue()
        self._done = threading.Semaphore(0)
        threading.Thread(target=self._run, daemon=True).start()

    def both(self, its: Callable[[], Any], mine: Callable[[], Any]) -> None:
        self._asked.put(its)
        mine()
        self._done.acquire()

    def _run(self) -> None:
        while True:
            self._asked.get()()
            self._done.release()


def fused_update(trial: Trial) -> None:
    for widths, batch in trial.some([((784, 512, 512, 10), 128), ((1024, 2048, 2048, 10), 512)]):
        shapes = list(pairwise(widths))
        cuts = np.cumsum([0, *(a * b for a, b in shapes)])
        flat, x = state(int(cuts[-1])), [normal(batch, width) for width in widths]
        parts = [[array[i:j] for array in flat] for i, j in pairwise(cuts)]
        last_first = list(range(len(shapes)))[::-1]

        def gradient(i: int, x=x, parts=parts, shapes=shapes) -> None:
            np.dot(x[i].T, x[i + 1], out=parts[i][1].reshape(shapes[i]))

        def after(last_first=last_first, gradient=gradient, flat=flat) -> None:
            for i in last_first:
                gradient(i)
            adam(flat)

        def within(last_first=last_first, gradient=gradient, parts=parts) -> None:
            for i in last_first:
                gradient(i)
                adam(parts[i])

        name = "-".join(map(str, widths)) + f", batch {batch}"
        trial.compare(name, {"after all gradients (kept)": calls(after), "layer by layer": calls(within)})


def bias_row(trial: Trial) -> None:
    from glassnet.kernels.compiled import BY_NAME

    cases = [(2, 64, 300), (784, 128, 32), (256, 256, 256), (784, 512, 128)]
    for inputs, units, batch in trial.some(cases):
        x, weight, bias, z = normal(batch, inputs), normal(inputs, units), normal(units), normal(batch, units)
        ones = np.ones((batch, 1), np.float32)
        longer, taller = np.hstack([x, ones]), np.vstack([weight, bias])

        def apart(x=x, weight=weight, bias=bias, z=z) -> None:
            np.dot(x, weight, out=z)
            BY_NAME["bias_relu"](z, bias)

        def row(longer=longer, taller=taller, z=z) -> None:
            np.dot(longer, taller, out=z)
            np.maximum(z, 0, out=z)

        def copied(longer=longer, x=x, row=row) -> None:
            longer[:, :-1] = x
            row()

        works = {"bias apart (kept)": apart, "bias as a row": row, "as a row, inputs copied": copied}
        name = f"{inputs} -> {units}, batch {batch}"
        trial.compare(name, {way: calls(call) for way, call in works.items()})


def column_sums(trial: Trial) -> None:
    import numba

    from glassnet.kernels.compiled import BY_NAME

    @numba.njit(error_model="numpy", nogil=True)
    def flat(gradient, a):
        zero, one = a.dtype.type(0), a.dtype.type(1)
        g, b = gradient.reshape(-1), a.reshape(-1)
        for i in range(g.size):
            g[i] = g[i] * (one if b[i] > zero else zero)

    for n, k in trial.some([(300, 64), (256, 256), (128, 512), (512, 2048), (32, 128)]):
        gradient, a, out = normal(n, k), np.maximum(normal(n, k), 0), np.zeros(k, np.float32)
        ones = np.ones(n, np.float32)

        def sweep(gradient=gradient, a=a, out=out) -> None:
            BY_NAME["relu_backward"](gradient, a, out, a)

        def blas(gradient=gradient, a=a, out=out, ones=ones) -> None:
            flat(gradient, a)
            np.dot(ones, gradient, out=out)

        works = {"one sweep (kept)": sweep, "one loop, BLAS": blas}
        trial.compare(f"{n} x {k:,}", {way: calls(call) for way, call in works.items()})


def adam_threads(trial: Trial) -> None:
    helper = Helper()
    for size in trial.some([20_000, 101_770, 669_706, 6_300_000]):
        batch, width = (128, 512) if size < 1e6 else (512, 2048)
        x, weight, z = normal(batch, width), normal(width, width), normal(batch, width)
        arrays = state(size)
        halves = [[array[part] for array in arrays] for part in (slice(size // 2), slice(size // 2, None))]

        def one(arrays=arrays) -> None:
            adam(arrays)

        def two(halves=halves) -> None:
            helper.both(lambda: adam(halves[0]), lambda: adam(halves[1]))

        def after_product(call: Callable[[], None], x=x, weight=weight, z=z) -> Work:
            def run(n: int) -> float:
                taken = 0.0
                for _ in range(n):
                    np.dot(x, weight, out=z)
                    started = time.perf_counter()
                    call()
                    taken += time.perf_counter() - started
                return taken

            return Work(run)

        works = {"one thread (kept)": after_product(one), "two threads": after_product(two)}
        trial.compare(f"{size:,} parameters", works)


TRIALS: dict[str, Callable[[Trial], dict[str, Any] | None]] = {
    "fused_update": fused_update,
    "bias_row": bias_row,
    "column_sums": column_sums,
    "adam_threads": adam_threads,
}
