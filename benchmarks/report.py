"""report: puts the tables of results/*.json between the pages' markers, and draws their figures."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks import figures, overview
from benchmarks.options import ROOT, Options
from benchmarks.turns import title

PAGE = "performance.md"


def load(folder: Path, name: str) -> dict[str, Any] | None:
    """Return the results of one subcommand, or None."""
    path = folder / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def write(options: Options, modules: dict[str, ModuleType]) -> list[Path]:
    """Fill the page in `options.docs` and draw; return the files written."""
    page = options.docs / PAGE
    text = (page if page.exists() else ROOT / "docs" / PAGE).read_text()
    written = [page]
    conditions = []
    for name, module in modules.items():
        data = load(options.out, name)
        if data is None:
            continue
        for marker, table in module.tables(data).items():
            text = replaced(text, marker, table)
        conditions.append((name, data))
    if conditions:
        text = replaced(text, "environment", described(conditions))
    options.docs.mkdir(parents=True, exist_ok=True)
    (options.docs / "figures").mkdir(exist_ok=True)
    page.write_text(text)
    start = options.docs.parent / "README.md"  # the smoke test's folder has none
    found = dict(conditions)
    if start.exists() and all(name in found for name in overview.NEEDED):
        start.write_text(replaced(start.read_text(), "peers", overview.readme(found)))
        written.append(start)
    for name, draw in figures.FIGURES.items():
        data = load(options.out, name)
        path = options.docs / "figures" / f"performance-{name}.png"
        if data is not None and draw(data, path):
            written.append(path)
    return written


def replaced(text: str, marker: str, table: str) -> str:
    """Return the text with `table` between <!-- marker --> and <!-- /marker -->."""
    between = re.compile(rf"(<!-- {marker} -->\n).*?(<!-- /{marker} -->)", re.DOTALL)
    return between.sub(lambda found: f"{found[1]}{table}\n{found[2]}", text)


def described(conditions: list[tuple[str, dict[str, Any]]]) -> str:
    """Return a list of what the figures depend on."""
    machines = {name: data["environment"] for name, data in conditions}
    one = next(iter(machines.values()))
    caches = ", ".join(f"{level} {size}" for level, size in one["caches"].items())
    facts: dict[str, Any] = {}
    for _, data in conditions:
        facts.update({k: v for k, v in data.get("peers", {}).items() if isinstance(v, dict)})
    versions = {k: v for fact in facts.values() for k, v in fact["versions"].items() if v != "not installed"}
    for _, data in conditions:
        versions.update(data.get("versions", {}))
    peers_with: dict[str, list[str]] = {}
    for name, fact in facts.items():
        peers_with.setdefault(pools(fact), []).append(title(name))
    trial = [name for name, data in conditions if "--quick" in data["command"]]
    lines = [
        *([f"A trial (`--quick`), not worth quoting: {', '.join(trial)}."] if trial else []),
        f"Processor: {one['processor']}, {one['processors']} cores; caches: {caches or 'unknown'}.",
        f"System: {one['system']}, Python {one['python']}.",
        "Versions: " + ", ".join(f"{k} {v}" for k, v in sorted(versions.items())) + ".",
        "Thread variables set: "
        + (", ".join(f"{k}={v}" for k, v in one["variables"].items()) or "none")
        + ".",
        *(f"Threads of {', '.join(names)}: {text}." for text, names in peers_with.items()),
        "Rounds: " + ", ".join(f"{n} {data['rounds']}" for n, data in conditions if "rounds" in data) + ".",
        "Date, and load average at the start: "
        + ", ".join(f"{name} {m['date']} {m['load'][0]}" for name, m in machines.items())
        + ".",
    ]
    return "\n".join(f"- {line}" for line in lines)


def pools(fact: dict[str, Any]) -> str:
    """Return the thread pools that threadpoolctl sees in one peer, in a line."""
    shown = {
        " ".join([p["internal_api"], p.get("version") or "", p.get("architecture", "")]).strip()
        + f" {p['num_threads']}": None
        for p in fact["pools"]
    }
    return "; ".join(" ".join(one.split()) for one in shown) or "a pool of its own"
