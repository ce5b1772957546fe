"""How many threads the BLAS uses during a fit: one where the products are small.

Two threads that share a small product spend longer waiting for each other than multiplying, and far
longer on a busy machine. The limit holds for the whole process while such a fit runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from glassnet.parameters import Parameters

__all__ = ["SMALL", "blas_threads"]

SMALL = 5e6
"""Multiply-adds in the largest product of a step below which one thread is faster (docs/performance.md)."""

_holders: set[object] = set()
_threads_before: list[int] = []


@contextmanager
def blas_threads(parameters: Parameters, batch_size: int) -> Iterator[None]:
    """Hold the BLAS to one thread if no product of a step with `batch_size` rows is large."""
    largest = max((spec.size for spec in parameters.declared if len(spec.shape) == 2), default=0)
    if largest * batch_size >= SMALL:
        yield
        return
    # No lock: an interrupt between any two lines must not leave one taken.
    libraries, holder = _libraries(), object()
    try:
        threads = [library.num_threads for library in libraries]
        if not _holders:
            _threads_before[:] = threads
        _holders.add(holder)
        for library in libraries:
            library.set_num_threads(1)
        yield
    finally:
        _holders.discard(holder)
        if not _holders:
            for library, number in zip(libraries, _threads_before, strict=False):
                library.set_num_threads(number)


@cache
def _libraries() -> list[Any]:
    from threadpoolctl import ThreadpoolController

    libraries: list[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
    return libraries
