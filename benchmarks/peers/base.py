"""What every peer has: tasks, each of which sets up one case and returns the work to be timed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.cases import Case
from benchmarks.timing import Work


class Unavailable(Exception):
    """This peer, or this task of it, cannot run here; the text says why."""


class Peer:
    """Overrides the tasks that it can do."""

    packages: tuple[str, ...] = ()
    """Distributions whose versions are written down."""

    def steps(self, case: Case) -> Work:
        """Training steps; the work once is an epoch, shuffled. Setting up is not counted."""
        raise Unavailable("-")

    def fit(self, case: Case) -> Work:
        """A whole fit, from building the network on."""
        raise Unavailable("-")

    def predict(self, case: Case) -> Work:
        """Outputs of the last layer for all rows of the case; NumPy arrays in and out."""
        raise Unavailable("-")

    def facts(self) -> dict[str, Any]:
        """Return versions and thread settings."""
        versions = {}
        for package in self.packages:
            try:
                versions[package] = version(package)
            except PackageNotFoundError:
                versions[package] = "not installed"
        return {"versions": versions, "pools": pools()}


def pools() -> list[dict[str, Any]]:
    """Return the BLAS and OpenMP libraries that are loaded, with their threads."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return []
    kept = ("user_api", "internal_api", "version", "num_threads", "architecture", "threading_layer")
    return [{key: pool[key] for key in kept if key in pool} for pool in threadpool_info()]
