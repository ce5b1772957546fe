"""What the command line asks of every subcommand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.cases import STEPS, Case
from benchmarks.peers import PEERS

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, kw_only=True)
class Options:
    """`rounds` 0 leaves their number to the subcommand."""

    quick: bool = False
    rounds: int = 0
    only: str = ""
    peers: tuple[str, ...] = ()
    out: Path = ROOT / "benchmarks" / "results"
    docs: Path = ROOT / "docs"

    @property
    def seconds(self) -> float:
        """How long one run of one peer should take, if one unit of work is not longer."""
        return 0.02 if self.quick else 0.5

    def rounds_or(self, usual: int) -> int:
        return self.rounds or (3 if self.quick else usual)

    def chosen(self, cases: Sequence[Case], quick: int = 2) -> list[Case]:
        """Return the cases whose names hold `only`; of all, a quick run takes the first few."""
        if self.only:
            return [case for case in cases if self.only in case.name]
        return list(cases[:quick] if self.quick else cases)

    def chosen_steps(self) -> list[Case]:
        """Return the cases of training steps; a quick run has short epochs."""
        cases = self.chosen(STEPS)
        return (
            [replace(case, rows=min(case.rows, 16 * case.batch)) for case in cases] if self.quick else cases
        )

    def peers_in(self, part: str) -> list[str]:
        """Return the peers that take part in a subcommand and were asked for."""
        return [
            n for n, entry in PEERS.items() if part in entry.parts and (n in self.peers or not self.peers)
        ]
