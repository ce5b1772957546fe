"""Checkpoints on disk: one safetensors file with a checksum, and the one before it.

The new file is written beside the old, synced and renamed; the old one stays as
NAME.previous, so that a kill at any moment leaves one that is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from glassnet._typing import AnyArray
from glassnet.errors import FileFormatError
from glassnet.files.atomic import write_atomically
from glassnet.files.container import open_container, write_container

__all__ = ["previous_of", "read_checkpoint", "write_checkpoint"]

_FORMAT = 1


def previous_of(path: Path) -> Path:
    """Return where the checkpoint before the present one is kept."""
    return path.with_name(path.name + ".previous")


def write_checkpoint(path: Path, document: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> None:
    """Write a checkpoint, whole or not at all, and keep the one that was there as the previous one.

    Raises OSError if the folder is missing, read-only or full; old checkpoints stay as they were.
    """
    tensors = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    text = json.dumps({"format_version": _FORMAT, **document}, allow_nan=False)
    metadata = {"checkpoint": text, "sha256": _checksum(text, tensors)}

    if path.exists():
        link = path.with_name(f".{path.name}.link")
        link.unlink(missing_ok=True)
        os.link(path, link)
        os.replace(link, previous_of(path))
    write_atomically(path, lambda temporary: write_container(temporary, tensors, metadata))


def read_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    """Return document and arrays of a checkpoint, or, with a warning, of the previous one.

    Raises:
        FileNotFoundError: neither is there.
        FileFormatError: both are damaged, or of a newer format.
    """
    problems = []
    for place in (path, previous_of(path)):
        if not place.exists():
            continue
        try:
            found = _read(place)
        except FileFormatError as error:
            problems.append(str(error))
            continue
        if problems:
            warnings.warn(f"{problems[0]} The previous checkpoint is used instead.", stacklevel=2)
        return found
    if problems:
        raise FileFormatError(" ".join(problems))
    raise FileNotFoundError(f"There is no checkpoint {path}.")


def _read(path: Path) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    try:
        with open_container(path, "checkpoint") as container:
            metadata = container.metadata
            tensors = {name: container.array(name) for name in container.entries}
    except FileFormatError as error:
        raise FileFormatError(f"The checkpoint is damaged: {error}") from None
    text = metadata.get("checkpoint")
    if text is None:
        raise FileFormatError(f"{path} is a safetensors file, but no checkpoint.")
    if metadata.get("sha256") != _checksum(text, tensors):
        raise FileFormatError(f"The checkpoint {path} is damaged: its checksum does not fit.")
    document = json.loads(text)
    if document["format_version"] > _FORMAT:
        raise FileFormatError(
            f"The checkpoint {path} is of format {document['format_version']}; this glassnet reads {_FORMAT}."
        )
    return document, tensors


def _checksum(text: str, tensors: Mapping[str, AnyArray]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        array = tensors[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
