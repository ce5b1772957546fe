"""predict: one row and 50,000 rows through 50-256-256-2, and from two threads at once."""

from __future__ import annotations

from typing import Any

from benchmarks.cases import PREDICTIONS, THREADED
from benchmarks.options import Options
from benchmarks.peers import PEERS
from benchmarks.tables import digits, times
from benchmarks.timing import ratio
from benchmarks.turns import Lane, Turns, title


def measure(options: Options) -> dict[str, Any]:
    with Turns(rounds=options.rounds_or(9), seconds=options.seconds) as turns:
        results = [
            turns.compare(case.name, [Lane(peer, "predict", case) for peer in options.peers_in("predict")])
            for case in options.chosen(PREDICTIONS)
        ]
        lanes = [
            Lane(peer, "predict", case, f"{title(peer)}, {case.name}")
            for peer in options.peers_in("predict")
            if peer.startswith("glassnet")
            for case in options.chosen(THREADED)
        ]
        threaded = [turns.compare("50,000 rows in each thread", lanes)]
        return {"rounds": turns.rounds, "peers": turns.facts, "results": results, "threaded": threaded}


def tables(data: dict[str, Any]) -> dict[str, str]:
    one = [result for result in data["results"] if result["name"] == "one row"]
    many = [result for result in data["results"] if result["name"] != "one row"]
    lines = []
    for peer in filter(lambda name: name.startswith("glassnet"), PEERS):
        lanes = data["threaded"][0]["lanes"]
        alone, both = (lanes.get(f"{title(peer)}, {case.name}", {}).get("seconds") for case in THREADED)
        if alone and both:
            gain = 2 * ratio(alone, both)
            lines.append(f"{title(peer)}: two threads predict {digits(gain)} times as many rows a second.")
    return {
        "predict-one": times(one, 1e6, "microseconds"),
        "predict-many": times(many, 1e3, "milliseconds"),
        "predict-threads": times(data["threaded"], 1e3, "milliseconds")
        + "".join(f"\n\n{line}" for line in lines),
    }
