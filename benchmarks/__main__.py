"""The command line: python -m benchmarks SUBCOMMAND; see docs/performance.md."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks import cold, fits, kernels, limit, memory, predict, report, scaling, smoke, steps, trials
from benchmarks.environment import environment
from benchmarks.options import Options
from benchmarks.peers import PEERS

MODULES: dict[str, ModuleType] = {
    "steps": steps,
    "fit": fits,
    "predict": predict,
    "cold": cold,
    "memory": memory,
    "limit": limit,
    "scaling": scaling,
    "kernels": kernels,
    "trials": trials,
}


def main() -> None:
    subcommand, options = asked()
    if subcommand == "report":
        show_report(options)
        return
    if subcommand == "smoke":
        with tempfile.TemporaryDirectory() as folder:
            options = smoke.options(Path(folder))
            for name in MODULES:
                show(name, options)
            show_report(options)
            sys.exit(smoke.faults(options, MODULES))
    for name in MODULES if subcommand == "all" else [subcommand]:
        show(name, options)


def asked() -> tuple[str, Options]:
    """Return the subcommand and the options of the command line."""
    lines = "\n".join((module.__doc__ or "").splitlines()[0] for module in [*MODULES.values(), report, smoke])
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"{lines}\nall: all of these but the last two.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    usual = Options()
    parser.add_argument("subcommand", choices=[*MODULES, "all", "report", "smoke"])
    parser.add_argument(
        "--quick", action="store_true", help="few small cases, short runs: shows that it runs"
    )
    parser.add_argument("--rounds", type=int, default=0, metavar="N", help="turns of each peer")
    parser.add_argument("--only", default="", metavar="CASE", help="cases whose names hold this")
    parser.add_argument(
        "--peers", nargs="*", default=[], choices=list(PEERS), metavar="PEER", help=", ".join(PEERS)
    )
    parser.add_argument("--out", type=Path, default=usual.out, help="folder of the JSON files")
    parser.add_argument("--docs", type=Path, default=usual.docs, help="folder of the page that report fills")
    given = vars(parser.parse_args())
    if given["rounds"] < 0:
        parser.error(f"--rounds must be at least 1, got {given['rounds']}")
    return given.pop("subcommand"), Options(**{**given, "peers": tuple(given["peers"])})


def show(name: str, options: Options) -> None:
    """Measure, write the JSON file, and print the tables."""
    started = time.perf_counter()
    conditions: dict[str, Any] = {"command": shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])}
    conditions["environment"] = environment()
    data = {**conditions, **MODULES[name].measure(options)}
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"{name}.json"
    path.write_text(json.dumps(data, indent=1) + "\n")
    for marker, table in MODULES[name].tables(data).items():
        print(f"\n{marker}\n\n{table}")
    print(f"\n{name}: {time.perf_counter() - started:.0f} s; written to {path}", flush=True)


def show_report(options: Options) -> None:
    for path in report.write(options, MODULES):
        print(path)


if __name__ == "__main__":
    main()
