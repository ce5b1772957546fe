"""The folder of a run: written beside its place, then put there whole."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from glassnet.errors import DataError
from glassnet.files.checkpoint import previous_of

__all__ = ["RunFolder", "refuse_existing", "write_json"]

REPORT = "report.json"


class RunFolder:
    """Where a run goes. What is wrong with the place is said before the training, not after.

    Args:
        path: the folder; None makes a new one, runs/NAME-TIME.
        name: the NAME in it.
        force: whether the folder of an earlier run is replaced. Files in it that no run wrote are kept.

    Raises:
        DataError: something is there that will not be replaced, or nothing can be written there.
    """

    def __init__(self, path: str | None, name: str, *, force: bool = False) -> None:
        self.shown = Path(path) if path is not None else _fresh(name)
        self.place = Path(os.path.realpath(self.shown))
        if self.place.exists():
            self._check_existing(force)
        ancestor = next(folder for folder in self.place.parents if folder.exists())
        if not ancestor.is_dir():
            raise DataError(f"{ancestor} is a file: {self.shown} cannot be a folder in it.")
        if not os.access(ancestor, os.W_OK | os.X_OK):
            raise DataError(f"{ancestor} is not writable: {self.shown} cannot be made there.")

    @property
    def checkpoint(self) -> Path:
        """Where the state of a training is kept until the folder is written."""
        return self.place.with_name(f"{self.place.name}.checkpoint")

    def drop_checkpoint(self) -> None:
        """Remove the checkpoint and the one before it: the run is done."""
        for path in (self.checkpoint, previous_of(self.checkpoint)):
            path.unlink(missing_ok=True)

    def _check_existing(self, force: bool) -> None:
        if not self.place.is_dir():
            raise DataError(f"{self.shown} is a file; choose a folder with --out.")
        here = Path.cwd()
        if self.place == here or self.place in here.parents or os.path.ismount(self.place):
            raise DataError(f"{self.shown} cannot be replaced; choose a folder within it with --out.")
        if not any(self.place.iterdir()):
            return
        if not force:
            raise DataError(f"{self.shown} is not empty. Choose another folder with --out, or give --force.")
        if not self._written():
            raise DataError(
                f"{self.shown} is not the folder of an earlier run, so --force does not replace it. "
                "Choose another folder with --out."
            )

    def _written(self) -> set[str]:
        """Names of the files that the earlier run in the folder wrote; none if it is no run's folder."""
        try:
            report = json.loads((self.place / REPORT).read_text("utf-8"))
            return set(report["files"]) | {REPORT}
        except (OSError, ValueError, KeyError, TypeError):
            return set()

    def write(self, fill: Callable[[Path], dict[str, Any]]) -> Path:
        """Let `fill` write files into a folder beside, add the report it returns, put it in place.

        If anything fails, no file is left and an earlier folder stays as it was.
        """
        self.place.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{self.place.name}-", suffix=".tmp", dir=self.place.parent))
        try:
            report = fill(work)
            report["files"] = sorted({path.name for path in work.iterdir()} | {REPORT})
            write_json(work / REPORT, report)
            work.chmod(0o777 & ~_umask())
            self._put(work)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
        return self.shown

    def _put(self, work: Path) -> None:
        if self.place.exists() and not any(self.place.iterdir()):
            self.place.rmdir()
        if not self.place.exists():
            os.replace(work, self.place)
            return
        ours = self._written()
        before = Path(tempfile.mkdtemp(prefix=f".{self.place.name}-", suffix=".old", dir=self.place.parent))
        before.rmdir()
        os.replace(self.place, before)
        try:
            os.replace(work, self.place)
        except BaseException:
            os.replace(before, self.place)
            raise
        for path in before.iterdir():
            if path.name not in ours and not (self.place / path.name).exists():
                os.replace(path, self.place / path.name)
        shutil.rmtree(before, ignore_errors=True)


def refuse_existing(path: Path, force: bool, *inputs: str) -> None:
    """Raise DataError if a file may not be written: it is there, is an input, or has no folder."""
    if path.is_dir():
        raise DataError(f"{path} is a folder; give --out a file.")
    if not path.parent.is_dir():
        raise DataError(f"There is no folder {path.parent} to write {path.name} into.")
    if not path.exists():
        return
    for given in inputs:
        if os.path.exists(given) and os.path.samefile(path, given):
            raise DataError(f"{path} is what is read; give --out another file.")
    if not force:
        raise DataError(f"{path} exists already. Choose another file with --out, or give --force.")


def write_json(path: Path, document: Any) -> None:
    """Write indented JSON, in UTF-8."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(
        text + "\n", encoding="utf-8", errors="backslashreplace"
    )  # a file's name may be any bytes


def _fresh(name: str) -> Path:
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    path, count = Path("runs", f"{name}-{stamp}"), 1
    while path.exists():
        count += 1
        path = Path("runs", f"{name}-{stamp}-{count}")
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
