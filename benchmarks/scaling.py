"""scaling: how the cost of a step grows with rows, width, depth and batch, beside the limit."""

from __future__ import annotations

from typing import Any

from benchmarks import limit
from benchmarks.cases import growth
from benchmarks.options import Options
from benchmarks.peers import PEERS
from benchmarks.tables import columns, digits, table
from benchmarks.turns import Lane, Turns, title


def measure(options: Options) -> dict[str, Any]:
    results: dict[str, list[dict[str, Any]]] = {}
    with Turns(rounds=options.rounds_or(3), seconds=options.seconds / 2) as turns:
        for kind, cases in growth(options.quick).items():
            results[kind] = []
            for value, case in cases:
                if options.only not in case.name:
                    continue
                lanes = [Lane(peer, "steps", case) for peer in options.peers_in("scaling")]
                found = turns.compare(case.name, [*limit.lanes(case), *lanes])
                results[kind].append({"value": value, **found})
        return {"rounds": turns.rounds, "peers": turns.facts, "results": results}


def limit_or_none(result: dict[str, Any]) -> float | None:
    """Return the limit in seconds, None where it was not measured."""
    if "least" not in result["lanes"].get("products_1", {}):
        return None
    products, traffic, _ = limit.limit_of(result)
    return products + traffic


def tables(data: dict[str, Any]) -> dict[str, str]:
    return {f"scaling-{kind}": grown(kind, results) for kind, results in data["results"].items() if results}


def grown(kind: str, results: list[dict[str, Any]]) -> str:
    """Return the table of one size: microseconds a step, and the fraction of the limit reached."""
    keys = [key for key in columns(results) if key in PEERS]
    ours = keys[0] if keys else "glassnet"
    rows = []
    for result in results:
        medians = [result["lanes"].get(key, {}).get("median") for key in keys]
        least, own = limit_or_none(result), result["lanes"].get(ours, {}).get("median")
        rows.append(
            [
                f"{result['value']:,}",
                *(digits(m * 1e6) if m else "-" for m in medians),
                digits(least * 1e6) if least else "-",
                f"{100 * least / own:.0f} %" if least and own else "-",
            ]
        )
    return table([kind, *map(title, keys), "limit", f"limit / {title(ours)}"], rows)
