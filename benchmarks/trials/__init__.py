"""trials: what was tried and dropped, measured again, and from which size on two BLAS threads are faster."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from benchmarks.options import Options
from benchmarks.process import Failed, ask_once
from benchmarks.tables import digits, table, times
from benchmarks.turns import progress

THREADED = ("adam_threads", "own_threads", "threads")
"""These choose the number of BLAS threads themselves; the others have one."""

TEXTS: dict[str, tuple[str, str]] = {
    "fused_update": (
        "Adam within the backward pass",
        "Updating a layer's weights as soon as their gradients are there, while the cache may still hold "
        "them, instead of all weights after the last gradient. It gained nothing to speak of, and clipping "
        "by the norm of all gradients would have been impossible. Weight gradients and Adam, µs:",
    ),
    "bias_row": (
        "The bias as a row of the weights",
        "With a column of ones at the end of the inputs, the product adds the bias. Odd widths make the "
        "product slower than the sweep that is saved, which ReLU needs in any case. One layer forward, µs:",
    ),
    "column_sums": (
        "Sums of columns apart from ReLU's derivative",
        "The kernel does both in one sweep. A simpler loop and then a product with ones by the BLAS gain "
        "little in small arrays, if anything, and lose much in large ones. µs:",
    ),
    "adam_threads": (
        "Adam in two threads",
        "A second Python thread does half of the update. After a product in two threads the one of OpenBLAS "
        "still spins and keeps the second core busy, and in small networks waking a thread costs more than "
        "it saves. Adam alone, directly after such a product, µs:",
    ),
    "own_threads": (
        "Splitting products by hand",
        "Two Python threads with half a product each, by rows or by columns, instead of OpenBLAS's own "
        "threads: nothing in small products, little in large ones, and that only while OpenBLAS's own "
        "threads are asleep, which still spin for a while after each product of theirs. One product, µs:",
    ),
}
"""Trial -> its title, and why it was dropped."""


def measure(options: Options) -> dict[str, Any]:
    found: dict[str, Any] = {}
    rounds = options.rounds_or(9)
    for name in [*TEXTS, "threads"]:
        if options.only not in name:
            continue
        progress(f"trials: {name}")
        environment = {**os.environ, "GLASSNET_KERNELS": "auto"}
        if name in THREADED:
            environment.pop("OPENBLAS_NUM_THREADS", None)
        else:
            environment["OPENBLAS_NUM_THREADS"] = "1"
        asked = {"rounds": rounds, "seconds": options.seconds / 10, "quick": options.quick}
        try:
            found[name] = ask_once("benchmarks.trials.probe", name, asked, environment=environment)
        except Failed as error:
            found[name] = {"missing": str(error)}
    progress("")
    return {"rounds": rounds, "trials": found}


def tables(data: dict[str, Any]) -> dict[str, str]:
    dropped = [section(name, data["trials"][name]) for name in TEXTS if name in data["trials"]]
    shown = {"dropped": "\n\n".join(dropped)}
    if "threads" in data["trials"]:
        shown["threads"] = thread_table(data["trials"]["threads"])
    return shown


def section(name: str, found: dict[str, Any]) -> str:
    """Return what was tried, why it was dropped, and its figures."""
    title, text = TEXTS[name]
    if "missing" in found:
        return f"**{title}.** {text}\n\nNot measured: {found['missing']}."
    shown = times(found["results"], 1e6, first="", spread=False)
    return f"**{title}.** {text}\n\n{shown}"


def thread_table(found: dict[str, Any]) -> str:
    """Return how many times as fast two threads are, by size of a product and rows in a batch."""
    if "missing" in found:
        return f"Not measured: {found['missing']}."
    speeds: dict[float, dict[int, float]] = {}
    for result in found["results"]:
        one, two = (result["lanes"][key]["least"] for key in ("1 thread", "2 threads"))
        speeds.setdefault(result["size"], {})[result["batch"]] = one / two
    batches = sorted({batch for row in speeds.values() for batch in row})
    rows = [
        [f"{size:.0e}".replace("e+0", "e"), *(digits(row[b]) for b in batches)]
        for size, row in speeds.items()
    ]
    text = table(["multiply-adds in one product", *(f"batch {b}" for b in batches)], rows)
    middle = {size: float(np.median(list(row.values()))) for size, row in speeds.items()}
    winning = [size for size in middle if all(m > 1.05 for s, m in middle.items() if s >= size)]
    start = f"from {winning[0]:,.0f} multiply-adds on" if winning else "at no size measured"
    return (
        f"{text}\n\nBy 5 % or more in the median of the batches two threads are faster {start}; "
        f"`fit` uses more than one from {found['small']:,.0f} on."
    )
