"""Fetching the larger datasets from their public mirrors, each file checked against its SHA-256."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from glassnet.errors import DataError, MissingDependencyError

__all__ = ["MIRRORS", "SHA256", "data_folder", "fetch"]

MIRRORS = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    "fashion_mnist": (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    "cifar10": ("https://www.cs.toronto.edu/~kriz/",),
}
"""Where each dataset lies, tried in this order."""

# Published by TensorFlow Datasets (tensorflow_datasets/url_checksums/{mnist,fashion_mnist,cifar10}.txt);
# torchvision (prototype/datasets/_builtin/mnist.py) gives the same for the first two.
SHA256 = {
    "mnist": {
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
    "fashion_mnist": {
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
    "cifar10": {
        "cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    },
}

_TIMEOUT = (5, 10)  # seconds to connect, seconds between two pieces of data


def data_folder(name: str) -> Path:
    """Return the folder of a fetched dataset: below $GLASSNET_DATA, or below the user's cache folder.

    Raises:
        MissingDependencyError: $GLASSNET_DATA is not set, and pooch, which knows the cache, is missing.
    """
    chosen = os.environ.get("GLASSNET_DATA")
    return Path(os.path.expanduser(chosen) if chosen else _pooch(name).os_cache("glassnet")) / name


def fetch(name: str, file: str) -> Path:
    """Fetch one file of a dataset into its folder, if it is not there yet, and return its path.

    Args:
        name: "mnist", "fashion_mnist" or "cifar10".
        file: the file's name, one of ``SHA256[name]``.

    Raises:
        DataError: no mirror gave the file; the message says which files to put where.
        MissingDependencyError: pooch is missing.
    """
    pooch = _pooch(name)
    folder = data_folder(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{name} cannot be stored: no folder {folder} ({error.strerror}).") from None
    reasons = []
    for mirror in MIRRORS[name]:
        try:
            return Path(
                pooch.retrieve(
                    url=mirror + file,
                    known_hash=f"sha256:{SHA256[name][file]}",
                    fname=file,
                    path=folder,
                    downloader=pooch.HTTPDownloader(timeout=_TIMEOUT),
                )
            )
        except (OSError, ValueError) as error:
            if isinstance(error, PermissionError):
                raise DataError(f"{name} cannot be stored: the folder {folder} cannot be written.") from None
            reasons.append(_reason(error, urlsplit(mirror).hostname))
    files = ", ".join(SHA256[name])
    raise DataError(
        f"{name} could not be fetched: {'; '.join(reasons)}. "
        f"Without a network, put {files} into {folder}, or pass folder= with the folder that has them."
    )


def _reason(error: Exception, host: str | None) -> str:
    if isinstance(error, ValueError) and "hash" in str(error):
        return f"what {host} sent has another SHA-256 than the published file"
    response = getattr(error, "response", None)
    if response is not None:
        return f"{host} answered {response.status_code}"
    if isinstance(error, OSError) and error.strerror:  # the disk, not the network
        return f"{error.strerror} ({error.filename})" if error.filename else error.strerror
    return f"no connection to {host}"


def _pooch(name: str) -> Any:
    try:
        import pooch
    except ImportError as error:
        raise MissingDependencyError(
            f'Fetching {name} needs pooch: pip install "glassnet[data]". '
            "Or pass folder= with the folder that has its files."
        ) from error
    return pooch
