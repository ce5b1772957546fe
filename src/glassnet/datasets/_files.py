"""Opening data files: plain or gzip, read in bounded pieces, every fault a DataError that names the file."""

from __future__ import annotations

import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from glassnet.errors import DataError

__all__ = ["Readable", "existing", "opened", "read_up_to", "reason", "regular_file", "some_folder"]

_PIECE = 1 << 20


class Readable(Protocol):
    """Anything that bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""


def regular_file(path: Any) -> Path:
    """Return `path` as a Path; DataError unless a regular file is there."""
    found, mode = _status(path)
    if mode is None:
        raise DataError(f"There is no file {found}.")
    if stat.S_ISDIR(mode):
        raise DataError(f"{found} is a folder; a file is needed.")
    if not stat.S_ISREG(mode):
        raise DataError(f"{found} is not a regular file.")
    return found


def some_folder(path: Any) -> Path:
    """Return `path` as a Path; DataError unless a folder is there."""
    found = existing(path)
    if not found.is_dir():
        raise DataError(f"{found} is not a folder.")
    return found


def existing(path: Any) -> Path:
    """Return `path` as a Path; DataError unless a file or a folder is there."""
    found, mode = _status(path)
    if mode is None:
        raise DataError(f"There is no file or folder {found}.")
    return found


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedIOBase]:
    """Open a file to read its bytes; one that starts like gzip is decompressed, whatever its name.

    Raises:
        DataError: it cannot be opened or read, or the gzip stream is damaged or cut off.
    """
    try:
        with open(path, "rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if compressed:
                with gzip.GzipFile(fileobj=file) as stream:
                    yield stream
            else:
                yield file
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path} is a damaged or cut-off gzip file ({error}).") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {reason(error)}.") from error


def read_up_to(stream: Readable, limit: int) -> bytearray:
    """Read to the end or to `limit` bytes, piece by piece: memory grows with the data, not with a claim."""
    content = bytearray()
    while len(content) < limit:
        piece = stream.read(min(_PIECE, limit - len(content)))
        if not piece:
            break
        content += piece
    return content


def reason(error: BaseException) -> str:
    """Return what an error says, on one line and without a full stop."""
    said = (isinstance(error, OSError) and error.strerror) or str(error)
    return (said.strip().splitlines() or [type(error).__name__])[0].rstrip(" .")


def _status(path: Any) -> tuple[Path, int | None]:
    try:
        found = Path(os.fsdecode(path))
    except TypeError as error:
        raise DataError(f"A path must be a string or a pathlib.Path, got {path!r}.") from error
    try:
        return found, found.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return found, None
    except (OSError, ValueError) as error:
        raise DataError(f"{str(found)!r} cannot be opened: {reason(error)}.") from error
