"""An ONNX graph under construction: nodes and arrays by name, and the model that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray
from glassnet._version import __version__
from glassnet.errors import GlassnetError, MissingDependencyError

__all__ = ["INPUT", "IR_VERSION", "OPSET", "OUTPUT", "Graph"]

OPSET = 17
IR_VERSION = 8
"""The one that came with the opset: a newer one would shut out older runtimes."""

INPUT, OUTPUT = "X", "Y"
_LARGEST = 2**31 - 1


class Graph:
    """Nodes in order. Each has one output, which bears the node's name.

    Args:
        dtype: that the network computes in.
        n_inputs: width of X.
        input_dtype: of X; default `dtype`.

    Raises:
        MissingDependencyError: the package onnx is not installed.
    """

    def __init__(self, dtype: npt.DTypeLike, n_inputs: int, input_dtype: npt.DTypeLike | None = None) -> None:
        try:
            import onnx
        except ImportError:
            raise MissingDependencyError(
                'ONNX files need the package onnx: pip install "glassnet[onnx]"'
            ) from None
        self.onnx: Any = onnx
        self.dtype = np.dtype(dtype)
        self._input = (n_inputs, self.dtype if input_dtype is None else np.dtype(input_dtype))
        self._nodes: list[Any] = []
        self._arrays: dict[str, AnyArray] = {}

    def node(self, operator: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """Append a node; return the name of its output."""
        self._nodes.append(
            self.onnx.helper.make_node(operator, list(inputs), [name], name=name, **attributes)
        )
        return name

    def array(self, name: str, values: AnyArray) -> str:
        """Store an array under a name; return the name."""
        self._arrays[name] = np.ascontiguousarray(values)
        return name

    def number(self, value: float) -> str:
        """Return the name of a number in the network's dtype; equal numbers are stored once."""
        return self.array(f"number.{value!r}", np.array(value, self.dtype))

    def cast(self, value: str, dtype: npt.DTypeLike, name: str) -> str:
        """Append a conversion; return the name of its output."""
        kind = self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.node("Cast", [value], name, to=kind)

    def model(
        self,
        name: str,
        n_outputs: int,
        about: str,
        metadata: Mapping[str, str],
        output_dtype: npt.DTypeLike | None = None,
    ) -> bytes:
        """Return the file's content; the last node's output becomes Y, of the network's dtype unless told.

        Raises GlassnetError where the arrays are more than the format can hold in one file.
        """
        helper = self.onnx.helper
        size = sum(array.nbytes for array in self._arrays.values())
        if size > _LARGEST - 2**20:
            raise GlassnetError(
                f"The parameters take {size:,} bytes; an ONNX file holds less than 2 GiB. "
                "Build the network with dtype='float32', or with fewer units."
            )
        self._nodes[-1].output[0] = OUTPUT
        width, dtype = self._input
        inputs = [self._value(INPUT, dtype, width)]
        made = self.dtype if output_dtype is None else np.dtype(output_dtype)
        outputs = [self._value(OUTPUT, made, n_outputs)]
        arrays = [self.onnx.numpy_helper.from_array(array, key) for key, array in self._arrays.items()]
        graph = helper.make_graph(self._nodes, name, inputs, outputs, arrays, doc_string=about)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="glassnet",
            producer_version=__version__,
            doc_string=about,
        )
        helper.set_model_props(model, dict(metadata))
        content: bytes = model.SerializeToString(deterministic=True)
        return content

    def _value(self, name: str, dtype: np.dtype[Any], width: int) -> Any:
        kind = self.onnx.helper.np_dtype_to_tensor_dtype(dtype)
        return self.onnx.helper.make_tensor_value_info(name, kind, ["batch", width])
