"""Prediction from a model file with NumPy and safetensors alone.

``pip install --no-deps glassnet`` beside these two is enough; scikit-learn, SciPy and all else that
training or figures use is neither needed nor imported. Without SciPy, GELU computes its distribution
function with :func:`math.erfc`: the same to the last digits, and slower.

>>> import os, tempfile
>>> import numpy as np, glassnet as gn
>>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
>>> gn.Network([gn.Dense(2)], seed=0).build(3).save(path)
>>> gn.predict_only.load(path).predict(np.zeros((1, 3)))
array([[0., 0.]], dtype=float32)
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassnet.errors import FileFormatError, GlassnetError
from glassnet.files import read_model
from glassnet.network import Network

if TYPE_CHECKING:
    from glassnet.tabular.model import TabularModel

__all__ = ["load"]


def load(
    path: str | os.PathLike[str], custom: Mapping[str, type[Any]] | None = None
) -> Network | TabularModel:
    """Return what a model file holds: a tabular model if it has the encoders, else the network.

    Both have `predict`: a network's takes an array (n_samples, n_features), a tabular model's a mapping
    from column names to values, and it answers with classes or values; `predict_proba` gives a
    classification's probabilities.

    Args:
        path: a file that :meth:`glassnet.Network.save`, :meth:`TabularModel.save` or the command
            line wrote.
        custom: classes of your own that the network uses, by name.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: not a glassnet model file, damaged, or of a newer format; says what is wrong.
    """
    network, sections = read_model(path, custom)
    if "tabular" not in sections:
        return network
    from glassnet.tabular.model import TabularModel  # a third of the import time, for those who need it

    try:
        return TabularModel.from_dict(network, sections["tabular"], custom)
    except GlassnetError as error:
        raise FileFormatError(f"{Path(path)}: {error}") from error
