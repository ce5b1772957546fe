"""Large matrix products by Intel's MKL, from the library in its own wheel; x86 and Linux alone.

Only training comes here. A compiled function makes the call, in a tenth of the time of one through ctypes.
Source: oneMKL's developer reference for C (cblas_?gemm, mkl_cbwr_set).
"""

from __future__ import annotations

import ctypes
from importlib.metadata import PackageNotFoundError, files
from typing import Any

import numpy as np
from llvmlite.binding import add_symbol
from numba import types

from glassnet._typing import Array
from glassnet.kernels.compiled.compiler import compiled

__all__ = ["LARGE", "large_product"]

LARGE = 250_000
"""Multiply-adds below which NumPy's BLAS is as fast; it does so few in one thread, and wakes no other."""

_SAME_BITS = 2
"""The same products give the same bits in every run, if their arrays are aligned alike."""


def large_product(a: Array, b: Array, out: Array) -> None:
    """Write a b; a (n, k) and b (k, m) contiguous or transposed views of such, out (n, m) contiguous."""
    turned_a, turned_b = not a.flags.c_contiguous, not b.flags.c_contiguous
    other = (turned_a and not a.flags.f_contiguous) or (turned_b and not b.flags.f_contiguous)
    if other or len(out) * b.size < LARGE:  # n k m
        np.dot(a, b, out=out)
    elif out.itemsize == 4:
        multiply_single(a, b, out, turned_a, turned_b)
    else:
        multiply_double(a, b, out, turned_a, turned_b)


def load() -> ctypes.CDLL:
    """Return the library; ImportError where there is none, OSError where it does not load."""
    try:
        found = [file for file in files("mkl") or [] if file.name.startswith("libmkl_rt.so")]
    except PackageNotFoundError as error:
        raise ModuleNotFoundError("mkl is not installed") from error
    if not found:
        raise ModuleNotFoundError("the installed mkl holds no libmkl_rt.so")
    library = ctypes.CDLL(str(found[0].locate()))
    if library.MKL_CBWR_Set(_SAME_BITS) != 0:
        raise ImportError("MKL's reproducible mode cannot be set: something has used MKL before")
    library.MKL_Set_Dynamic(0)  # always as many threads: their number decides the bits
    return library


def external(function: Any, number: Any) -> Any:
    """Return `function` as compiled code can call it: by name, so that the cache outlives this process."""
    name = f"glassnet_{function.__name__}"
    add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
    whole, array = types.int32, types.voidptr
    places = (array, whole, array, whole, number, array, whole)
    return types.ExternalFunction(name, types.void(*[whole] * 6, number, *places))


LIBRARY = load()
sgemm = external(LIBRARY.cblas_sgemm, types.float32)
dgemm = external(LIBRARY.cblas_dgemm, types.float64)

BY_ROWS, AS_IT_IS, TRANSPOSED = 101, 111, 112


@compiled
def multiply_single(a: Array, b: Array, out: Array, turned_a: bool, turned_b: bool) -> None:
    (n, k), m = a.shape, b.shape[1]
    way_a, step_a = (TRANSPOSED, n) if turned_a else (AS_IT_IS, k)
    way_b, step_b = (TRANSPOSED, k) if turned_b else (AS_IT_IS, m)
    sgemm(BY_ROWS, way_a, way_b, n, m, k, 1.0, a.ctypes, step_a, b.ctypes, step_b, 0.0, out.ctypes, m)


@compiled
def multiply_double(a: Array, b: Array, out: Array, turned_a: bool, turned_b: bool) -> None:
    (n, k), m = a.shape, b.shape[1]
    way_a, step_a = (TRANSPOSED, n) if turned_a else (AS_IT_IS, k)
    way_b, step_b = (TRANSPOSED, k) if turned_b else (AS_IT_IS, m)
    dgemm(BY_ROWS, way_a, way_b, n, m, k, 1.0, a.ctypes, step_a, b.ctypes, step_b, 0.0, out.ctypes, m)
