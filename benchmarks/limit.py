"""limit: how near a training step comes to what the processor can do at best.

The limit is the step's matrix products alone at the BLAS's best rate (1 or 2 threads, whichever is faster;
the least time of all rounds), and the time in which memory can move the bytes that Adam must.
"""

from __future__ import annotations

from typing import Any

from benchmarks.options import Options
from benchmarks.peers import PEERS
from benchmarks.tables import columns, digits, table
from benchmarks.turns import Lane, Turns, title

TASKS = ("products_1", "products_2", "traffic_1", "traffic_2")


def lanes(case: Any) -> list[Lane]:
    """Return the lanes from which :func:`limit_of` computes the limit."""
    return [Lane("limit", task, case, task) for task in TASKS]


def limit_of(result: dict[str, Any]) -> tuple[float, float, int]:
    """Return seconds of the products, seconds of the traffic, and the better number of BLAS threads."""
    found = result["lanes"]
    products = {n: found[f"products_{n}"]["least"] for n in (1, 2)}
    best = min(products, key=lambda n: products[n])
    return products[best], min(found["traffic_1"]["least"], found["traffic_2"]["least"]), best


def measure(options: Options) -> dict[str, Any]:
    with Turns(rounds=options.rounds_or(7), seconds=options.seconds) as turns:
        results = [
            turns.compare(
                case.name, [*lanes(case), *(Lane(p, "steps", case) for p in options.peers_in("limit"))]
            )
            for case in options.chosen_steps()
        ]
        return {"rounds": turns.rounds, "peers": turns.facts, "results": results}


def tables(data: dict[str, Any]) -> dict[str, str]:
    peers = [key for key in columns(data["results"]) if key in PEERS]
    rows = []
    for result in data["results"]:
        if "least" not in result["lanes"]["products_1"]:
            continue
        products, traffic, threads = limit_of(result)
        shares = [result["lanes"][peer].get("median") for peer in peers]
        rows.append(
            [
                result["name"],
                f"{digits(products * 1e6)} ({threads})",
                digits(traffic * 1e6),
                digits((products + traffic) * 1e6),
                *(f"{100 * (products + traffic) / s:.0f} %" if s else "-" for s in shares),
            ]
        )
    head = ["case", "products, µs (threads)", "Adam's bytes, µs", "limit, µs", *map(title, peers)]
    return {"limit": table(head, rows)}
