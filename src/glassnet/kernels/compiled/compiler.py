"""How every kernel is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

if numba.config.DISABLE_JIT:
    raise ImportError("numba is told not to compile: NUMBA_DISABLE_JIT is set")

__all__ = ["compiled", "summing"]


def compiled(function: Callable[..., Any]) -> Any:
    """Return `function` compiled when it is first called, once for all later processes.

    NumPy's rules for division (no exception at 0) let loops become vector instructions; the
    interpreter's lock is released, so that threads run side by side. numba's own threads stay off:
    they and those of the BLAS fight for the cores. A kernel calls only functions of its own file, because
    numba compiles anew when that file has changed and looks at no other.
    """
    return _compile(function)


def summing(function: Callable[..., Any]) -> Any:
    """Do what :func:`compiled` does, and let sums be reordered; NaN and infinity keep their meaning."""
    return _compile(function, fastmath={"reassoc"})


def _compile(function: Callable[..., Any], **options: Any) -> Any:
    try:
        return numba.njit(cache=True, error_model="numpy", nogil=True, **options)(function)
    except RuntimeError:  # no folder to write to: compile in every process
        return numba.njit(error_model="numpy", nogil=True, **options)(function)
