"""The figures of docs/mistakes.md: print them, write them into the page, or compare.

    python tools/mistakes.py                   # prints every table
    python tools/mistakes.py nesterov nadam    # prints these
    python tools/mistakes.py --write           # writes all tables into the page, and its pictures
    python tools/mistakes.py --check           # compares with the page; ends with 1 if a table differs
    python tools/mistakes.py nadam --check     # compares this one

Every error is made on purpose, in NumPy or as a layer, loss or optimiser of one's own, beside the
right version from glassnet, on the small data sets that come with it.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from mistake_cases import FIGURES, PICTURES, TIMINGS

import glassnet as gn

DOCS = Path(__file__).resolve().parent.parent / "docs"
BLOCK = re.compile(r"(<!-- figures: (?P<name>[a-z-]+) -->\n)(?P<table>.*?)(<!-- end -->)", re.DOTALL)


def blocks(page: str) -> dict[str, str]:
    """Return the tables of the page by name."""
    found = {match["name"]: match["table"].strip() for match in BLOCK.finditer(page)}
    if set(found) != set(FIGURES) | set(TIMINGS):
        odd = sorted(set(found) ^ (set(FIGURES) | set(TIMINGS)))
        raise SystemExit(f"The page and the script differ in these tables: {', '.join(odd)}.")
    return found


def write(path: Path) -> None:
    """Put what the script measures into the page, and draw its pictures."""
    page = path.read_text(encoding="utf-8")
    blocks(page)
    tables = {name: make() for name, make in (FIGURES | TIMINGS).items()}
    path.write_text(
        BLOCK.sub(lambda match: f"{match[1]}\n{tables[match['name']]}\n\n{match[4]}", page), encoding="utf-8"
    )
    for name, draw in PICTURES.items():
        (path.parent / "figures").mkdir(exist_ok=True)
        gn.plots.save(draw(), path.parent / "figures" / name, dpi=110)


def check(path: Path, names: list[str]) -> bool:
    """Print the tables in which the page differs from what the script measures; timings are left out."""
    found, same = blocks(path.read_text(encoding="utf-8")), True
    for name in names or FIGURES:
        if name in TIMINGS:
            continue
        measured = FIGURES[name]()
        if measured != found[name]:
            same = False
            print("\n".join(difflib.unified_diff(*map(str.splitlines, (found[name], measured)), name, "now")))
    print("The page is what the script prints." if same else "Run: python tools/mistakes.py --write")
    return same


def main() -> int:
    """Read the arguments and do as they say."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(FIGURES | TIMINGS)}")
    parser.add_argument("--write", action="store_true", help="write the tables into the page")
    parser.add_argument("--check", action="store_true", help="compare the page with the script")
    parser.add_argument("--page", type=Path, default=DOCS / "mistakes.md")
    args = parser.parse_args()
    unknown = set(args.names) - set(FIGURES | TIMINGS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if args.write:
        write(args.page)
        return 0
    if args.check:
        return 0 if check(args.page, args.names) else 1
    for name, make in (FIGURES | TIMINGS).items():
        if not args.names or name in args.names:
            print(f"{name}\n\n{make()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
