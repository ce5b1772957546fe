"""steps: microseconds per training step, forward, backward and Adam, float32, in shuffled epochs."""

from __future__ import annotations

from typing import Any

from benchmarks.options import Options
from benchmarks.tables import ratios, times
from benchmarks.turns import Lane, Turns


def measure(options: Options) -> dict[str, Any]:
    with Turns(rounds=options.rounds_or(9), seconds=options.seconds) as turns:
        results = [
            turns.compare(case.name, [Lane(peer, "steps", case) for peer in options.peers_in("steps")])
            for case in options.chosen_steps()
        ]
        return {"rounds": turns.rounds, "peers": turns.facts, "results": results}


def tables(data: dict[str, Any]) -> dict[str, str]:
    return {
        "steps": times(data["results"], 1e6),
        "steps-ratios": ratios(data["results"], "glassnet"),
        "steps-ratios-numpy": ratios(data["results"], "glassnet-numpy"),
        "steps-ratios-mkl": ratios(data["results"], "glassnet-mkl"),
    }
