"""Trials of the matrix products: by whom, and in how many threads."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution, version
from itertools import product as pairs
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.cases import Case
from benchmarks.timing import Work, calls
from benchmarks.trials.probe import Trial
from benchmarks.trials.updates import Helper, normal
from benchmarks.turns import SETTLE

LONG = 0.25
"""Seconds after which the threads of OpenBLAS and MKL no longer spin and leave the cores to others."""


def limited(work: Work, threads: int, settle: float = SETTLE) -> Work:
    """Return the work with so many BLAS threads, awake, while those of the turn before are asleep."""

    def run(n: int) -> float:
        time.sleep(settle)
        with threadpool_limits(threads, user_api="blas"):
            work.run(1)
            return work.run(n)

    return Work(run, work.units)


def step_products(inputs: int, units: int, batch: int) -> dict[str, tuple[np.ndarray, ...]]:
    """Return (a, b, out) of a layer's three products."""
    x, weight, gradient = normal(batch, inputs), normal(inputs, units), normal(batch, units)
    return {
        "x W": (x, weight, np.empty_like(gradient)),
        "x^T dz": (x.T, gradient, np.empty_like(weight)),
        "dz W^T": (gradient, weight.T, np.empty_like(x)),
    }


def own_threads(trial: Trial) -> None:
    helper, settle = Helper(), SETTLE if trial.quick else LONG

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
                return limited(calls(lambda: function(a, b, out)), threads, settle)

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


# -- MKL


def mkl(trial: Trial) -> dict[str, Any]:
    found = sorted(Path(sys.prefix, "lib").glob("libmkl_rt.so*"))
    if not found:
        return {"missing": "not installed"}
    dot = dot_of(ctypes.CDLL(str(found[0])))
    import glassnet.layers.dense
    import glassnet.products

    modules = (glassnet.layers.dense, glassnet.products)
    trial.seconds *= 4
    for widths, batch, rows in trial.some(
        [
            ((784, 128, 10), 32, 8_192),
            ((50, 256, 256, 2), 256, 8_192),
            ((784, 512, 512, 10), 128, 4_096),
            ((1024, 2048, 2048, 10), 512, 2_048),
        ]
    ):
        name = "-".join(map(str, widths)) + f", batch {batch}"
        case = Case(name=name, widths=widths, batch=batch, rows=16 * batch if trial.quick else rows)
        trial.compare(name, {"OpenBLAS (kept)": with_dot(case, modules), "MKL": with_dot(case, modules, dot)})
    return {"versions": {"mkl": version("mkl")}, "notes": notes(dot)}


def dot_of(library: ctypes.CDLL) -> Callable[..., np.ndarray]:
    """Return what stands in for np.dot(a, b, out) in float32, a and b perhaps transposed views."""
    gemm, whole, number, array = library.cblas_sgemm, ctypes.c_int, ctypes.c_float, ctypes.c_void_p
    gemm.restype = None
    gemm.argtypes = [*[whole] * 6, number, array, whole, array, whole, number, array, whole]

    def dot(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> np.ndarray:
        (m, k), n = a.shape, b.shape[1]
        turned_a, turned_b = not a.flags.c_contiguous, not b.flags.c_contiguous
        places = a.ctypes.data, b.ctypes.data, out.ctypes.data
        ways = 111 + turned_a, 111 + turned_b  # 101: by rows, 111: as it is, 112: transposed
        lengths = m if turned_a else k, k if turned_b else n
        gemm(101, *ways, m, n, k, 1, places[0], lengths[0], places[1], lengths[1], 0, places[2], n)
        return out

    return dot


def with_dot(case: Case, modules: tuple[Any, ...], dot: Callable[..., np.ndarray] | None = None) -> Work:
    """Return the work of training steps by net.fit, the modules' products done by `dot`."""
    from benchmarks.peers.ours import Glassnet

    steps = Glassnet().steps(case)
    numpy = np if dot is None else SimpleNamespace(**{**vars(np), "dot": dot})

    def run(n: int) -> float:
        time.sleep(LONG)
        for module in modules:
            module.np = numpy
        try:
            return steps.run(n)
        finally:
            for module in modules:
                module.np = np

    return Work(run, steps.units)


def notes(dot: Callable[..., np.ndarray]) -> list[str]:
    """Return what the wheel weighs, and how many products depend on where their arrays lie."""
    weight = 0
    for name in ("mkl", "intel-openmp", "tbb"):
        try:
            files = [Path(str(file.locate())) for file in distribution(name).files or []]
        except PackageNotFoundError:
            continue
        weight += sum(file.stat().st_size for file in files if file.exists())
    shapes = [(m, k, n) for m in (7, 33, 128, 300) for k in (5, 64, 784) for n in (3, 10, 65, 512)]
    moved = {"MKL": 0, "OpenBLAS": 0}
    for m, k, n in shapes:
        a, b = normal(m, k), normal(k, n)
        for name, function in (("MKL", dot), ("OpenBLAS", np.dot)):
            results = [function(at(a, p), at(b, q), at(np.zeros((m, n), np.float32), q)) for p, q in PLACES]
            moved[name] += any(not np.array_equal(results[0], other) for other in results[1:])
    counts = ", ".join(f"{name} {count}" for name, count in moved.items())
    return [
        f"The wheel with Intel's OpenMP and TBB takes {weight / 2**20:,.0f} MiB on the disk. Of "
        f"{len(shapes)} products whose arrays were moved by 16, 32 or 48 bytes, some bit of the result "
        f"changed in: {counts}."
    ]


PLACES = [(0, 0), (16, 0), (0, 16), (32, 48), (48, 32)]


def at(array: np.ndarray, offset: int) -> np.ndarray:
    """Return a copy that starts `offset` bytes after a multiple of 64."""
    room = np.empty(array.nbytes + 128, np.uint8)
    start = -room.ctypes.data % 64 + offset
    copy = room[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[:] = array
    return copy


TWO_CORES = ("adam_threads", "own_threads", "threads")
TRIALS: dict[str, Callable[[Trial], dict[str, Any] | None]] = {
    "own_threads": own_threads,
    "mkl": mkl,
    "threads": threads,
}
