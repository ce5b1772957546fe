"""The model file: one safetensors file holds a network and what is needed to use it.

Tensors are the parameters and running statistics under their names; the header's metadata has one
entry, "glassnet", a JSON document with the format version, the network's config and any
sections that belong with the model (the tabular encoder, a training summary). Nothing in it is
executed: classes are looked up in glassnet's own tables or among those the caller passes in.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from glassnet._version import __version__
from glassnet.errors import FileFormatError, GlassnetError, HyperparameterError, NotBuiltError
from glassnet.files.atomic import write_atomically
from glassnet.files.container import Container, named, open_container, parse_json, write_container
from glassnet.network import Network
from glassnet.parameters import NamedViews, Parameters, ParameterSpec

__all__ = ["FORMAT_VERSION", "load", "read_model", "save_network"]

FORMAT_VERSION = 1
_MOST_OBJECTS = 50_000
"""Layers, activations and initialisers that a file may describe; each costs time and memory."""


def save_network(
    network: Network, path: str | os.PathLike[str], sections: Mapping[str, Any] | None = None
) -> None:
    """Write a built network to `path`, whole or not at all.

    Args:
        network: must be built.
        path: by custom ends in ".safetensors".
        sections: JSON-able documents by name, kept beside the network.

    Raises:
        NotBuiltError: the network has no parameters yet.
        HyperparameterError: a file of this network or these sections could not be read again.
        OSError: the folder is missing, read-only or full; an old file stays as it was.
    """
    if not network.built:
        raise NotBuiltError("The network has no parameters yet: build or fit it before saving.")
    parameters = network.parameters
    document = {
        "format_version": FORMAT_VERSION,
        "glassnet_version": __version__,
        "network": network.config(),
        "sections": dict(sections or {}),
    }
    arrays = {**dict(parameters.items()), **dict(parameters.statistics.items())}
    metadata = {"glassnet": json.dumps(document, allow_nan=False)}

    def write(temporary: Path) -> None:
        write_container(temporary, arrays, metadata)
        try:
            with open_container(temporary) as container:
                _checked_config(temporary, _document(temporary, container).get("network"))
        except FileFormatError as error:
            fault = str(error).replace(f"{temporary}", "the file")
            raise HyperparameterError(f"This cannot be kept in a model file: {fault}") from None

    write_atomically(path, write)


def load(path: str | os.PathLike[str], custom: Mapping[str, type[Any]] | None = None) -> Network:
    """Return the network in a model file.

    Args:
        path: a file that :meth:`glassnet.Network.save` or the command line wrote.
        custom: classes of your own that the network uses, by name: {"MyLayer": MyLayer}.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: not a glassnet model file, damaged, or of a newer format; says what is wrong.

    >>> import glassnet as gn, tempfile, os
    >>> net = gn.Network([gn.Dense(2)], seed=0).build(3)
    >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
    >>> net.save(path)
    >>> bool((gn.load(path).parameters.values == net.parameters.values).all())
    True
    """
    return read_model(path, custom)[0]


def read_model(
    path: str | os.PathLike[str], custom: Mapping[str, type[Any]] | None = None
) -> tuple[Network, dict[str, Any]]:
    """Return the network and the sections kept beside it; raises as :func:`load`."""
    path = Path(path)
    with open_container(path) as container:
        document = _document(path, container)
        sections = document.get("sections")
        if not isinstance(sections, dict):
            raise FileFormatError(f"{path}: sections must be a JSON object.")
        return _network(path, document.get("network"), container, custom), sections


def _document(path: Path, container: Container) -> dict[str, Any]:
    """Return the description, of a format that this version reads."""
    if "glassnet" not in container.metadata:
        raise FileFormatError(f"{path} is a safetensors file, but not a glassnet model.")
    try:
        document = parse_json(container.metadata["glassnet"])
    except ValueError as error:
        raise FileFormatError(f"{path}: the description is not valid JSON: {error}.") from None
    if not isinstance(document, dict):
        raise FileFormatError(f"{path}: the description must be a JSON object.")
    version = document.get("format_version")
    if type(version) is not int or version < 1:
        raise FileFormatError(
            f"{path}: format_version must be a whole number of at least 1, got {named([repr(version)])}."
        )
    if version > FORMAT_VERSION:
        writer = named([str(document.get("glassnet_version"))])
        raise FileFormatError(
            f"{path}: written in format {named([repr(version)])} by glassnet {writer}; "
            f"this glassnet ({__version__}) reads up to format {FORMAT_VERSION}. Upgrade glassnet."
        )
    return document


def _checked_config(path: Path, config: Any) -> dict[str, Any]:
    """Return the network's description, of a size and shape that it is safe to build from."""
    keys = {"layers", "seed", "dtype", "n_features"}
    if not isinstance(config, dict) or set(config) != keys or not isinstance(config["layers"], list):
        raise FileFormatError(f"{path}: the network's description must have {', '.join(sorted(keys))}.")
    n_features, seed, dtype = config["n_features"], config["seed"], config["dtype"]
    if type(n_features) is not int or not 1 <= n_features < 1 << 63:
        raise FileFormatError(
            f"{path}: n_features must be a whole number of at least 1, got {named([repr(n_features)])}."
        )
    if type(seed) is not int:
        raise FileFormatError(f"{path}: seed must be a whole number, got {named([repr(seed)])}.")
    if dtype not in ("float32", "float64"):
        raise FileFormatError(f"{path}: dtype must be float32 or float64, got {named([repr(dtype)])}.")
    count, level = 0, config["layers"]
    while level:  # parse_json has seen to it that this ends
        count += sum(isinstance(item, dict) for item in level)
        nested = [item.values() if isinstance(item, dict) else item for item in level if _holds(item)]
        level = [item for items in nested for item in items]
    if count > _MOST_OBJECTS:
        raise FileFormatError(
            f"{path}: describes {count:,} layers and their parts; at most {_MOST_OBJECTS:,} are read."
        )
    return config


def _holds(item: Any) -> bool:
    return isinstance(item, (dict, list))


def _network(
    path: Path, config: Any, container: Container, custom: Mapping[str, type[Any]] | None
) -> Network:
    config = _checked_config(path, config)
    try:
        network = Network.from_config({**config, "n_features": None}, custom)
        scope = network.declare(config["n_features"])
    except (GlassnetError, RecursionError) as error:
        raise FileFormatError(f"{path}: {_cut(str(error))}") from None
    specs = [s for part in scope.walk() for s in (*part.parameters.values(), *part.statistics.values())]
    _require_agreement(path, {spec.name: spec for spec in specs}, container, network.dtype)
    parameters = Parameters(scope, network.dtype)  # no larger than the file
    views: NamedViews
    for views in (parameters, parameters.statistics):
        for name, view in views.items():
            container.read_into(name, view)
    network.adopt(scope, parameters)
    return network


def _require_agreement(
    path: Path, expected: Mapping[str, ParameterSpec], container: Container, dtype: np.dtype[Any]
) -> None:
    stored = container.entries
    if set(expected) != set(stored):
        odd = set(expected) ^ set(stored)
        raise FileFormatError(f"{path}: the layers and the stored arrays differ in {named(odd)}.")
    for name, entry in stored.items():
        if entry.shape != expected[name].shape or entry.dtype != dtype:
            raise FileFormatError(
                f"{path}: {name} should be {dtype} of shape {expected[name].shape}, "
                f"is {entry.dtype} of shape {entry.shape}."
            )


def _cut(text: str) -> str:
    return text if len(text) <= 1000 else f"{text[:997]}..."
