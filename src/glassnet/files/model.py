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

from glassnet._typing import AnyArray
from glassnet._version import __version__
from glassnet.errors import FileFormatError, GlassnetError, NotBuiltError
from glassnet.files.atomic import write_atomically
from glassnet.network import Network
from glassnet.parameters import Parameters

__all__ = ["FORMAT_VERSION", "load", "read_model", "save_network"]

FORMAT_VERSION = 1


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
        OSError: the folder is missing, read-only or full; an old file stays as it was.
    """
    if not network.built:
        raise NotBuiltError("The network has no parameters yet: build or fit it before saving.")
    from safetensors.numpy import save_file

    parameters = network.parameters
    document = {
        "format_version": FORMAT_VERSION,
        "glassnet_version": __version__,
        "network": network.config(),
        "sections": dict(sections or {}),
    }
    tensors = {
        name: np.ascontiguousarray(v) for name, v in (*parameters.items(), *parameters.statistics.items())
    }
    metadata = {"glassnet": json.dumps(document, allow_nan=False)}
    write_atomically(path, lambda temporary: save_file(tensors, temporary, metadata=metadata))


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
    document, tensors = _read(path)
    version = document.get("format_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise FileFormatError(
            f"{path}: format_version must be a whole number of at least 1, got {version!r}."
        )
    if version > FORMAT_VERSION:
        raise FileFormatError(
            f"{path}: written in format {version} by glassnet {document.get('glassnet_version')}; "
            f"this glassnet ({__version__}) reads up to format {FORMAT_VERSION}. Upgrade glassnet."
        )
    sections = document.get("sections")
    if not isinstance(sections, dict):
        raise FileFormatError(f"{path}: sections must be a JSON object.")
    return _network(path, document.get("network"), tensors, custom), sections


def _read(path: Path) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    from safetensors import SafetensorError, safe_open

    if path.is_dir():
        raise FileFormatError(f"{path} is a folder, not a model file.")
    if not path.exists():
        raise FileNotFoundError(f"There is no model file {path}.")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise FileFormatError(f"{path} is not a safetensors file, or is damaged: {error}.") from None
    if "glassnet" not in metadata:
        raise FileFormatError(f"{path} is a safetensors file, but not a glassnet model.")
    try:
        document = json.loads(metadata["glassnet"])
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: the description is not valid JSON: {error}.") from None
    if not isinstance(document, dict):
        raise FileFormatError(f"{path}: the description must be a JSON object.")
    return document, tensors


def _network(
    path: Path, config: Any, tensors: dict[str, AnyArray], custom: Mapping[str, type[Any]] | None
) -> Network:
    keys = {"layers", "seed", "dtype", "n_features"}
    if not isinstance(config, dict) or set(config) != keys or not isinstance(config["layers"], list):
        raise FileFormatError(f"{path}: the network's description must have {', '.join(sorted(keys))}.")
    n_features = config["n_features"]
    if not isinstance(n_features, int) or n_features < 1:
        raise FileFormatError(f"{path}: n_features must be a whole number of at least 1, got {n_features!r}.")
    try:
        network = Network.from_config({**config, "n_features": None}, custom)
        scope = network.declare(n_features)
    except (GlassnetError, RecursionError) as error:
        raise FileFormatError(f"{path}: {error}") from None
    specs = [s for part in scope.walk() for s in (*part.parameters.values(), *part.statistics.values())]
    expected = {spec.name: spec for spec in specs}
    if set(expected) != set(tensors):
        odd = sorted(set(expected) ^ set(tensors))
        raise FileFormatError(f"{path}: the layers and the stored arrays differ in {', '.join(odd[:5])}.")
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape or tensor.dtype != network.dtype:
            raise FileFormatError(
                f"{path}: {name} should be {network.dtype} of shape {expected[name].shape}, "
                f"is {tensor.dtype} of shape {tensor.shape}."
            )
    parameters = Parameters(scope, network.dtype)
    for name in parameters:
        parameters[name][...] = tensors[name]
    for name in parameters.statistics:
        parameters.statistics[name][...] = tensors[name]
    network.adopt(scope, parameters)
    return network
