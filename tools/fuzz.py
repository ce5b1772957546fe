"""Fuzz what reads foreign files: the model loader, the CSV reader and the command line.

Every case is made from a seed and its number alone, so a fault repeats. A case passes if nothing but a
GlassnetError or an OSError comes out (of the command line: exit code 0 or 2 and no traceback), within
5 seconds, with no more than 1 GiB of memory taken.

    python tools/fuzz.py --seconds 600          # all three targets in turn
    python tools/fuzz.py --target csv --cases 2000 --seed 7
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import faulthandler
import gzip
import io
import json
import os
import random
import resource
import struct
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SLOWEST, MOST_MEMORY = 5.0, 1 << 30
GRACE_ADDRESSES = 4 << 30  # beyond what is mapped at the start: memory asked for, used or not

NUMBERS = [0, -1, 1, 2, 7, 255, 256, 10**9, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63), 10**40, 10**400]
VALUES: list[Any] = [
    *NUMBERS, 0.0, -0.0, 1e-320, 0.5, 1.5, 1e308, float("nan"), float("inf"), None, True, False, "", "a",
    "float32", "float64", "Dense", "relu", "../../etc/passwd", "os.system", "\x00", "\ud800", "é", "x" * 5000,
    [], {}, [[]], [None], [1, 2], {"class": "Dense", "units": 3}, {"class": "Dense"}, {"class": 3},
    {"class": "Residual", "layers": []}, {"class": "ReLU"}, {"class": "BatchNorm", "epsilon": 1e-300},
]  # fmt: skip
BYTES = [b"\0", b"\xff", b'"', b"{", b"}", b"[", b"]", b",", b":", b"\n", b"\r", b"\xef\xbb\xbf", b"\xc3\x28"]
TABLES = [
    b"age;size;kind\n30;1,5;cat\n?;2,5;cow\n31;3,5;cat\n",
    b"id,price,city,day,member\n1,2.5,Oslo,2024-01-01,true\n2,,Rome,2024-02-03,false\n"
    b'3,1e3,"Ny ""York""",NA,true\n',
    b"a\tb\tc\n" + b"".join(b"%d\t%d\tx%d\n" % (i, i * i, i % 3) for i in range(40)),
    "naïve,größe\n1,ä\n2,ö\n".encode("utf-8-sig"),
    b"when,value\n2024-01-01 10:00:00,1\n2024-01-01T11:00:00Z,2\n1850-01-01,3\n9999-12-31,4\n",
    b'a,b\n"multi\nline",1\n"x, y",2\n',
]  # fmt: skip
CELLS = [b"1e999", b"-0", b"0x1F", b"1_000", b"99999999999999999999", b"nan", b"NULL", b"true", b"2024-13-45",
         b"1,5", b"'", b'""', b"\t", b"=1+1", b"1e-400", b"0000-00-00", b"24:61:61", b"x" * 300]  # fmt: skip


@dataclass
class Tally:
    """What one target has been through."""

    cases: int = 0
    bytes: int = 0
    taken: int = 0
    slowest: float = 0.0
    faults: list[str] = field(default_factory=list)


