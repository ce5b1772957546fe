"""The wire format of frames: a JSON header, then arrays back to back.

    uint32 (little-endian) length of the header | header, UTF-8 | arrays, each from a multiple of 4 on

``header["arrays"]`` lists them: name, dtype ("u1" or "f4") and shape.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet._typing import AnyArray

__all__ = ["decode", "encode", "plain", "text"]


def encode(header: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> bytes:
    """Return a frame; arrays of other types than uint8 become float32.

    >>> header, arrays = decode(encode({"step": 3}, {"loss": np.array([1.5])}))
    >>> header["step"], arrays["loss"]
    (3, array([1.5], dtype=float32))
    """
    ready = {
        name: np.ascontiguousarray(array, np.uint8 if array.dtype == np.uint8 else "<f4")
        for name, array in arrays.items()
    }
    listed = [
        {"name": name, "dtype": "u1" if array.dtype == np.uint8 else "f4", "shape": list(array.shape)}
        for name, array in ready.items()
    ]
    head = text({**header, "arrays": listed}).encode()
    head += b" " * (-len(head) % 4)
    parts = [struct.pack("<I", len(head)), head]
    for array in ready.values():
        parts += [array.tobytes(), b"\0" * (-array.nbytes % 4)]
    return b"".join(parts)


def decode(frame: bytes) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    """Return header and arrays of a frame, as the page does."""
    (length,) = struct.unpack_from("<I", frame)
    header = json.loads(frame[4 : 4 + length])
    arrays, start = {}, 4 + length
    for entry in header["arrays"]:
        dtype = np.dtype("u1" if entry["dtype"] == "u1" else "<f4")
        start += -start % 4
        size = math.prod(entry["shape"])
        arrays[entry["name"]] = np.frombuffer(frame, dtype, size, start).reshape(entry["shape"])
        start += size * dtype.itemsize
    return header, arrays


def text(message: Any) -> str:
    """Return JSON that a browser reads: what is not finite becomes null.

    >>> text({"loss": float("nan"), "epoch": 2})
    '{"loss":null,"epoch":2}'
    """
    try:
        return json.dumps(message, allow_nan=False, separators=(",", ":"), default=plain)
    except ValueError:
        return json.dumps(plain(message), allow_nan=False, separators=(",", ":"))


def plain(value: Any) -> Any:
    """Return JSON-able data: arrays as lists, NaN and infinity as None."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
