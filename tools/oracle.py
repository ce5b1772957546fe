"""Golden vectors from PyTorch: write them, or compare them, PyTorch and glassnet with each other.

    python tools/oracle.py              # writes tests/oracle/*.json and *.npz
    python tools/oracle.py --compare    # asks PyTorch again, compares, prints a table; `make oracle`

Needs PyTorch; `make oracle` installs it into an environment of its own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "oracle"))
import golden  # noqa: E402  (the tests' own reader and runner)

TORCH = "2.13.0"
REPEATABLE = 1e-12
"""How far PyTorch may stray from the stored files, of an array's largest magnitude: another
processor adds up in another order."""


def documents() -> Iterator[tuple[str, dict]]:
    """Yield every family with what PyTorch says today."""
    version = torch.__version__.split("+")[0]
    for family in (*golden.FAMILIES, "differences"):
        cases = list(import_module(f"torch_oracle.cases_{family}").cases())
        names = [case["name"] for case in cases]
        if len(set(names)) != len(names):
            raise SystemExit(f"Two cases of {family} have the same name.")
        yield family, {"torch": version, "cases": cases}


def write() -> None:
    """Write all files and tell their size."""
    for family, document in list(documents()):  # all of it before the first is written
        golden.write(family, document)
    files = [path for path in golden.FOLDER.iterdir() if path.suffix in (".json", ".npz")]
    print(f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.2f} MB")


def compare() -> bool:
    """Print one line for every family; return whether everything agrees."""
    columns = ("family", "cases", "arrays", "numbers", "f64 abs", "f64 rel", "f32 abs", "f32 rel", "stored")
    print(f"PyTorch {torch.__version__}, NumPy {np.__version__}")
    print(("{:<13}" + "{:>7}" * 2 + "{:>9}" + "{:>10}" * 5).format(*columns))
    totals, failures = np.zeros(3, int), []
    for family, document in documents():
        kept = golden.read(family)
        stored = stray(document["cases"], kept["cases"])
        if kept["torch"] != document["torch"] or not stored <= REPEATABLE:
            failures.append(f"{family}: the stored files are not what PyTorch says now ({stored:.1e})")
        if family == "differences":
            print(f"{family:<13}{len(document['cases']):>7}{'':>56}{stored:>10.1e}")
            continue
        counts, worst, wrong = measured(family, document["cases"])
        totals += counts
        failures += wrong
        figures = "".join(f"{value:>10.1e}" for value in (*worst, stored))
        print(f"{family:<13}{counts[0]:>7}{counts[1]:>7}{counts[2]:>9}{figures}")
    print(f"{'all':<13}{totals[0]:>7}{totals[1]:>7}{totals[2]:>9}")
    print(
        "rel: largest error of an array over its largest expected magnitude; stored: of the files, likewise."
    )
    print("\n".join(failures) or "Everything agrees.")
    return not failures


def measured(family: str, cases: list[dict]) -> tuple[np.ndarray, list[float], list[str]]:
    """Return counts (cases, arrays, numbers), the worst errors in both precisions, and failures."""
    counts, worst, wrong = np.array([len(cases), 0, 0]), [0.0] * 4, []
    for case in cases:
        for dtype in golden.precisions(case):
            column = 0 if dtype == "float64" else 2
            answers = golden.run(family, case, dtype)
            if set(answers) != set(case["expected"]):
                wrong.append(f"{family}: {case['name']}: other answers than expected")
                continue
            for name, expected in case["expected"].items():
                absolute = golden.absolute_error(answers[name], expected)
                relative = golden.scaled_error(answers[name], expected)
                worst[column] = max(worst[column], absolute)
                worst[column + 1] = max(worst[column + 1], relative)
                close = dtype == "float32" or np.allclose(answers[name], expected, **golden.TOLERANCE_64)
                if not close or not relative <= golden.TOLERANCE_32:
                    wrong.append(f"{family}: {case['name']}: {name}, {dtype}: {absolute:.1e}, {relative:.1e}")
                if dtype == "float64":
                    counts += [0, 1, np.size(expected)]
    return counts, worst, wrong


def stray(live: object, kept: object) -> float:
    """Return the largest scaled error anywhere in two like structures; infinite where they are unlike."""
    if isinstance(live, dict):
        if not isinstance(kept, dict) or live.keys() != kept.keys():
            return np.inf
        return max((stray(live[key], kept[key]) for key in live), default=0.0)
    if isinstance(live, (list, tuple)):
        if not isinstance(kept, list) or len(live) != len(kept):
            return np.inf
        return max(map(stray, live, kept), default=0.0)
    if isinstance(live, np.ndarray):
        live, kept = np.asarray(live, float), np.asarray(kept, float)
        odd = ~np.isfinite(live)
        if live.shape != kept.shape or not np.array_equal(live[odd], kept[odd], equal_nan=True):
            return np.inf
        return golden.scaled_error(kept[~odd], live[~odd])
    return 0.0 if live == kept else np.inf


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--compare", action="store_true", help="compare instead of writing")
    asked = parser.parse_args()
    if torch.__version__.split("+")[0] != TORCH:
        raise SystemExit(f"The golden vectors are those of PyTorch {TORCH}, this is {torch.__version__}.")
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    if asked.compare:
        sys.exit(0 if compare() else 1)
    write()


if __name__ == "__main__":
    main()
