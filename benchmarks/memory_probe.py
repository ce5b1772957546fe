"""The process in which memory is measured: python -m benchmarks.memory_probe KIND CASE, the case as JSON.

traced: the most that tracemalloc, which NumPy tells of its arrays, saw in a fit above what was there before.
resident: the same from the operating system (Linux), after a small fit that loads what is loaded lazily.
warm: what steps 101 to 1,100 leave behind, and the most they held at once, for many kinds of network.
"""

from __future__ import annotations

import gc
import json
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import glassnet as gn
from benchmarks.cases import Case
from benchmarks.peers.ours import fit, network


def main(kind: str, case: Case) -> None:
    measured = {"traced": traced, "resident": resident, "warm": warm}
    print(json.dumps(measured[kind](case)))


def traced(case: Case) -> dict[str, Any]:
    X, y = case.data()
    warm_up(case)
    gc.collect()
    tracemalloc.start()
    fit(network(case), X, y, case, epochs=1)
    return {"bytes": tracemalloc.get_traced_memory()[1]}


def resident(case: Case) -> dict[str, Any]:
    X, y = case.data()
    warm_up(case)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = status("VmRSS")
    fit(network(case), X, y, case, epochs=1)
    return {"bytes": status("VmHWM") - before}


def warm_up(case: Case) -> None:
    """Fit a narrow network on few rows: imports, kernels, and the BLAS's own buffers."""
    small = replace(case, widths=(64, 64, 64, 2), batch=64, rows=256)
    X, y = small.data()
    fit(network(small), X, y, small, epochs=1)


def status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(name)).split()[1])


def warm(case: Case) -> dict[str, Any]:
    plain = [gn.Dense(256, activation="relu"), gn.Dense(256, activation="relu")]
    rich = [gn.Dense(256), gn.BatchNorm(), gn.Activation("relu"), gn.Dropout(0.1), gn.Dense(256)]
    networks = {f"Dense, {name}": (plain, name) for name in gn.optimizers.BY_NAME if name != "lbfgs"}
    networks["BatchNorm and Dropout, adam"] = ([*rich, gn.Activation("relu"), gn.Dropout(0.1)], "adam")
    networks["LayerNorm, adam"] = ([gn.Dense(256), gn.LayerNorm(), gn.Dense(256, activation="relu")], "adam")
    X, y = case.data()
    found = {}
    for name, (layers, optimizer) in networks.items():
        watch = Watch(first=case.steps_per_epoch // 12, steps=case.steps_per_epoch // 12 * 10)
        net = gn.Network([*layers, gn.Dense(case.widths[-1])], seed=0)
        loss = gn.SoftmaxCrossEntropy()
        net.fit(X, y, loss=loss, optimizer=optimizer, epochs=1, batch_size=case.batch, callbacks=[watch])
        found[name] = watch.found
    return {"networks": found}


class Watch(gn.callbacks.Callback):
    """Traces the steps after the first ones, all within one epoch."""

    def __init__(self, *, first: int, steps: int) -> None:
        self.first, self.steps, self.seen = first, steps, 0
        self.found: dict[str, int] = {}

    def on_step_end(self, training: Any, loss: float) -> None:
        self.seen += 1
        if self.seen == self.first // 2:
            gc.collect()
            tracemalloc.start()
        elif self.seen == self.first:
            tracemalloc.reset_peak()
            self.before = tracemalloc.get_traced_memory()[0]
        elif self.seen == self.first + self.steps:
            now, most = tracemalloc.get_traced_memory()
            snapshot = tracemalloc.take_snapshot()
            arrays = snapshot.filter_traces([tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)])
            self.found = {
                "steps": self.steps,
                "growth": now - self.before,
                "arrays": sum(trace.size for trace in arrays.traces),
                "transient": most - self.before,
            }
            tracemalloc.stop()


if __name__ == "__main__":
    main(sys.argv[1], Case.from_dict(json.loads(sys.argv[2])))