class Folder:
    """A scratch folder with the files that the mutations start from."""

    def __init__(self, place: Path) -> None:
        self.place = place
        import glassnet as gn
        from glassnet.tabular import TabularEncoder, TabularModel, TargetEncoder

        table = {
            "age": [20.0, 30.0, None, 35.5],
            "city": ["Oslo", "Rome", "Oslo", "Bern"],
            "member": [True, False, None, True],
            "since": ["2024-01-01", "2024-06-15", "2025-03-09", None],
        }
        encoder = TabularEncoder().fit(table)
        target = TargetEncoder().fit(["no", "yes", "no", "yes"], "answer")
        layers = [
            gn.Dense(4, activation=gn.LeakyReLU(0.2)),
            gn.BatchNorm(),
            gn.Residual([gn.LayerNorm(), gn.Dense(4, activation="gelu"), gn.Dropout(0.1)]),
            gn.Dense(2, activation="softmax"),
        ]
        tabular = TabularModel(gn.Network(layers, seed=0).build(encoder.n_features), target, encoder=encoder)
        values = TargetEncoder(task="regression").fit([1.0, 2.0, 4.0, 3.0], "price")
        plain = TabularModel(
            gn.Network([gn.Dense(1)], seed=0, dtype="float64").build(2), values, feature_names=("a", "b")
        )
        self.models = []
        for i, model in enumerate((tabular, plain)):
            model.save(place / f"model{i}.safetensors")
            self.models.append((place / f"model{i}.safetensors").read_bytes())
        rows = "\n".join(
            f"{20 + i},{['Oslo', 'Rome', 'Bern'][i % 3]},{i % 2},2024-0{1 + i % 9}-11" for i in range(24)
        )
        self.table = f"age,city,member,since\n{rows}\n".encode()
        (place / "table.csv").write_bytes(self.table)
        labels = ["answer", *(["no", "yes"] * 12)]
        self.labelled = "\n".join(
            f"{line},{label}" for line, label in zip(self.table.decode().splitlines(), labels, strict=False)
        ).encode()
        (place / "labelled.csv").write_bytes(self.labelled)


def mutated(content: bytes, draw: random.Random) -> bytes:
    """Return bytes changed in a few places."""
    made = bytearray(content)
    for _ in range(draw.choice([1, 1, 2, 3, 8, 30])):
        at = draw.randrange(len(made) + 1)
        end = min(len(made), at + draw.choice([1, 1, 2, 4, 8, 64]))
        kind = draw.randrange(8)
        if kind == 0 and at < len(made):
            made[at] ^= 1 << draw.randrange(8)
        elif kind == 1 and at < len(made):
            made[at] = draw.randrange(256)
        elif kind == 2:
            made[at:end] = b""
        elif kind == 3:
            made[at:at] = draw.choice(BYTES) * draw.choice([1, 1, 2, 100])
        elif kind == 4:
            made[at:at] = made[at:end] * draw.choice([1, 2, 50])
        elif kind == 5:
            made[at:end] = draw.randbytes(end - at)
        elif kind == 6 and draw.random() < 0.2:
            del made[at:]
        elif kind == 7:
            made[at : at + 8] = struct.pack("<q", draw.choice([0, 1, -1, 2**62, 2**24, 2**24 + 1, len(made)]))
    return bytes(made)


def mutated_tree(tree: Any, draw: random.Random) -> Any:
    """Return a JSON document with some of its values replaced, dropped, repeated or moved."""
    tree = copy.deepcopy(tree)
    for _ in range(draw.choice([1, 1, 1, 2, 4])):
        places: list[tuple[Any, Any]] = []
        level = [tree]
        while level:
            below = []
            for node in level:
                keys = list(node) if isinstance(node, dict) else range(len(node))
                places += [(node, key) for key in keys]
                below += [node[key] for key in keys if isinstance(node[key], (dict, list))]
            level = below
        if not places:
            return tree
        node, key = draw.choice(places)
        kind = draw.randrange(7)
        if kind <= 2:
            node[key] = copy.deepcopy(draw.choice(VALUES))
        elif kind == 3:
            del node[key]
        elif kind == 4:
            other, name = draw.choice(places)
            with contextlib.suppress(KeyError, IndexError):
                node[key] = copy.deepcopy(other[name])
        elif kind == 5 and isinstance(node, list):
            node += [copy.deepcopy(node[key])] * draw.choice([1, 2, 300])
        elif isinstance(node, dict):
            node[draw.choice(["extra", "class", "", "format_version", str(key) + "2"])] = node[key]
    return tree


