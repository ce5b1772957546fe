"""glassnet, through its public interface."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from threadpoolctl import threadpool_limits

import glassnet as gn
from benchmarks.cases import Case
from benchmarks.peers.base import Peer, Unavailable
from benchmarks.timing import Work, calls


class Glassnet(Peer):
    packages = ("glassnet", "numpy")

    def steps(self, case: Case) -> Work:
        X, y = case.data()

        def run(n: int) -> float:
            ends = Ends()
            fit(network(case), X, y, case, epochs=1 + n, callbacks=[ends])  # the first epoch warms up
            return ends.times[-1] - ends.times[0]

        return Work(run, case.steps_per_epoch)

    def fit(self, case: Case) -> Work:
        X, y = case.data()
        return calls(lambda: fit(network(case), X, y, case, epochs=case.epochs))

    def predict(self, case: Case) -> Work:
        X, net = case.features(), network(case).build(case.widths[0])
        if not case.threads:
            return calls(lambda: net.predict(X))
        parts = [X.copy() for _ in range(case.threads)]

        def run(n: int) -> float:
            with threadpool_limits(1), ThreadPoolExecutor(case.threads) as threads:
                list(threads.map(net.predict, parts))
                started = time.perf_counter()
                for _ in range(n):
                    list(threads.map(net.predict, parts))
                return time.perf_counter() - started

        return Work(run)


class Compiled(Glassnet):
    packages = ("glassnet", "numpy", "numba")

    def __init__(self) -> None:
        if find_spec("numba") is None:
            raise Unavailable("not installed")

    def predict(self, case: Case) -> Work:
        gn.kernels.use("numba")  # a fit would do so by itself
        return super().predict(case)


class Mkl(Compiled):
    packages = ("glassnet", "numpy", "numba", "mkl")

    def __init__(self) -> None:
        super().__init__()
        version("mkl")  # raises ModuleNotFoundError
        gn.kernels.use("mkl")


class Ends(gn.callbacks.Callback):
    """Remembers when each epoch ended."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def on_epoch_end(self, training: Any, logs: Any) -> None:
        self.times.append(time.perf_counter())


def network(case: Case) -> gn.Network:
    hidden = [gn.Dense(units, activation="relu") for units in case.widths[1:-1]]
    return gn.Network([*hidden, gn.Dense(case.widths[-1])], seed=0)


def fit(net: gn.Network, X: Any, y: Any, case: Case, **settings: Any) -> None:
    loss, optimizer = gn.SoftmaxCrossEntropy(), gn.Adam(learning_rate=1e-3)
    net.fit(X, y, loss=loss, optimizer=optimizer, batch_size=case.batch, **settings)
