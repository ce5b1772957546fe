"""Turns: the peers work on one case one after another, round for round, in an order that rotates."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

from benchmarks.cases import Case
from benchmarks.peers import PEERS, Unavailable
from benchmarks.process import Worker
from benchmarks.timing import summary

SETTLE = 0.25
"""Seconds between two runs, in which the last peer's threads fall asleep: Intel's spin for 0.2."""


@dataclass(frozen=True)
class Lane:
    """One column of a comparison: a peer doing a task of its on a case."""

    peer: str
    task: str
    case: Case
    label: str = ""

    @property
    def key(self) -> str:
        return self.label or self.peer


class Turns:
    """Keeps one worker for each peer."""

    def __init__(self, *, rounds: int, seconds: float) -> None:
        self.rounds, self.seconds = rounds, seconds
        self._workers: dict[str, Worker] = {}
        self._ending = ExitStack()

    def __enter__(self) -> Turns:
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    @property
    def facts(self) -> dict[str, Any]:
        """Versions and thread settings of each peer, or why it is missing."""
        return {name: worker.facts or worker.broken for name, worker in self._workers.items()}

    def compare(self, name: str, lanes: Sequence[Lane]) -> dict[str, Any]:
        """Return {"name", "lanes": {key: times or the reason for none}} of one case."""
        results: dict[str, dict[str, Any]] = {}
        ready: list[Lane] = []
        for lane in lanes:
            progress(f"{name}: {lane.key} warms up")
            try:
                reply = self._worker(lane.peer).ask(
                    do="prepare",
                    key=lane.key,
                    task=lane.task,
                    case=lane.case.to_dict(),
                    seconds=self.seconds,
                )
            except Unavailable as reason:
                results[lane.key] = {"peer": lane.peer, "missing": str(reason)}
            else:
                results[lane.key] = {"peer": lane.peer, "repeats": reply["repeats"], "seconds": []}
                ready.append(lane)
        for turn in range(self.rounds):
            for i in range(len(ready)):
                lane = ready[(turn + i) % len(ready)]
                if "missing" in results[lane.key]:
                    continue
                progress(f"{name}: round {turn + 1} of {self.rounds}, {lane.key}")
                time.sleep(SETTLE)
                try:
                    taken = self._worker(lane.peer).ask(do="run", key=lane.key)["seconds"]
                    results[lane.key]["seconds"].append(taken)
                except Unavailable as reason:
                    results[lane.key] = {"peer": lane.peer, "missing": str(reason)}
        for peer in {lane.peer for lane in ready}:
            with suppress(Unavailable):
                self._worker(peer).ask(do="clear")
        for result in results.values():
            if "seconds" in result:
                result.update(summary(result["seconds"]))
        progress("")
        return {"name": name, "case": lanes[0].case.to_dict() if lanes else {}, "lanes": results}

    def _worker(self, name: str) -> Worker:
        if name not in self._workers:
            self._workers[name] = Worker(name)
            self._ending.callback(self._workers[name].close)
        return self._workers[name]


def progress(text: str) -> None:
    """Show one line of what is being done, over the last one, where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r{text[:100]:<100}", end="" if text else "\r", file=sys.stderr, flush=True)


def title(key: str) -> str:
    """Return the name of a lane as tables print it."""
    return PEERS[key].title if key in PEERS else key
