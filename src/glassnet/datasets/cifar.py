"""CIFAR-10 in its binary version, from the folder or straight out of the archive."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from glassnet._typing import AnyArray
from glassnet.datasets import fetch
from glassnet.datasets._files import Readable, existing, opened, read_up_to, reason, regular_file
from glassnet.datasets.dataset import Dataset
from glassnet.errors import DataError, HyperparameterError
from glassnet.hyperparameters import Rule

if TYPE_CHECKING:
    import tarfile

__all__ = ["CIFAR10_CLASSES", "cifar10"]

CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
"""The names of the labels 0 to 9."""

_ARCHIVE = "cifar-10-binary.tar.gz"
_FOLDER = "cifar-10-batches-bin"
_PICKLED = ("cifar-10-batches-py", "cifar-10-python.tar.gz", "data_batch_1", "test_batch")
_FILES = {"train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)), "test": ("test_batch.bin",)}

_PIXELS = 3 * 32 * 32
_RECORD = 1 + _PIXELS  # one byte of label, then the red, the green and the blue plane
_MOST_BYTES = 50_000 * _RECORD  # of one batch, which holds 10,000 records
_MOST_UNPACKED = 512 << 20  # of the archive, which holds 176 MiB

_SPLIT = Rule(choices=("train", "test"))
_CLASSES = Rule(choices=CIFAR10_CLASSES)


def cifar10(
    folder: str | PathLike[str] | None = None, *, split: str = "train", classes: Sequence[str] | None = None
) -> Dataset:
    """Return CIFAR-10: 60,000 colour photographs of 32 x 32 pixels in ten classes.

    Only the binary version is read, whose records are one byte of label and 3072 bytes of pixels.
    The Python version is a pickle, and reading a pickle can run any code that is hidden in it.

    Args:
        folder: the folder ``cifar-10-batches-bin``, the archive ``cifar-10-binary.tar.gz`` (read in
            place, nothing is unpacked to disk), or a folder that has either. None (the default): in
            ``$GLASSNET_DATA/cifar10``, or in the user's cache, where the archive is fetched to if missing.
        split: "train" (50,000 rows, the default) or "test" (10,000 rows).
        classes: names of the classes to keep, such as ``("bird", "airplane")``; they are labelled
            0, 1, ... in the order given here. None (the default) keeps all ten, labelled as published.

    Returns:
        A Dataset with X float32 (n, 3072) in 0..1 (the raw 0..255 divided by 255) and y int64. A row is
        the red plane, then green, then blue: ``X.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)`` gives
        images to show.

    Raises:
        DataError: files are missing or damaged, or are the Python version; or cannot be fetched.
        HyperparameterError: an unknown split or class, or a class named twice.
        MissingDependencyError: the archive is to be fetched, and pooch is missing.

    Source: A. Krizhevsky, "Learning multiple layers of features from tiny images" (2009).
    """
    files = _FILES[_SPLIT.check("cifar10", "split", split)]
    names = _chosen(classes)
    place = _locate(folder)
    batches = list(_from_archive(place, files) if place.is_file() else _from_folder(place, files))
    labels = np.concatenate([batch[:, 0] for batch in batches])
    new_label = np.full(256, -1, dtype=np.int64)
    new_label[[CIFAR10_CLASSES.index(name) for name in names]] = np.arange(len(names))
    y = new_label[labels]
    kept = y >= 0
    X = np.empty((int(kept.sum()), _PIXELS), dtype=np.float32)
    row = 0
    for batch in batches:
        rows = batch[new_label[batch[:, 0]] >= 0, 1:]
        np.divide(rows, np.float32(255), out=X[row : row + len(rows)])
        row += len(rows)
    return Dataset(
        X=X,
        y=y[kept],
        feature_names=tuple(
            f"{colour}_{row}_{column}"
            for colour in ("red", "green", "blue")
            for row in range(32)
            for column in range(32)
        ),
        target_names=names,
        task="classification",
        name="cifar10",
        description="Colour photographs of 32 x 32 pixels, scaled to 0..1.",
    )


def _chosen(classes: Sequence[str] | None) -> tuple[str, ...]:
    if classes is None:
        return CIFAR10_CLASSES
    if isinstance(classes, str) or not isinstance(classes, Sequence) or not classes:
        raise HyperparameterError(f"cifar10 classes must be a list of one or more names, got {classes!r}.")
    names = tuple(_CLASSES.check("cifar10", f"classes[{i}]", name) for i, name in enumerate(classes))
    if len(set(names)) < len(names):
        raise HyperparameterError(f"cifar10 classes must name each class once, got {list(names)}.")
    return names


def _locate(folder: str | PathLike[str] | None) -> Path:
    """The archive, or the folder that holds the batches."""
    place = fetch.data_folder("cifar10") if folder is None else existing(folder)
    if place.name in _PICKLED:
        raise _pickled(place)
    if place.is_file():
        return place
    for candidate in (place, place / _FOLDER):
        if any((candidate / file).is_file() for files in _FILES.values() for file in files):
            return candidate
    if (place / _ARCHIVE).is_file():
        return place / _ARCHIVE
    if folder is None:
        return fetch.fetch("cifar10", _ARCHIVE)
    for name in _PICKLED:
        if (place / name).exists():
            raise _pickled(place / name)
    raise DataError(f"{place} has no CIFAR-10: put {_ARCHIVE}, or the folder {_FOLDER} that is in it, there.")


def _pickled(path: Path | str) -> DataError:
    return DataError(
        f"{path} is the Python version of CIFAR-10, a pickle, and reading a pickle can run any code that is "
        f"hidden in it; glassnet reads the binary version alone: {_ARCHIVE}."
    )


def _from_folder(folder: Path, files: Sequence[str]) -> Iterator[AnyArray]:
    for name in files:
        file = regular_file(folder / name)
        with opened(file) as stream:
            yield _records(stream, str(file))


def _from_archive(archive: Path, files: Sequence[str]) -> list[AnyArray]:
    found: dict[str, AnyArray] = {}
    with opened(archive) as stream, _tar(stream, archive) as tar:
        for member in tar:
            name = PurePosixPath(member.name)
            if _PICKLED[0] in name.parts:
                raise _pickled(archive)
            if not 0 <= member.size <= _MOST_UNPACKED:  # or tarfile would try to skip over it
                raise DataError(f"{archive} is damaged: {member.name!r} claims to have {member.size} bytes.")
            content = tar.extractfile(member) if name.name in files and member.isreg() else None
            if content is not None:
                found[name.name] = _records(content, f"{name.name} in {archive}")
            if len(found) == len(files):
                break
    missing = [file for file in files if file not in found]
    if missing:
        raise DataError(f"{archive} is not the binary version of CIFAR-10: it lacks {', '.join(missing)}.")
    return [found[file] for file in files]


def _records(stream: Readable, label: str) -> AnyArray:
    content = read_up_to(stream, _MOST_BYTES + 1)
    if not content or len(content) % _RECORD or len(content) > _MOST_BYTES:
        raise DataError(
            f"{label} must hold records of {_RECORD} bytes, at most {_MOST_BYTES // _RECORD} of them; "
            f"it has {'too many' if len(content) > _MOST_BYTES else len(content)} bytes."
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD)
    if records[:, 0].max() > 9:
        raise DataError(f"{label} has a label above 9, so it is not CIFAR-10 in its binary version.")
    return records


@contextmanager
def _tar(stream: io.BufferedIOBase, archive: Path) -> Iterator[tarfile.TarFile]:
    import tarfile  # here, to keep glassnet quick to import

    try:
        with tarfile.open(fileobj=_Bounded(stream, archive), mode="r|") as tar:
            yield tar
    except (tarfile.TarError, ValueError, OverflowError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{archive} is not a readable tar archive: {reason(error)}.") from error


class _Bounded(io.BufferedIOBase):
    """A stream that refuses to unpack more than an honest archive holds."""

    def __init__(self, stream: io.BufferedIOBase, archive: Path) -> None:
        self._stream = stream
        self._archive = archive
        self._left = _MOST_UNPACKED

    def read(self, size: int | None = -1, /) -> bytes:
        most = self._left + 1
        piece = self._stream.read(most if size is None or size < 0 else min(size, most))
        self._left -= len(piece)
        if self._left < 0:
            raise DataError(f"{self._archive} unpacks to more than {_MOST_UNPACKED >> 20} MiB: not CIFAR-10.")
        return piece