def repacked(content: bytes, draw: random.Random) -> bytes:
    """Return a model file whose header or description has been changed as a tree, lengths kept true."""
    length = int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    if draw.random() < 0.75:
        document = mutated_tree(json.loads(header["__metadata__"]["glassnet"]), draw)
        header["__metadata__"]["glassnet"] = json.dumps(document)
    else:
        header = mutated_tree(header, draw)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def mutated_table(content: bytes, draw: random.Random) -> bytes:
    """Return a table with cells, lines or bytes changed, now and then packed by gzip."""
    if draw.random() < 0.6:
        lines = [line.split(b",") for line in content.split(b"\n")]
        for _ in range(draw.choice([1, 2, 5, 20])):
            line = draw.choice(lines)
            kind = draw.randrange(5)
            if kind <= 1:
                line[draw.randrange(len(line))] = draw.choice(CELLS)
            elif kind == 2:
                line.insert(draw.randrange(len(line) + 1), draw.choice(CELLS))
            elif kind == 3 and len(line) > 1:
                line.pop()
            else:
                lines.insert(draw.randrange(len(lines)), list(draw.choice(lines)))
        content = draw.choice([b"\n", b"\n", b"\r\n", b"\r"]).join(b",".join(line) for line in lines)
    if draw.random() < 0.6:
        content = mutated(content, draw)
    if draw.random() < 0.1:
        content = gzip.compress(content, 1)
        if draw.random() < 0.5:
            content = mutated(content, draw)
    return content


def fuzz_model(folder: Folder, draw: random.Random, tally: Tally) -> None:
    """Load one changed model file; where it loads, predict with it."""
    import numpy as np

    import glassnet as gn
    from glassnet.tabular import TabularModel

    content = draw.choice(folder.models)
    content = repacked(content, draw) if draw.random() < 0.6 else mutated(content, draw)
    if draw.random() < 0.1:
        content = mutated(content, draw)
    path = folder.place / "case.safetensors"
    path.write_bytes(content)
    tally.bytes += len(content)
    load: Callable[[Any], Any] = draw.choice([gn.load, TabularModel.load])
    made = load(path)
    tally.taken += 1
    net = getattr(made, "network", made)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        net.predict(np.ones((2, net.n_features)))


def fuzz_csv(folder: Folder, draw: random.Random, tally: Tally) -> None:
    """Read one changed table."""
    from glassnet.datasets import read_table

    content = mutated_table(draw.choice([*TABLES, folder.labelled]), draw)
    path = folder.place / draw.choice(["case.csv", "case.csv", "case.csv.gz", "case.parquet"])
    path.write_bytes(content)
    tally.bytes += len(content)
    read_table(path)
    tally.taken += 1


WORDS = [
    *("", "-", "--", "age", "answer", "no such", "1", "0", "-1", "1e9", "nan", "relu", "adam", "16", "16,8"),
    *("é\udce9", "x" * 400, "--help", "a,b", ",", "0.5", "1.5", "case.csv", ".", "table.csv", "\x1b[31m"),
]
OPTIONS = [
    *(
        "--target",
        "--task",
        "--drop",
        "--max-categories",
        "--validation",
        "--test",
        "--hidden",
        "--activation",
    ),
    *("--dropout", "--loss", "--label-smoothing", "--class-weight", "--optimizer", "--learning-rate"),
    *("--schedule", "--weight-decay", "--clip-norm", "--batch-size", "--patience", "--seed", "--keep"),
    *("--force", "--quiet", "--verbose", "--batchnorm", "--version", "--no-such"),
]


def fuzz_cli(folder: Folder, draw: random.Random, tally: Tally) -> None:
    """Run one command on changed files and with changed arguments."""
    from glassnet.cli.app import run

    model = draw.choice(folder.models)
    table = draw.choice([folder.table, folder.labelled])
    if draw.random() < 0.4:
        model = repacked(model, draw) if draw.random() < 0.7 else mutated(model, draw)
    if draw.random() < 0.7:
        table = mutated_table(table, draw)
    (folder.place / "case.safetensors").write_bytes(model)
    (folder.place / "case.csv").write_bytes(table)
    arguments = {
        "predict": ["predict", "case.safetensors", "case.csv", "--out", "out.csv", "--force"],
        "evaluate": ["evaluate", "case.safetensors", "case.csv"],
        "summary": ["summary", "case.safetensors"],
        "compare": ["compare", "case.csv"],
        "train": ["train", "case.csv", "--epochs", "1", "--out", "run", "--force"],
    }[draw.choices(["predict", "evaluate", "summary", "compare", "train"], [6, 6, 4, 1, 1])[0]]
    for _ in range(draw.choice([0, 0, 1, 2])):
        kind = draw.randrange(4)
        at = draw.randrange(1, len(arguments) + 1)
        if kind == 0:
            arguments[at:at] = [draw.choice(OPTIONS), draw.choice(WORDS)]
        elif kind == 1:
            arguments.insert(at, draw.choice([*OPTIONS, *WORDS]))
        elif kind == 2 and at < len(arguments) and "epochs" not in arguments[at]:
            arguments[at] = draw.choice(WORDS)
        elif kind == 3 and arguments[0] != "train":
            del arguments[draw.randrange(len(arguments))]
    tally.bytes += len(model) + len(table) + sum(map(len, arguments))
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(arguments)
    said = out.getvalue() + err.getvalue()
    tally.taken += code == 0
    if code not in (0, 2) or "Traceback" in said or "not enough memory" in said:
        raise AssertionError(f"{arguments} ended with code {code}: {said[-600:]}")


