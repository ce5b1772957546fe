"""The container: a safetensors file, read by rules stricter than the format's own.

The layout is eight bytes with the header's length (little-endian), the header (a JSON object from
names to dtype, shape and place, beside "__metadata__"), then the arrays' bytes. Here every byte of
the file must be accounted for, in one way only, before anything is allocated for an array.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

from glassnet._typing import AnyArray
from glassnet.errors import FileFormatError

__all__ = ["MOST_HEADER", "Container", "Entry", "named", "open_container", "parse_json", "write_container"]

MOST_HEADER = 16 << 20
"""Bytes that a header may have; all metadata are part of it."""
MOST_DEPTH = 200
"""Lists and objects that may lie inside each other in a JSON document."""
_MOST_ARRAYS = 100_000
_MOST_DIMENSIONS = 32

_DTYPES = {
    name: np.dtype(code)
    for name, code in {
        "F64": "<f8",
        "F32": "<f4",
        "F16": "<f2",
        "I64": "<i8",
        "I32": "<i4",
        "I16": "<i2",
        "I8": "i1",
        "U64": "<u8",
        "U32": "<u4",
        "U16": "<u2",
        "U8": "u1",
        "BOOL": "?",
    }.items()
}


@dataclass(frozen=True)
class Entry:
    """One array of the file: what it is, and where its bytes lie behind the header."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    stop: int


class Container:
    """An open file whose header has been found right; see :func:`open_container`.

    Attributes:
        metadata: texts by name.
        entries: the arrays by name, in the order of their bytes.
    """

    def __init__(self, path: Path, file: BufferedReader) -> None:
        self._path, self._file = path, file
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        if size < 8:
            raise self._damaged(f"it has {size} bytes, fewer than the 8 before a header")
        if length > MOST_HEADER:
            raise self._damaged(
                f"its header would have {length:,} bytes, above the limit of {MOST_HEADER >> 20} MiB"
            )
        if length > size - 8:
            raise self._damaged(f"its header would have {length:,} bytes, but {size - 8:,} follow")
        self._data = 8 + length
        header = self._header(file.read(length))
        self.metadata = self._texts(header.pop("__metadata__", {}))
        if len(header) > _MOST_ARRAYS:
            raise self._damaged(
                f"its header describes {len(header):,} arrays; at most {_MOST_ARRAYS:,} are read"
            )
        entries = {name: self._entry(name, value) for name, value in header.items()}
        ordered = sorted(entries.items(), key=lambda item: (item[1].start, item[1].stop))
        self.entries = dict(ordered)
        end = 0
        for name, entry in ordered:
            if entry.start != end:
                fault = "overlaps what lies before it" if entry.start < end else "leaves a hole before it"
                raise self._damaged(f"array {_short(name)} {fault}")
            end = entry.stop
        if end != size - self._data:
            fault = "bytes are missing at its end" if end > size - self._data else "trailing bytes at its end"
            raise self._damaged(f"{abs(size - self._data - end):,} {fault}")

    def read_into(self, name: str, out: AnyArray) -> None:
        """Fill `out`, C-contiguous and of the entry's dtype and shape, with an array's bytes."""
        entry = self.entries[name]
        self._file.seek(self._data + entry.start)
        view = out.reshape(-1).view(np.uint8)
        done = 0
        while done < len(view):
            count = self._file.readinto(view[done:].data)
            if not count:
                raise self._damaged("it was cut while it was read")
            done += count
        if entry.dtype != entry.dtype.newbyteorder("="):
            out.byteswap(inplace=True)

    def array(self, name: str) -> AnyArray:
        """Return one array as an array of its own."""
        entry = self.entries[name]
        out = np.empty(entry.shape, entry.dtype.newbyteorder("="))
        self.read_into(name, out)
        return out

    def _header(self, content: bytes) -> dict[str, Any]:
        if content[:1] != b"{":
            raise self._damaged("its header does not begin with a brace")
        try:
            header = parse_json(content.decode("utf-8"))
        except ValueError as error:
            raise self._damaged(f"its header is not valid: {error}") from None
        if not isinstance(header, dict):
            raise self._damaged("its header is not a JSON object")
        return header

    def _texts(self, metadata: Any) -> dict[str, str]:
        if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
            raise self._damaged("its metadata must be an object of texts")
        return metadata

    def _entry(self, name: str, value: Any) -> Entry:
        if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
            raise self._damaged(f"array {_short(name)} must have a dtype, a shape and data_offsets alone")
        dtype, shape, place = value["dtype"], value["shape"], value["data_offsets"]
        if not isinstance(dtype, str) or dtype not in _DTYPES:
            raise self._damaged(
                f"array {_short(name)} has the dtype {_short(dtype)}; known: {', '.join(_DTYPES)}"
            )
        if not _counts(shape) or len(shape) > _MOST_DIMENSIONS:
            raise self._damaged(
                f"array {_short(name)} has the shape {_short(shape)}, not up to {_MOST_DIMENSIONS} "
                "whole numbers of at least 0"
            )
        if not _counts(place) or len(place) != 2 or place[0] > place[1]:
            raise self._damaged(f"array {_short(name)} has the data_offsets {_short(place)}, not a span")
        kind = _DTYPES[dtype]
        if math.prod(shape) * kind.itemsize != place[1] - place[0]:
            raise self._damaged(
                f"array {_short(name)} is {dtype} of shape {_short(shape)}, which does not fill its "
                f"{_short(place[1] - place[0])} bytes"
            )
        return Entry(kind, tuple(shape), place[0], place[1])

    def _damaged(self, fault: str) -> FileFormatError:
        return FileFormatError(f"{self._path} is not a safetensors file, or is damaged: {fault}.")


