"""One trial in a process of its own: python -m benchmarks.trials.probe NAME JSON; prints JSON last."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.timing import Work, side_by_side


class Trial:
    """Gathers the results of one trial: ways to do the same, side by side."""

    def __init__(self, rounds: int, seconds: float, quick: bool) -> None:
        self.rounds, self.seconds, self.quick = rounds, seconds, quick
        self.results: list[dict[str, Any]] = []

    def compare(self, name: str, works: dict[str, Work], **more: Any) -> None:
        lanes = side_by_side(works, rounds=self.rounds, seconds=self.seconds)
        self.results.append({"name": name, "lanes": lanes, **more})

    def some(self, cases: list[Any]) -> list[Any]:
        """Return all cases, or in a quick run the first."""
        return cases[:1] if self.quick else cases


def main(name: str, asked: dict[str, Any]) -> dict[str, Any]:
    from benchmarks.trials import products, updates

    trial = Trial(**asked)
    run: Callable[[Trial], dict[str, Any] | None] = {**products.TRIALS, **updates.TRIALS}[name]
    if name in products.TWO_CORES and len(os.sched_getaffinity(0)) < 2:
        return {"missing": "one processor only"}
    more = run(trial)
    return {"results": trial.results, **(more or {})}


if __name__ == "__main__":
    try:
        found = main(sys.argv[1], json.loads(sys.argv[2]))
    except ModuleNotFoundError:
        found = {"missing": "not installed"}
    print(json.dumps(found))
