"""memory: the peak of a fit above its data, and whether warm steps allocate; each in a fresh process."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from benchmarks.cases import Case
from benchmarks.options import Options
from benchmarks.peers import PEERS
from benchmarks.process import Failed, ask_once
from benchmarks.tables import digits, table
from benchmarks.turns import progress, title

KINDS = ("traced", "resident")
WARM = Case(name="50-256-256-2, batch 256", widths=(50, 256, 256, 2), batch=256, rows=256 * 1_200)
WARM_QUICK = replace(WARM, rows=256 * 120)
MEBI = 2**20


def bound(case: Case) -> int:
    """Return the bytes of 4 copies of the parameters and two batches of activations, float32."""
    return 4 * (4 * case.n_parameters + 2 * case.activations)


def measure(options: Options) -> dict[str, Any]:
    peaks, warm = [], []
    peers = options.peers_in("memory")
    for case in options.chosen_steps():
        for peer in peers:
            for kind in KINDS:
                progress(f"memory: {case.name}, {peer}, {kind}")
                found = probe(peer, kind, case)
                peaks.append({"case": case.to_dict(), "peer": peer, "kind": kind, **found})
    for peer in peers:
        progress(f"memory: warm steps, {peer}")
        warm.append({"peer": peer, **probe(peer, "warm", WARM_QUICK if options.quick else WARM)})
    progress("")
    return {"results": peaks, "warm": warm}


def probe(peer: str, kind: str, case: Case) -> dict[str, Any]:
    """Return what benchmarks.memory_probe prints, or {"missing": reason}."""
    environment = {**os.environ, **PEERS[peer].environment}
    try:
        found: dict[str, Any] = ask_once(
            "benchmarks.memory_probe", kind, case.to_dict(), environment=environment
        )
    except Failed as error:
        return {"missing": str(error)}
    return found


def tables(data: dict[str, Any]) -> dict[str, str]:
    return {"memory": peak_table(data["results"]), "memory-steps": warm_table(data["warm"])}


def peak_table(results: list[dict[str, Any]]) -> str:
    """Return the peaks in MiB, beside the bound."""
    cases = {one["case"]["name"]: Case.from_dict(one["case"]) for one in results}
    found = {(o["case"]["name"], o["peer"], o["kind"]): o.get("bytes") for o in results}
    ways = [(peer, kind) for peer in PEERS for kind in KINDS]
    ways = [way for way in ways if any(found.get((name, *way)) is not None for name in cases)]
    rows = []
    for name, case in cases.items():
        peaks = [found.get((name, *way)) for way in ways]
        shown = ["-" if peak is None else digits(peak / MEBI) for peak in peaks]
        rows.append([name, *shown, digits(bound(case) / MEBI)])
    return table(["case, MiB", *(f"{title(peer)}, {kind}" for peer, kind in ways), "bound"], rows)


def warm_table(results: list[dict[str, Any]]) -> str:
    """Return what 1,000 steps left behind and held for a moment, in bytes."""
    rows = []
    for one in results:
        for name, found in one.get("networks", {}).items():
            cells = (found["steps"], found["growth"], found["arrays"], found["transient"])
            rows.append([title(one["peer"]), name, *(f"{cell:,}" for cell in cells)])
    head = ["", "network", "steps", "growth, bytes", "of it arrays", "most at once, bytes"]
    reasons = [f"\n\n{title(one['peer'])}: {one['missing']}." for one in results if "missing" in one]
    return table(head, rows) + "".join(reasons)
