"""What the figures depend on: processor, caches, system, versions, thread variables, load."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_VARIABLES = ("OMP_", "OPENBLAS_", "MKL_", "GLASSNET_", "GOTO_", "NUMBA_", "XLA_", "KMP_", "TORCH")


def environment() -> dict[str, Any]:
    """Return a JSON-able description of the machine and its state."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": processor(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "caches": caches(),
        "system": f"{platform.system()}, {platform.machine()}",
        "python": sys.version.split()[0],
        "variables": {k: v for k, v in sorted(os.environ.items()) if k.startswith(_VARIABLES)},
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def processor() -> str:
    """Return the processor's name, and whether it has AVX-512."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = dict(reversed([[part.strip() for part in line.split(":", 1)] for line in lines if ":" in line]))
    flags = fields.get("flags", "").split()
    widest = next((f for f in ("avx512f", "avx2", "avx") if f in flags), "no AVX")
    return f"{fields.get('model name', platform.machine())} ({widest})"


def caches() -> dict[str, str]:
    """Return {"L1 Data": "48K", ...} of one core, where Linux tells."""
    found = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = ((index / name).read_text().strip() for name in ("level", "type", "size"))
        found[f"L{level} {kind}"] = size
    return found
