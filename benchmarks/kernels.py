"""kernels: each compiled kernel beside its NumPy function, and what compiling and loading it costs."""

from __future__ import annotations

import os
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.options import Options
from benchmarks.process import ask_once
from benchmarks.tables import digits, table
from benchmarks.timing import ratio
from benchmarks.turns import progress

TITLES = {
    "activations": "Activations, biases, sums of columns",
    "normalization": "Normalisation and dropout",
    "losses": "Losses",
    "optimizers": "Optimisers",
    "products": "Products with an inner dimension of k",
}
QUICK = ("relu_backward", "softmax_cross_entropy_labels", "adam", "thin_product")
FITS = ("empty cache", "filled cache", "NumPy only")


def measure(options: Options) -> dict[str, Any]:
    if find_spec("numba") is None:
        return {"missing": "not installed"}
    from benchmarks.kernel_arguments import BY_NAME

    names = [name for name in BY_NAME if options.only in name and (name in QUICK or not options.quick)]
    rounds, costs = options.rounds_or(21), {}
    for name in [] if options.quick else names:
        progress(f"kernels: {name}, compiling and loading")
        with tempfile.TemporaryDirectory() as cache:
            costs[name] = dict(
                zip(("compile", "load"), (probe(cache, "first", name) for _ in range(2)), strict=True)
            )
    fits: dict[str, list[dict[str, float]]] = {name: [] for name in FITS}
    for turn in range(1 if options.quick else 5):
        progress(f"kernels: first fits, round {turn + 1}")
        with tempfile.TemporaryDirectory() as cache:
            for name in FITS:
                fits[name].append(probe(cache, "fit", kernels="numpy" if name == "NumPy only" else "numba"))
    progress("kernels: speed")
    asked = {"names": names, "rounds": rounds, "seconds": options.seconds / 25}
    with tempfile.TemporaryDirectory() as cache:
        results = ask_once("benchmarks.kernel_probe", "speed", asked, environment=variables(cache, "numpy"))
    progress("")
    versions = {"numba": version("numba"), "llvmlite": version("llvmlite"), "numpy": np.__version__}
    return {"rounds": rounds, "versions": versions, "results": results, "costs": costs, "fits": fits}


def probe(cache: str, *request: Any, kernels: str = "numba") -> dict[str, float]:
    """Return what a fresh process with this folder of compiled kernels tells."""
    found: dict[str, float] = ask_once(
        "benchmarks.kernel_probe", *request, environment=variables(cache, kernels)
    )
    return found


def variables(cache: str, kernels: str) -> dict[str, str]:
    return {
        **os.environ,
        "GLASSNET_KERNELS": kernels,
        "NUMBA_CACHE_DIR": cache,
        "OPENBLAS_NUM_THREADS": "1",
    }


def tables(data: dict[str, Any]) -> dict[str, str]:
    if "missing" in data:
        return {"kernels": f"numba: {data['missing']}."}
    parts = []
    for family, heading in TITLES.items():
        results = [result for result in data["results"] if result["family"] == family]
        if results:
            parts.append(family_table(heading, results, data["costs"]))
    return {"kernels": "\n\n".join([*parts, *start(data)])}


def family_table(heading: str, results: list[dict[str, Any]], costs: dict[str, Any]) -> str:
    """Return one row a kernel: both sizes, and what it costs once."""
    sizes = [size_name(results[0]["family"], size) for size in results[0]["sizes"]]
    head = [f"{heading}, µs"]
    for size in sizes:
        head += [f"{size}: NumPy", "numba", "ratio"]
    rows = []
    for result in results:
        row = [f"`{result['name']}`" + f", k = {result['inner']}" * bool(result["inner"])]
        for size in result["sizes"]:
            ours, theirs = (size["lanes"][key] for key in ("numba", "numpy"))
            row += [digits(lane["median"] * 1e6) for lane in (theirs, ours)]
            row.append(digits(ratio(theirs["seconds"], ours["seconds"])))
        cost = costs.get(result["name"]) if result["inner"] in (0, 1) else None
        row += (
            [digits(cost["compile"]["seconds"]), digits(cost["load"]["seconds"] * 1e3)]
            if cost
            else ["-", "-"]
        )
        rows.append(row)
    return table([*head, "compiling, s", "loading, ms"], rows)


def size_name(family: str, size: dict[str, Any]) -> str:
    return f"{size['rows']:,}" + f" x {size['columns']:,}" * (family != "optimizers")


def start(data: dict[str, Any]) -> list[str]:
    """Return the table of first fits, and how long numba takes to wake up."""
    rows = []
    for name, found in data["fits"].items():
        cells = [float(np.median([one[key] for one in found])) for key in ("seconds", "later")]
        rows.append([name, digits(cells[0]), digits(cells[1] * 1e3)])
    parts = [table(["one epoch of 2-64-3 in a fresh process", "first fit, s", "the next, ms"], rows)]
    awake = [cost["load"]["awake"] for cost in data["costs"].values()]
    if awake:
        parts.append(
            f"numba's own start, with the compiling of one line, takes {digits(float(np.median(awake)))} s "
            "in a process. It is not in the columns of single kernels; the first fits have their share of it."
        )
    return parts
