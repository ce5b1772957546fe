"""A fresh process for the kernels: python -m benchmarks.kernel_probe first NAME | fit | speed JSON.

Prints JSON in its last line.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.timing import side_by_side


def first(name: str) -> dict[str, float]:
    """Return the seconds that a kernel's first call takes more than its second, numba being awake."""
    import numba

    from benchmarks.kernel_arguments import BY_NAME, arguments

    awake = seconds(lambda: numba.njit(lambda x: x + 1)(1.0))
    given = arguments(name, 7, 3)
    both = [seconds(lambda: BY_NAME[name](*given)) for _ in range(2)]
    return {"seconds": both[0] - both[1], "awake": awake}


def fit() -> dict[str, float]:
    """Return the seconds of a small network's first fit, and of the one after."""
    import glassnet as gn

    generator = np.random.default_rng(0)
    X, y = generator.standard_normal((300, 2), np.float32), generator.integers(0, 3, 300)

    def whole() -> None:
        net = gn.Network([gn.Dense(64, activation="relu"), gn.Dense(3)], seed=0)
        net.fit(X, y, loss=gn.SoftmaxCrossEntropy(), optimizer=gn.Adam(), batch_size=300, epochs=1)

    return {"seconds": seconds(whole), "later": seconds(whole)}


def speed(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each kernel's times beside its NumPy function's, at its sizes."""
    from benchmarks.kernel_arguments import (
        BY_NAME,
        SIZES,
        arguments,
        family,
        kernels,
        reference,
        variants,
        work,
    )

    kernels.use("numpy")  # a reference may call another
    results = []
    for name in asked["names"]:
        for inner in variants(name):
            sizes = []
            for n, k in SIZES[family(name)]:
                given = arguments(name, n, k, inner)
                works = {"numpy": work(reference(name), given), "numba": work(BY_NAME[name], given)}
                lanes = side_by_side(works, rounds=asked["rounds"], seconds=asked["seconds"])
                sizes.append({"rows": n, "columns": k, "lanes": lanes})
            results.append({"name": name, "inner": inner, "family": family(name), "sizes": sizes})
    return results


def seconds(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    with np.errstate(all="ignore"):
        found: Any = (
            first(*rest) if what == "first" else fit() if what == "fit" else speed(json.loads(rest[0]))
        )
    print(json.dumps(found))
