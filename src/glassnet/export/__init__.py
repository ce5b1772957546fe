"""Networks for other programs: ONNX files, and the state dictionaries of PyTorch.

Neither needs PyTorch; :func:`to_onnx` needs the package onnx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glassnet.export.state import from_state_dict, to_state_dict

if TYPE_CHECKING:
    from glassnet.export.onnx import to_onnx

__all__ = ["from_state_dict", "to_onnx", "to_state_dict"]


def __getattr__(name: str) -> Any:
    if name == "to_onnx":  # with it comes the tabular encoder, which PyTorch's users need not load
        from glassnet.export.onnx import to_onnx

        return to_onnx
    raise AttributeError(f"module 'glassnet.export' has no attribute {name!r}")