@contextmanager
def open_container(path: str | os.PathLike[str], what: str = "model file") -> Iterator[Container]:
    """Open a safetensors file and check its header; arrays are read only when asked for.

    Args:
        path: the file.
        what: how errors name it.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: not an ordinary file, or damaged; says what is wrong.
    """
    place = Path(path)
    try:
        mode = os.stat(place).st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"There is no {what} {place}.") from None
    except ValueError as error:  # a null byte in the path
        raise FileNotFoundError(f"There is no {what} {str(place)!r}: {error}.") from None
    if stat.S_ISDIR(mode):
        raise FileFormatError(f"{place} is a folder, not a {what}.")
    if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
        raise FileFormatError(f"{place} is not an ordinary file, so it is no {what}.")
    with open(place, "rb") as file:
        yield Container(place, file)


def write_container(path: Path, arrays: Mapping[str, AnyArray], metadata: Mapping[str, str]) -> None:
    """Fill the file at `path`; unlike safetensors' save_file, without a file of another name beside it."""
    from safetensors.numpy import save

    path.write_bytes(save({k: np.ascontiguousarray(v) for k, v in arrays.items()}, dict(metadata)))


def parse_json(text: str) -> Any:
    """Return what a JSON text holds, by strict rules.

    Raises ValueError for a key given twice, NaN, Infinity and numbers beyond float64, for more than
    :data:`MOST_DEPTH` levels, and for what is not JSON.
    """
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError(f"more than {MOST_DEPTH} levels lie inside each other") from None
    level = [document]
    for _ in range(MOST_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, float) and not math.isfinite(item):
                raise ValueError("it holds a number beyond what float64 can hold")
        if not below:
            return document
        level = below
    raise ValueError(f"more than {MOST_DEPTH} levels lie inside each other")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {_short(twice)} is given twice")
    return made


def _no_constant(name: str) -> float:
    raise ValueError(f"it holds {name}, which is not JSON")


def _counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(n) is int and 0 <= n < 1 << 63 for n in values)


def _short(value: Any) -> str:
    if isinstance(value, (list, dict)) and len(value) > 8:
        return f"a {'list' if isinstance(value, list) else 'mapping'} of {len(value):,}"
    try:
        text = repr(value)
    except ValueError:  # an integer too long to be written out
        return "a huge number"
    return text if len(text) <= 80 else f"{text[:77]}..."


def named(values: Iterable[str], most: int = 5) -> str:
    """Return the first few names of a collection, sorted, each as it can be shown on one line."""
    shown = (name if name.isprintable() else repr(name) for name in sorted(values)[:most])
    return ", ".join(name if len(name) <= 80 else f"{name[:77]}..." for name in shown)
