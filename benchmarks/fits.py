"""fit: seconds of whole fits of as many epochs, the first one in a fresh process and the next one."""

from __future__ import annotations

from typing import Any

from benchmarks.cases import FITS, Case
from benchmarks.options import Options
from benchmarks.tables import ratios, times
from benchmarks.timing import summary
from benchmarks.turns import Lane, Turns


def measure(options: Options) -> dict[str, Any]:
    rounds, facts = options.rounds_or(5), {}
    first, later = [], []
    for case in options.chosen(FITS, quick=1):
        turns_taken = []
        for turn in range(rounds):
            peers = options.peers_in("fit")
            peers = peers[turn % len(peers) :] + peers[: turn % len(peers)] if peers else []
            with Turns(rounds=1, seconds=0) as turns:  # fresh processes
                both = [turns.compare(case.name, lanes_of(peers, case)) for _ in range(2)]
                facts.update(turns.facts)
            turns_taken.append(both)
        first.append(merged(case, [both[0] for both in turns_taken], options.peers_in("fit")))
        later.append(merged(case, [both[1] for both in turns_taken], options.peers_in("fit")))
    return {"rounds": rounds, "peers": facts, "results": later, "first": first}


def lanes_of(peers: list[str], case: Case) -> list[Lane]:
    return [Lane(peer, "fit", case) for peer in peers]


def merged(case: Case, rounds: list[dict[str, Any]], peers: list[str]) -> dict[str, Any]:
    """Return the rounds of one case as one result."""
    lanes: dict[str, dict[str, Any]] = {}
    for peer in peers:
        runs = [one["lanes"][peer] for one in rounds]
        gaps = [run for run in runs if "missing" in run]
        if gaps:
            lanes[peer] = gaps[0]
        else:
            seconds = [run["seconds"][0] for run in runs]
            lanes[peer] = {"peer": peer, "seconds": seconds, **summary(seconds)}
    return {"name": case.name, "case": case.to_dict(), "lanes": lanes}


def tables(data: dict[str, Any]) -> dict[str, str]:
    return {
        "fit": times(data["results"], 1),
        "fit-first": times(data["first"], 1),
        "fit-ratios": ratios(data["results"], "glassnet"),
    }