TARGETS = {"model": fuzz_model, "csv": fuzz_csv, "cli": fuzz_cli}


def one_case(target: str, folder: Folder, seed: int, number: int, tally: Tally) -> None:
    """Run one case and note what is wrong with it."""
    from glassnet.errors import GlassnetError

    warnings.simplefilter("ignore")
    draw = random.Random(f"{seed}-{target}-{number}")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    fault = ""
    try:
        TARGETS[target](folder, draw, tally)
    except (GlassnetError, OSError):
        pass
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        fault = f"{type(error).__name__}: {str(error)[:900]}"
    seconds = time.perf_counter() - started
    tally.cases += 1
    tally.slowest = max(tally.slowest, seconds)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    if seconds > SLOWEST:
        fault = fault or f"took {seconds:.1f} s"
    if grown > MOST_MEMORY:
        fault = fault or f"took {grown >> 20} MiB"
    if fault:
        tally.faults.append(f"--target {target} --seed {seed} --first {number} --cases 1: {fault}")


def fuzz(
    targets: list[str], *, seed: int, cases: int | None, seconds: float | None, first: int = 0
) -> dict[str, Tally]:
    """Run cases in turn, so many of each target or for so long; return what happened."""
    tallies = {target: Tally() for target in targets}
    shares = {"model": 10, "csv": 10, "cli": 1}
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Folder(Path(name))
        os.chdir(name)  # the command line writes below
        try:
            numbers = dict.fromkeys(targets, first)
            started = time.perf_counter()
            while True:
                for target in targets:
                    for _ in range(shares[target] if cases is None else 1):
                        faulthandler.dump_traceback_later(60, exit=True)
                        one_case(target, folder, seed, numbers[target], tallies[target])
                        faulthandler.cancel_dump_traceback_later()
                        numbers[target] += 1
                if cases is not None and numbers[targets[0]] - first >= cases:
                    break
                if seconds is not None and time.perf_counter() - started >= seconds:
                    break
        finally:
            os.chdir(here)
    return tallies


def main() -> int:
    """Fuzz and print what happened."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", choices=TARGETS, help="default: all three")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--cases", type=int, help="of each target")
    parser.add_argument("--seconds", type=float, help="how long; default 60 if no --cases")
    given = parser.parse_args()
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (mapped + GRACE_ADDRESSES, resource.RLIM_INFINITY))
    seconds = given.seconds if given.cases or given.seconds else 60.0
    targets = [given.target] if given.target else list(TARGETS)
    started = time.perf_counter()
    tallies = fuzz(targets, seed=given.seed, cases=given.cases, seconds=seconds, first=given.first)
    for target, tally in tallies.items():
        print(
            f"{target}: {tally.cases:,} cases, {tally.bytes:,} bytes, {tally.taken:,} taken, "
            f"slowest {tally.slowest:.2f} s, {len(tally.faults)} faults"
        )
        seen: dict[str, str] = {}
        for fault in tally.faults:
            seen.setdefault(fault.split(": ", 1)[1][-160:], fault)
        for fault in list(seen.values())[:25]:
            print(f"  {fault}")
    print(
        f"{time.perf_counter() - started:.0f} s, seed {given.seed}, peak memory "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB"
    )
    return 1 if any(tally.faults for tally in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
