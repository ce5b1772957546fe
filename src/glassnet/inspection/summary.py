"""The network as a text table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from glassnet.layers import Activation, Dense, Layer, Residual
from glassnet.parameters import Scope

if TYPE_CHECKING:
    from glassnet.network import Network

__all__ = ["summary"]


def summary(network: Network) -> str:
    """Return a table of layers with output shape and parameter count.

    >>> import glassnet as gn
    >>> print(gn.Network([gn.Dense(8, activation="relu"), gn.Dense(3)], seed=0).build(4).summary())
    layer          output     parameters
    ------------------------------------
    dense1 (relu)  (n, 8)             40
    dense2         (n, 3)             27
    ------------------------------------
    4 inputs, 67 parameters, float32, 268 bytes
    """
    if not network.built:
        names = ", ".join(network.layer_names)
        return (
            f"Network of {len(network.layers)} layers ({names}), not built: its input width is not known yet."
        )
    parameters = network.parameters
    rows = list(_rows(network.layers, network._scope.children, ""))
    first = max(len("layer"), *(len(row[0]) for row in rows)) + 2
    second = max(len("output"), *(len(row[1]) for row in rows)) + 2
    lines = [f"{name:<{first}}{shape:<{second}}{count:>13}" for name, shape, count in rows]
    header = f"{'layer':<{first}}{'output':<{second}}{'parameters':>13}"
    rule = "-" * len(header)
    size = parameters.values.size
    held = parameters.statistics.flat.size
    statistics = f", {held:,} running statistics" if held else ""
    footer = (
        f"{network.n_features} inputs, {size:,} parameters{statistics}, {network.dtype.name}, "
        f"{(size + held) * network.dtype.itemsize:,} bytes"
    )
    return "\n".join([header, rule, *lines, rule, footer])


def _rows(layers: Sequence[Layer], scopes: Sequence[Scope], indent: str) -> list[tuple[str, str, str]]:
    rows = []
    for layer, scope in zip(layers, scopes, strict=True):
        count = sum(spec.size for spec in scope.parameters.values())
        short = scope.name.rpartition(".")[2]
        rows.append((f"{indent}{short}{layer_detail(layer)}", f"(n, {scope.n_outputs})", f"{count:,}"))
        if isinstance(layer, Residual):
            rows += _rows(layer.layers, scope.children, indent + "  ")
    return rows


def layer_detail(layer: Layer) -> str:
    function = (
        layer.activation
        if isinstance(layer, Dense)
        else layer.function
        if isinstance(layer, Activation)
        else None
    )
    if function is not None:
        name = type(function).__name__.lower()
        return "" if name == "linear" else f" ({name})"
    rate = getattr(layer, "rate", None)
    return "" if rate is None else f" ({rate:g})"
