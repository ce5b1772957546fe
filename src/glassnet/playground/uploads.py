"""Uploaded tables: looked at before they are kept, CSV or NPY, never pickle."""

from __future__ import annotations

import io
import math
import re
import secrets
from pathlib import Path
from typing import Any

import numpy as np

from glassnet._typing import AnyArray
from glassnet.datasets import read_table
from glassnet.errors import DataError
from glassnet.playground.setup import LIMITS
from glassnet.tabular.columns import column_names, read_columns
from glassnet.tabular.kinds import settle

__all__ = ["Uploads", "read_upload"]

_ID = re.compile(r"[0-9a-f]{16}")
_NPY = b"\x93NUMPY"
_DELIMITERS = (b",", b";", b"\t", b"|")
_OTHERS = {
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip file",
    b"PK\x03\x04": "a zip file",
    b"\x80": "a pickle",
}


class Uploads:
    """The uploaded tables of one server, in a folder; the oldest go when there are too many.

    Args:
        folder: an empty folder of the server's own.
        most: how many are kept.
    """

    def __init__(self, folder: Path, *, most: int = 16) -> None:
        self.folder, self.most = folder, most
        self._ids: list[str] = []

    def add(self, content: bytes, filename: str = "") -> dict[str, Any]:
        """Check a table, keep it, and describe it: id, columns, number of rows, kinds of the columns.

        Raises:
            DataError: neither CSV nor NPY, damaged, too many rows or columns.
        """
        identity = secrets.token_hex(8)
        for start, what in _OTHERS.items():
            if content.startswith(start):
                raise DataError(f"{filename or 'The file'} is {what}; the playground takes CSV and NPY.")
        head = content[: 1 << 20].partition(b"\n")[0]
        if not content.startswith(_NPY) and max(map(head.count, _DELIMITERS)) > 4 * LIMITS["upload_columns"]:
            raise DataError(
                f"At most {LIMITS['upload_columns']} columns can be taken; the file has far more."
            )
        path = self.folder / (identity + (".npy" if content.startswith(_NPY) else ".csv"))
        path.write_bytes(content)
        try:
            table = _read(path)
            names = column_names(table)
            if len(names) > LIMITS["upload_columns"]:
                raise DataError(
                    f"At most {LIMITS['upload_columns']} columns can be taken, got {len(names):,}."
                )
            columns = [settle(column) for column in read_columns(table)]
            if len(columns[0]) > LIMITS["upload_rows"]:
                raise DataError(
                    f"At most {LIMITS['upload_rows']:,} rows can be taken, got {len(columns[0]):,}."
                )
        except DataError as error:
            path.unlink(missing_ok=True)
            told = str(error).replace(str(path), filename or "the file")
            raise DataError(told if filename else told[:1].upper() + told[1:]) from None
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._ids.append(identity)
        while len(self._ids) > self.most:
            old = self._ids.pop(0)
            for ending in (".csv", ".npy"):
                (self.folder / (old + ending)).unlink(missing_ok=True)
        return {
            "id": identity,
            "columns": names,
            "n_rows": len(columns[0]),
            "kinds": [column.kind for column in columns],
            "target": names[-1],
        }


def read_upload(folder: Path | None, identity: str) -> Any:
    """Return an uploaded table.

    Raises:
        DataError: it is not there (any more).
    """
    if folder is not None and _ID.fullmatch(identity):
        for ending in (".csv", ".npy"):
            path = folder / (identity + ending)
            if path.exists():
                return _read(path)
    raise DataError("The uploaded table is not here any more: upload the file again.")


def _read(path: Path) -> Any:
    """Return a table: of pyarrow, or a mapping from column name to array."""
    if path.suffix == ".npy":
        array = _read_npy(path.read_bytes(), str(path))
        return {f"column{i + 1}": column for i, column in enumerate(array.T)}
    return read_table(path)


def _read_npy(content: bytes, file: str) -> AnyArray:
    """Return a two-dimensional array of numbers, whose header promises no more than there is."""
    stream = io.BytesIO(content)
    shape, dtype = _npy_header(stream, file)
    if dtype.kind not in "iufb":
        raise DataError(f"{file} holds {dtype.name}; only numbers and booleans can be taken.")
    if dtype.itemsize > 8:
        raise DataError(f"{file} holds {dtype.name}; only numbers of up to 64 bits can be taken.")
    if len(shape) != 2:
        axes = "1 axis" if len(shape) == 1 else f"{len(shape)} axes"
        told = ", ".join(map(str, shape))
        raise DataError(f"{file} has {axes} ({told}); a table has two: rows, columns.")
    for n, what, most in zip(
        shape, ("rows", "columns"), (LIMITS["upload_rows"], LIMITS["upload_columns"]), strict=True
    ):
        if n < 1:
            raise DataError(f"{file} holds nothing: its header tells of {n} {what}.")
        if n > most:
            raise DataError(f"At most {most:,} {what} can be taken; {file} has {n:,}.")
    promised, held = math.prod(shape) * dtype.itemsize, len(content) - stream.tell()
    if promised != held:
        raise DataError(
            f"{file} is cut short or too long: its header promises {promised:,} bytes, it holds {held:,}."
        )
    stream.seek(0)
    array: AnyArray = np.load(stream, allow_pickle=False)
    return array.astype(array.dtype.newbyteorder("="))


def _npy_header(stream: io.BytesIO, file: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and dtype, and leave the stream where the numbers begin."""
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    try:
        major, minor = np.lib.format.read_magic(stream)
        if (major, minor) not in readers:
            raise DataError(f"{file} is NPY version {major}.{minor}; 1.0 and 2.0 can be read.")
        shape, _, dtype = readers[major, minor](stream)
    except DataError:
        raise
    except Exception:  # whatever the parser of Python's literals finds wrong
        raise DataError(f"The header of {file} cannot be read; save it again with numpy.save.") from None
    return shape, dtype
