"""The libraries that are compared. A new one: a class with some of the tasks, and a line here.

The same library in another setting, such as another BLAS, is a line alone: its own environment variables.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field

from benchmarks.peers.base import Peer, Unavailable

__all__ = ["PEERS", "Entry", "Peer", "Unavailable", "create"]


@dataclass(frozen=True)
class Entry:
    """What a peer is called, where its class is, in what it takes part, its process's own variables."""

    title: str
    place: str
    parts: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


_ALL = ("steps", "fit", "predict", "limit", "scaling")
_OURS = (*_ALL, "memory")
_TRAINING = ("steps", "fit", "limit", "scaling")

PEERS: dict[str, Entry] = {
    "glassnet": Entry("glassnet with numba", "ours:Compiled", _OURS, {"GLASSNET_KERNELS": "numba"}),
    "glassnet-mkl": Entry("glassnet with MKL", "ours:Mkl", _TRAINING, {"GLASSNET_KERNELS": "mkl"}),
    "glassnet-numpy": Entry("glassnet, NumPy only", "ours:Glassnet", _OURS, {"GLASSNET_KERNELS": "numpy"}),
    "numpy": Entry("bare NumPy", "bare_numpy:BareNumPy", ("predict",)),
    "torch": Entry("PyTorch", "pytorch:PyTorch", _ALL),
    "torch-1": Entry("PyTorch, 1 thread", "pytorch:OneThread", ("steps",)),
    "torch-compile": Entry("torch.compile", "pytorch:Compiled", ("steps",)),
    "jax": Entry("JAX jit + optax", "jax_optax:Jax", _ALL),
    "jax-scan": Entry("JAX, epoch in one scan", "jax_optax:Scan", ("steps", "fit")),
    "onnxruntime": Entry("onnxruntime", "onnx_runtime:OnnxRuntime", ("predict",)),
    "sklearn": Entry("scikit-learn", "scikit:Scikit", _ALL),
    "limit": Entry("limit", "machine:Machine", ()),
}
"""In the order of the tables' columns."""


def create(name: str) -> Peer:
    """Return the peer; raises ImportError or Unavailable where it cannot run."""
    module, _, kind = PEERS[name].place.partition(":")
    peer: Peer = getattr(importlib.import_module(f"benchmarks.peers.{module}"), kind)()
    return peer
