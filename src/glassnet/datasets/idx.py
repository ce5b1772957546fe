"""MNIST and Fashion-MNIST, and the idx files that they come in."""

from __future__ import annotations

import gzip
import io
import math
import struct
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from glassnet._typing import AnyArray, Shape
from glassnet.datasets import fetch
from glassnet.datasets._files import opened, read_up_to, regular_file, some_folder
from glassnet.datasets.dataset import Dataset
from glassnet.errors import DataError
from glassnet.hyperparameters import Rule

__all__ = ["fashion_mnist", "mnist", "read_idx"]

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_DIMENSIONS = 8
_MOST_UNPACKED = 2 << 30  # bytes that a gzip file may unpack to
_MOST_DEFLATED = 1040  # deflate cannot shrink data further than about 1032 times

_SPLIT = Rule(choices=("train", "test"))
_FLATTEN = Rule(flag=True)
_DIGITS = tuple("0123456789")
_CLOTHES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
_ABOUT = {
    "mnist": ("Handwritten digits of 28 x 28 pixels, scaled to 0..1.", _DIGITS),
    "fashion_mnist": ("Articles of clothing, 28 x 28 pixels, scaled to 0..1.", _CLOTHES),
}


def read_idx(path: str | PathLike[str]) -> AnyArray:
    """Read one idx file, plain or gzip, strictly.

    An idx file is two zero bytes, the type of the items (8 uint8, 9 int8, 11 int16, 12 int32,
    13 float32, 14 float64), the number of dimensions, each dimension as a big-endian uint32, and
    then the items, big-endian, last dimension fastest. The length must fit exactly. Nothing is
    allocated on the word of the header: a plain file must have the size it promises, and a gzip
    file is read in pieces, up to the promised length and no further (2 GiB at most).

    Args:
        path: the file. Gzip is told by its first bytes, not by its name.

    Returns:
        An array of the file's shape and type, in the byte order of this machine.

    Raises:
        DataError: no such file, not an idx file, damaged, cut off, or too long; the message names the file.

    Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits" (1998).

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "two-by-three.idx")
    ...     size = file.write_bytes(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]))
    ...     read_idx(file)
    array([[1, 2, 3],
           [4, 5, 6]], dtype=uint8)
    """
    file = regular_file(path)
    with opened(file) as stream:
        dtype, shape = _header(stream, file)
        size = math.prod(shape) * dtype.itemsize
        _check_size(stream, file, size, header=4 + 4 * len(shape))
        content = read_up_to(stream, size + 1)
    if len(content) != size:
        fault = "is cut off" if len(content) < size else "goes on after its last item"
        raise DataError(f"{file} {fault}: its header promises {size} bytes of items {shape}.")
    return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def mnist(
    folder: str | PathLike[str] | None = None, *, split: str = "train", flatten: bool = True
) -> Dataset:
    """Return MNIST: 70,000 handwritten digits of 28 x 28 pixels.

    Args:
        folder: where the four files lie, such as ``train-images-idx3-ubyte.gz``; with or without ``.gz``,
            and ``-`` or ``.`` before ``idx``. None (the default): in ``$GLASSNET_DATA/mnist``, or in the
            user's cache, where they are fetched to if missing.
        split: "train" (60,000 rows, the default) or "test" (10,000 rows).
        flatten: True (the default) gives X (n, 784), False gives X (n, 28, 28).

    Returns:
        A Dataset with X float32 in 0..1 (the raw 0..255 divided by 255), and y int64 in 0..9.

    Raises:
        DataError: files are missing, damaged, or not MNIST's; or cannot be fetched. It says which
            files to put where.
        HyperparameterError: an unknown split.
        MissingDependencyError: files are to be fetched, and pooch is missing.

    Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits" (1998).
    """
    return _images("mnist", folder, split, flatten)


