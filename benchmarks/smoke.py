"""smoke: all of it in small, with the peers of the development setup; fails if one of them cannot run."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from benchmarks.options import Options
from benchmarks.report import load

PEERS = ("glassnet-numpy", "numpy", "onnxruntime", "sklearn")
EXCUSED = ("-", "not installed", "one processor only")


def options(folder: Path) -> Options:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # other programs are at work beside it
    return Options(quick=True, rounds=1, peers=PEERS, out=folder, docs=folder)


def faults(options: Options, names: Iterable[str]) -> str | None:
    """Return what did not run as text, None if all did."""
    found: list[str] = []
    for name in names:
        reasons = _reasons(load(options.out, name))
        found += [f"{name}: {reason}" for reason in reasons if reason not in EXCUSED]
    return "\n".join(["benchmarks: not everything ran.", *found]) if found else None


def _reasons(part: object) -> Iterable[str]:
    """Yield every value of a key "missing" somewhere within."""
    if isinstance(part, dict):
        if isinstance(part.get("missing"), str):
            yield part["missing"]
        for inner in part.values():
            yield from _reasons(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _reasons(inner)
