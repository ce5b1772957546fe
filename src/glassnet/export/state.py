"""State dictionaries as PyTorch's nn.Sequential has them, of NumPy arrays; PyTorch is not needed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray
from glassnet.activations import ActivationFunction, Linear
from glassnet.errors import DataError, GlassnetError, HyperparameterError, ShapeError
from glassnet.layers import Activation, BatchNorm, Dense, Dropout, Layer, LayerNorm, Residual
from glassnet.network import Network
from glassnet.parameters import layer_names
from glassnet.registry import resolve

__all__ = ["from_state_dict", "to_state_dict"]

_COUNTER = "num_batches_tracked"
_KEY = re.compile(r"(0|[1-9][0-9]*)\.(\w+)")


class _Entry(NamedTuple):
    """One array: its key there, its name here, and whether it is transposed."""

    key: str
    name: str
    transposed: bool


def to_state_dict(network: Network) -> dict[str, AnyArray]:
    """Return the parameters as the state dict of the equivalent ``torch.nn.Sequential``.

    Modules count from 0 as one would write them: a Dense is an ``nn.Linear``, followed by a module of its
    own for its activation if it has one other than linear; every other layer is one module. So
    [Dense(8, activation="relu"), BatchNorm(), Dropout(0.1), Dense(3)] is Linear 0, ReLU 1,
    BatchNorm1d 2, Dropout 3, Linear 4. Names and shapes:

    - Linear: "0.weight" (outputs, inputs), the transpose of ours; "0.bias" (outputs,).
    - BatchNorm1d: "2.weight", "2.bias", "2.running_mean", "2.running_var" (features,), and
      "2.num_batches_tracked", an int64 that we do not keep: 0. PyTorch reads it only where momentum is None.
    - LayerNorm: "weight", "bias" (features,).

    Hyperparameters are not part of a state dict: give the modules the epsilons of the layers, and
    BatchNorm1d the momentum 1 - ours. The arrays are copies in the network's dtype;
    ``{key: torch.from_numpy(value) for ...}`` is what ``load_state_dict`` takes.

    Raises:
        NotBuiltError: the network has no parameters yet.
        GlassnetError: a Residual, which nn.Sequential cannot express, or a layer of your own.

    >>> import glassnet as gn
    >>> net = gn.Network([gn.Dense(8, activation="relu"), gn.Dense(3)], seed=0).build(4)
    >>> {key: value.shape for key, value in net.to_state_dict().items()}
    {'0.weight': (8, 4), '0.bias': (8,), '2.weight': (3, 8), '2.bias': (3,)}
    """
    parameters = network.parameters
    arrays = {**parameters, **parameters.statistics}
    state: dict[str, AnyArray] = {}
    for entry in _entries(network.layers):
        if entry.name:
            array = arrays[entry.name]
            state[entry.key] = np.array(array.T if entry.transposed else array, order="C")
        else:
            state[entry.key] = np.array(0, np.int64)
    return state


def from_state_dict(
    state: Mapping[str, Any],
    layers: Sequence[Layer] | None = None,
    *,
    activations: Sequence[ActivationFunction | Layer | str] | None = None,
    seed: int | None = None,
    dtype: npt.DTypeLike | None = None,
) -> Network:
    """Return a network with the weights of a ``torch.nn.Sequential``'s state dict.

    Say what the modules are in one of two ways:

    - `layers`: the layers as for :class:`Network`, counted as :func:`to_state_dict` says; they carry
      all hyperparameters.
    - `activations`: what stands at the places without parameters, in order, such as
      ["relu", gn.Dropout(0.1), "relu"]. Linear, BatchNorm1d and LayerNorm are then recognised by
      their arrays and get default hyperparameters, which are PyTorch's too. More at the end is what
      follows the last module that has parameters. Default: none.

    Args:
        state: keys such as "0.weight"; PyTorch tensors, or arrays. num_batches_tracked may be missing.
        layers, activations: see above; not both.
        seed: of the network's later shuffling and dropout, as for :class:`Network`.
        dtype: "float32" or "float64"; default that of the state, float32 for lower precisions.

    Raises:
        DataError: keys that are no nn.Sequential's, that lack, or that the layers have no place for.
        ShapeError: an array of another shape than the layers ask for; names the key.
        HyperparameterError: both layers and activations; too few activations, or an unknown name.
        GlassnetError: a Residual or a layer of your own among the layers.

    >>> import numpy as np, glassnet as gn
    >>> state = {"0.weight": np.ones((2, 3)), "0.bias": np.zeros(2)}
    >>> gn.from_state_dict(state, activations=["relu"]).predict(np.ones((1, 3)))
    array([[3., 3.]])
    """
    if layers is not None and activations is not None:
        raise HyperparameterError("from_state_dict takes either layers or activations, not both.")
    arrays = _arrays(state)
    if layers is None:
        layers = _recognised(arrays, activations or ())
    kinds = [array.dtype for array in arrays.values() if array.dtype.kind == "f"]
    common = np.result_type(np.float32, *kinds)
    network = Network(layers, seed=seed, dtype=common if dtype is None else dtype)
    entries = _entries(network.layers)
    _check_keys(arrays, entries)
    scope = network.declare(_width(arrays, entries))
    declared = [(*part.parameters.values(), *part.statistics.values()) for part in scope.walk()]
    specs = {spec.name: spec for part in declared for spec in part}
    for entry in entries:
        if not entry.name:
            continue
        wanted = specs[entry.name].shape[::-1] if entry.transposed else specs[entry.name].shape
        if arrays[entry.key].shape != wanted:
            raise ShapeError(
                f"state[{entry.key!r}] should have shape {wanted} for {_owner(entry)}, "
                f"got {arrays[entry.key].shape}."
            )
    network.build(scope.n_inputs)
    for entry in entries:
        if entry.name:
            store = network.parameters if entry.name in network.parameters else network.parameters.statistics
            store[entry.name] = arrays[entry.key].T if entry.transposed else arrays[entry.key]
    return network


def _owner(entry: _Entry) -> str:
    return entry.name.rpartition(".")[0]


def _entries(layers: Sequence[Layer]) -> list[_Entry]:
    """Return every array that the layers have there; raises for what nn.Sequential cannot express."""
    entries: list[_Entry] = []
    index = 0
    for name, layer in zip(layer_names(layers), layers, strict=True):
        kind = type(layer)
        if kind not in _MODULES:
            why = "it is not one of glassnet's own layers"
            if kind is Residual:
                why = "nn.Sequential cannot express a skip connection"
            raise GlassnetError(f"{name} ({kind.__name__}) has no place in a state dict: {why}.")
        for key, ours in _MODULES[kind].items():
            if key == "bias" and isinstance(layer, Dense) and not layer.bias:
                continue
            transposed = kind is Dense and key == "weight"
            entries.append(_Entry(f"{index}.{key}", ours and f"{name}.{ours}", transposed))
        index += 2 if isinstance(layer, Dense) and type(layer.activation) is not Linear else 1
    return entries


_NORM = {"weight": "scale", "bias": "shift"}
_MODULES: dict[type[Layer], dict[str, str]] = {
    Dense: {"weight": "weight", "bias": "bias"},
    BatchNorm: {**_NORM, "running_mean": "mean", "running_var": "variance", _COUNTER: ""},
    LayerNorm: _NORM,
    Activation: {},
    Dropout: {},
}
"""The arrays of each module, and their short names here; "" is one that we do not have."""


def _arrays(state: Mapping[str, Any]) -> dict[str, AnyArray]:
    if not isinstance(state, Mapping) or not state:
        raise DataError(f"state must be a mapping from keys such as '0.weight' to arrays, got {state!r}.")
    arrays: dict[str, AnyArray] = {}
    for key, value in state.items():
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise DataError(
                f"state holds {key!r}, but the keys of an nn.Sequential are like '0.weight'. If they have a "
                "prefix, take it off: {key.removeprefix('net.'): value for key, value in state.items()}."
            )
        try:
            array = np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value)
        except (TypeError, ValueError) as error:  # bfloat16, or rows of unequal length
            raise DataError(f"state[{key!r}] cannot become an array: {error}.") from None
        if array.dtype.kind not in "fiu":
            raise DataError(f"state[{key!r}] must hold numbers, got dtype {array.dtype}.")
        arrays[key] = array
    return arrays


def _recognised(arrays: Mapping[str, AnyArray], others: Sequence[Any]) -> list[Layer]:
    """Return the layers that the arrays stand for, with `others` at the places that have none."""
    if isinstance(others, str) or not isinstance(others, Sequence):
        raise HyperparameterError(f"activations must be a list, got {others!r}.")
    modules: dict[int, set[str]] = {}
    for key in arrays:
        index, _, name = key.partition(".")
        modules.setdefault(int(index), set()).add(name)
    last = max(modules)
    n_places = last + 1 - len(modules)
    if len(others) < n_places:
        first = next(i for i in range(last) if i not in modules)
        raise HyperparameterError(
            f"The state has no arrays for {n_places} of the modules up to {last}, such as {first}: "
            f"activations must say what each is, 'relu' or gn.Dropout(0.1) say; got {len(others)}."
        )
    rest = iter(others)
    layers: list[Layer] = []
    for i in range(last + 1 + len(others) - n_places):
        if i in modules:
            layers.append(_with_arrays(i, modules[i], arrays))
            continue
        other = next(rest)
        if isinstance(other, Layer):
            layers.append(other)
            continue
        function = resolve("activation", other, f"activations[{i}]")
        # An identity keeps a place of its own, for a Dense that is linear takes none for it.
        if layers and i - 1 in modules and isinstance(layers[-1], Dense) and type(function) is not Linear:
            layers[-1] = replace(layers[-1], activation=function)
        else:
            layers.append(Activation(function))
    return layers


def _with_arrays(index: int, names: set[str], arrays: Mapping[str, AnyArray]) -> Layer:
    weight = arrays.get(f"{index}.weight")
    if weight is not None and weight.ndim == 2:
        return Dense(len(weight), bias="bias" in names)
    if weight is not None and weight.ndim == 1:
        return BatchNorm() if "running_mean" in names else LayerNorm()
    raise DataError(
        f"Module {index} of the state has {', '.join(sorted(names))}, by which no layer is recognised: "
        "a Linear has a weight (outputs, inputs), a BatchNorm1d or LayerNorm a weight (features,)."
    )


def _check_keys(arrays: Mapping[str, AnyArray], entries: Sequence[_Entry]) -> None:
    expected = [entry.key for entry in entries]
    if not expected:
        raise DataError("None of the layers has parameters: there is nothing to take from the state.")
    lacking = [entry.key for entry in entries if entry.key not in arrays and entry.name]
    if lacking:
        raise DataError(
            f"state lacks {', '.join(lacking[:5])}; the layers need {', '.join(expected)}, "
            f"and it holds {', '.join(arrays)}."
        )
    odd = [key for key in arrays if key not in expected]
    if odd:
        raise DataError(f"state holds {', '.join(odd[:5])}, but the layers need {', '.join(expected)} alone.")


def _width(arrays: Mapping[str, AnyArray], entries: Sequence[_Entry]) -> int:
    """Return the number of features; nothing before the first module with arrays changes the width."""
    first = entries[0]
    shape = arrays[first.key].shape
    if len(shape) != 1 + first.transposed or 0 in shape:
        what = "(outputs, inputs)" if first.transposed else "(features,)"
        raise ShapeError(f"state[{first.key!r}] should have shape {what} for {_owner(first)}, got {shape}.")
    return int(shape[-1])