def fashion_mnist(
    folder: str | PathLike[str] | None = None, *, split: str = "train", flatten: bool = True
) -> Dataset:
    """Return Fashion-MNIST: 70,000 articles of clothing of 28 x 28 pixels, in MNIST's format.

    Args:
        folder: where the four files lie; as for :func:`mnist`, by default ``$GLASSNET_DATA/fashion_mnist``
            or the user's cache.
        split: "train" (60,000 rows, the default) or "test" (10,000 rows).
        flatten: True (the default) gives X (n, 784), False gives X (n, 28, 28).

    Returns:
        A Dataset with X float32 in 0..1 (the raw 0..255 divided by 255), and y int64 in 0..9.

    Raises:
        DataError: files are missing, damaged, or not of this form; or cannot be fetched.
        HyperparameterError: an unknown split.
        MissingDependencyError: files are to be fetched, and pooch is missing.

    Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine
    learning algorithms" (2017).
    """
    return _images("fashion_mnist", folder, split, flatten)


def _images(name: str, folder: str | PathLike[str] | None, split: str, flatten: bool) -> Dataset:
    part = "train" if _SPLIT.check(name, "split", split) == "train" else "t10k"
    flat = _FLATTEN.check(name, "flatten", flatten)
    images_file, labels_file = _locate(
        name, folder, [f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"]
    )
    images, labels = read_idx(images_file), read_idx(labels_file)
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
        raise DataError(
            f"{images_file} must hold images of 28 x 28 bytes, got {images.dtype} {images.shape}."
        )
    if labels.dtype != np.uint8 or labels.ndim != 1 or labels.max() > 9:
        raise DataError(f"{labels_file} must hold labels from 0 to 9, one byte each.")
    if len(images) != len(labels):
        raise DataError(
            f"{images_file} has {len(images)} images, but {labels_file} has {len(labels)} labels."
        )
    X = np.divide(images, np.float32(255), dtype=np.float32)
    description, classes = _ABOUT[name]
    return Dataset(
        X=X.reshape(len(X), -1) if flat else X,
        y=labels.astype(np.int64),
        feature_names=tuple(f"pixel_{row}_{column}" for row in range(28) for column in range(28)),
        target_names=classes,
        task="classification",
        name=name,
        description=description,
    )


def _locate(name: str, folder: str | PathLike[str] | None, stems: list[str]) -> list[Path]:
    place = fetch.data_folder(name) if folder is None else some_folder(folder)
    found = {stem: _named(place, stem) for stem in stems}
    missing = [f"{stem}.gz" for stem, file in found.items() if file is None]
    if missing and folder is not None:
        raise DataError(f"{place} lacks {' and '.join(missing)} of {name}; put them there (.gz or unpacked).")
    fetched = {file: fetch.fetch(name, file) for file in missing}
    return [file or fetched[f"{stem}.gz"] for stem, file in found.items()]


def _named(place: Path, stem: str) -> Path | None:
    dotted = stem.replace("-idx", ".idx")
    candidates = (place / f"{variant}{suffix}" for variant in (stem, dotted) for suffix in ("", ".gz"))
    return next((file for file in candidates if file.is_file()), None)


def _header(stream: io.BufferedIOBase, file: Path) -> tuple[np.dtype[Any], Shape]:
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in _TYPES:
        raise DataError(f"{file} is not an idx file: it starts with {start!r}.")
    n_dimensions = start[3]
    if not 1 <= n_dimensions <= _MOST_DIMENSIONS:
        raise DataError(
            f"{file} must have 1 to {_MOST_DIMENSIONS} dimensions, its header says {n_dimensions}."
        )
    sizes = stream.read(4 * n_dimensions)
    if len(sizes) < 4 * n_dimensions:
        raise DataError(f"{file} is cut off inside its header.")
    shape = struct.unpack(f">{n_dimensions}I", sizes)
    if 0 in shape:
        raise DataError(f"{file} is empty: its header says {shape}.")
    return np.dtype(_TYPES[start[2]]), shape


def _check_size(stream: io.BufferedIOBase, file: Path, size: int, header: int) -> None:
    on_disk = file.stat().st_size
    if isinstance(stream, gzip.GzipFile):
        if size > _MOST_UNPACKED:
            raise DataError(f"{file} would unpack to {size} bytes; unpack files over 2 GiB first (gunzip).")
        possible = size + header <= on_disk * _MOST_DEFLATED
    else:
        possible = size + header == on_disk
    if not possible:
        raise DataError(f"{file} has {on_disk} bytes; its header promises {size} bytes of items.")
