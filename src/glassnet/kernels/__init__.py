"""Kernels: inner loops written in NumPy, for which compiled ones of the same name may stand in.

The NumPy function is the truth and stands beside the layer, loss or optimiser whose equations it
computes, marked with :func:`kernel`. Where numba is installed (``pip install "glassnet[fast]"``), the
functions of :mod:`glassnet.kernels.compiled` take over from the first fit on: the same names, the same
arguments, results equal to float rounding. The environment variable ``GLASSNET_KERNELS`` chooses:

    auto    what is installed (the default),
    numpy   always NumPy,
    numba   always compiled; an error if numba is missing,
    mkl     compiled, and large matrix products of training by Intel's MKL (``pip install "glassnet[mkl]"``).
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

from glassnet._typing import Array, Shape
from glassnet.buffers import Buffers
from glassnet.errors import HyperparameterError, MissingDependencyError

if TYPE_CHECKING:
    import logging

__all__ = ["Kernel", "chosen", "kernel", "use", "work"]

P = ParamSpec("P")
R = TypeVar("R")

CHOICES = ("auto", "numpy", "numba", "mkl")

_kernels: dict[str, Kernel[Any]] = {}
_compiled: Mapping[str, Callable[..., Any]] = {}
_chosen: str | None = None
_lock = threading.RLock()


class Kernel(Generic[R]):
    """A NumPy function and what stands in for it; calling it calls `active`.

    Attributes:
        reference: the NumPy function.
        active: it, or the compiled function of its name.
    """

    def __init__(self, reference: Callable[..., R]) -> None:
        functools.update_wrapper(self, reference)
        name = reference.__name__
        with _lock:
            self.reference = reference
            self.active: Callable[..., R] = _compiled.get(name, reference)
            _kernels[name] = self

    def __call__(self, *args: Any) -> R:  # noqa: D102
        return self.active(*args)


def kernel(reference: Callable[P, R]) -> Callable[P, R]:
    """Mark a NumPy function, whose name is its own among all kernels, as one that may be compiled.

    It works in place on contiguous arrays of one floating dtype, checks nothing, and is called
    without keywords.
    """
    return cast("Callable[P, R]", Kernel(reference))


def chosen() -> str:
    """Return "numpy", "numba" or "mkl": which kernels run; NumPy's until the first fit or :func:`use`."""
    return _chosen or "numpy"


def work(buffers: Buffers, name: str, shape: Shape) -> Array:
    """Return work memory for a NumPy kernel, or an empty array: compiled ones work in registers."""
    return buffers.get(name, shape if chosen() == "numpy" else (0, 0))


def use(choice: str | None = None) -> str:
    """Choose the kernels of this process and return what :func:`chosen` does; training calls it by itself.

    Change an earlier choice only while no other thread trains or predicts.

    Args:
        choice: "auto", "numpy", "numba" or "mkl"; None keeps an earlier choice, and without one takes the
            environment variable GLASSNET_KERNELS, or else "auto".

    Raises:
        HyperparameterError: another word.
        MissingDependencyError: "numba" or "mkl" where it is not installed.
    """
    global _chosen, _compiled
    if choice is None and _chosen is not None:
        return _chosen
    with _lock:
        if choice is None and _chosen is not None:  # another thread was first
            return _chosen
        source = "kernels.use choice" if choice is not None else "GLASSNET_KERNELS"
        wanted = os.environ.get("GLASSNET_KERNELS", "auto") if choice is None else choice
        if wanted not in CHOICES:
            raise HyperparameterError(f"{source} must be one of {', '.join(CHOICES)}, got {wanted!r}.")
        name, _compiled = _load(wanted)
        if not _compiled:
            _chosen = name  # first, for work(): NumPy's kernels need the memory
        for each in _kernels.values():
            each.active = _compiled.get(each.reference.__name__, each.reference)
        _chosen = name
        return _chosen


def _load(wanted: str) -> tuple[str, Mapping[str, Callable[..., Any]]]:
    """Return what is to be used, and what stands in for NumPy's functions, by name."""
    if wanted == "numpy":
        return "numpy", {}
    try:
        from glassnet.kernels.compiled import BY_NAME, is_cached
    except (ImportError, OSError) as error:  # OSError: llvmlite cannot load its library
        _missing("Compiled kernels", "numba", "fast", error, required=wanted != "auto")
        return "numpy", {}
    if not is_cached():
        _log().warning(
            "Compiling kernels for this machine as training meets them: about a second each, this once."
        )
    if wanted == "numba":
        return "numba", BY_NAME
    try:
        from glassnet.kernels.compiled.mkl import large_product
    except (ImportError, OSError) as error:
        _missing("MKL's products", "its wheel", "mkl", error, required=wanted == "mkl")
        return "numba", BY_NAME
    return "mkl", {**BY_NAME, "large_product": large_product}


def _missing(what: str, needed: str, extra: str, error: Exception, required: bool) -> None:
    if required:
        text = f'{what} need {needed}: pip install "glassnet[{extra}]" ({error}).'
        raise MissingDependencyError(text) from error
    if not isinstance(error, ModuleNotFoundError):
        _log().warning("%s are left out, and training goes on without: %s", what, error)


def _log() -> logging.Logger:
    import logging  # late, for the sake of import time

    return logging.getLogger("glassnet")
