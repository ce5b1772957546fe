"""How many threads the BLAS uses during a fit: one where the products are small.

Two threads that share a small product spend longer waiting for each other than multiplying, and far
longer on a busy machine. The limit holds for the whole process while such a fit runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from glassnet.kernels import chosen
from glassnet.parameters import Parameters

__all__ = ["SMALL", "blas_threads"]

SMALL = 5e6
"""Multiply-adds in the largest product of a step below which one thread is faster (docs/performance.md)."""

# No lock guards these: an interrupt between two lines must not leave one taken. Single operations on a set
# and a dict are whole; two fits that end and begin within the same microsecond might leave the BLAS with one
# thread, which costs time. A large fit beside a small one has one thread meanwhile, and may round otherwise.
_holders: set[object] = set()
_before: dict[str, list[int]] = {}


@contextmanager
def blas_threads(parameters: Parameters, batch_size: int) -> Iterator[None]:
    """Hold the BLAS to one thread if no product of a step with `batch_size` rows is large."""
    largest = max((spec.size for spec in parameters.declared if len(spec.shape) == 2), default=0)
    if largest * batch_size >= SMALL:
        yield
        return
    libraries, holder = _libraries(chosen()), object()
    try:
        if not _holders:
            _before.setdefault("threads", [library.num_threads for library in libraries])
        _holders.add(holder)
        for library in libraries:
            library.set_num_threads(1)
        yield
    finally:
        _holders.discard(holder)
        if not _holders:
            _give_back(libraries)


def _give_back(libraries: list[Any]) -> None:
    for library, number in zip(libraries, _before.pop("threads", []), strict=False):
        library.set_num_threads(number)


def _forked() -> None:
    if _holders:  # fits that ran in other threads do not run in the forked process
        _holders.clear()
        _give_back(_libraries(chosen()))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


@cache
def _libraries(_: str) -> list[Any]:  # the kernels chosen: MKL may come later than the first fit
    from threadpoolctl import ThreadpoolController

    libraries: list[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
    return libraries
