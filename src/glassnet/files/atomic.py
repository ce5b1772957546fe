"""Files written whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
import stat
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["write_atomically"]

_GRACE = 60.0  # seconds for a writer whose `write` puts another, unlocked file in the part's place


def write_atomically(path: str | os.PathLike[str], write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place in one step.

    The file and its folder are synced, so after a crash either the old or the new file is there,
    whole. If `write` fails, the temporary file is removed and the old file is untouched. What a
    killed process left behind is removed by the next write to the same path. A symbolic link is
    followed, and stays; an existing file's permissions are kept.

    Args:
        path: the file to make or replace; its folder must exist.
        write: called with the temporary file's path, which has the same ending.

    Raises:
        OSError: the folder is missing, read-only or full, or `path` is something else than a file.
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {target.parent} to write {target.name} into.")
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder, not a file to write.")
    if target.exists() and not target.is_file():  # a device would be replaced by the file
        raise FileExistsError(f"{target} is not an ordinary file, so it cannot be replaced as a whole.")
    stem, ending = target.stem[:40], target.suffix[:40]
    _sweep(target.parent, stem, ending)
    temporary, handle = _fresh(target.parent, stem, ending)
    try:
        mode = os.fstat(handle).st_mode
        write(temporary)
        if target.exists():
            mode = target.stat().st_mode
        os.chmod(temporary, stat.S_IMODE(mode))
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _fresh(folder: Path, stem: str, ending: str) -> tuple[Path, int]:
    """Return a new file, made with the permissions the umask leaves, and the handle that locks it."""
    while True:
        place = folder / f".{stem}-{secrets.token_hex(8)}.part{ending}"
        handle = os.open(place, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_CLOEXEC", 0), 0o666)
        _lock(handle, wait=True)
        if os.fstat(handle).st_nlink:
            return place, handle
        os.close(handle)  # somebody swept it before it was locked


def _sweep(folder: Path, stem: str, ending: str) -> None:
    """Remove what killed writers of the same file left: parts that nobody locks, a minute old."""
    if os.name != "posix":
        return
    mine = re.compile(rf"\.{re.escape(stem)}-[0-9a-f]{{16}}\.part{re.escape(ending)}")
    with os.scandir(folder) as entries:
        left = [entry.path for entry in entries if mine.fullmatch(entry.name)]
    for place in left:
        try:
            handle = os.open(place, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            if time.time() - os.fstat(handle).st_mtime > _GRACE and _lock(handle, wait=False):
                os.unlink(place)
        except OSError:
            pass
        finally:
            os.close(handle)


def _lock(handle: int, wait: bool) -> bool:
    """Take a lock that ends with the process; False if another has it, or the file system has none."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except (ImportError, OSError):
        return False
    return True
