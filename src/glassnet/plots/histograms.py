"""What a network's layers hold in one pass: histograms of activations and of gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.activations import ActivationFunction, ReLU, Sigmoid, Tanh
from glassnet.errors import HyperparameterError
from glassnet.hyperparameters import Interval, Rule
from glassnet.layers import Activation, Dense, Layer, Residual
from glassnet.plots.style import COLOURS, axes_for, dress, ink, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from glassnet.inspection import Trace
    from glassnet.losses import Loss
    from glassnet.network import Network

__all__ = ["activation_histograms", "gradient_histograms"]

_VANISHING = Rule(Interval(0, 1, "neither"))
_OF = Rule(choices=("weights", "activations"))
_BINS = 80
_SATURATED = 0.01
"""A sigmoid or a tanh is saturated within so much of its ends, where its slope is under 4% of the largest."""


@dataclass(frozen=True)
class _Ridge:
    """One layer's row: the values drawn, what is said of them, and whether it is a warning."""

    name: str
    values: AnyArray
    note: str
    warns: bool


def activation_histograms(
    network: Network,
    X: npt.ArrayLike,
    *,
    title: str = "Activations by layer",
    ax: Axes | None = None,
) -> Axes:
    """Draw what each layer gives for the rows of X, one histogram per layer, the first on top.

    A unit whose ReLU gives 0 for every row is dead: no gradient reaches its weights from these rows.
    Layers with such units are drawn in orange and say how many; so are those of which half the
    sigmoids or tanhs and more are saturated. Exact zeros of a ReLU are told as a share and left out
    of its histogram. Heights are each layer's own.

    Args:
        network: built. Runs in prediction mode: no dropout, running statistics.
        X: (n_samples, n_features); some hundred rows do, and every row's values are held at once.
        title: text above the plot.
        ax: where to draw; None makes a new figure.

    Raises:
        NotBuiltError: the network has no parameters yet.
        DataError, ShapeError: X does not fit.
        MissingDependencyError: matplotlib is missing.

    >>> import numpy as np, glassnet as gn
    >>> net = gn.Network([gn.Dense(8, activation="relu"), gn.Dense(3)], seed=0).build(2)
    >>> net.parameters["dense1.bias"][:2] = -1000.0
    >>> ax = activation_histograms(net, np.random.default_rng(0).normal(size=(100, 2)))
    >>> ax.texts[0].get_text().splitlines()[0]
    '2 of 8 units dead'
    """
    from glassnet.inspection import trace

    network.require_built()
    seen = trace(network, X, training=False)
    ridges = [
        _activation_ridge(name, layer, seen[name]["a"])
        for name, layer in _named(network.layers, network.layer_names, seen)
        if "a" in seen[name]
    ]
    finite = np.concatenate([ridge.values[np.isfinite(ridge.values)] for ridge in ridges])
    low, high = _range(finite)
    axes = axes_for(ax, _size(len(ridges)))
    _draw(axes, ridges, np.linspace(low, high, _BINS + 1))
    dress(axes, title=title, x="activation", y="layer", grid=False)
    return axes


def gradient_histograms(
    network: Network,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    loss: Loss | str,
    *,
    of: str = "weights",
    vanishing: float = 1e-3,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the sizes of the loss's gradients, one histogram per layer, on a logarithmic axis.

    Each row tells the layer's root mean square. Where it is less than `vanishing` times that of the
    layer with the largest, the gradient vanishes on its way down, and the row is drawn in orange.
    Exact zeros, such as those of dead units, have no place on the axis and are told as a share.

    Args:
        network: built. One training pass is run (dropout on, batch statistics); weights, gradients,
            statistics and random streams are as before afterwards.
        X, y: rows and targets, as the loss takes them; one batch does.
        loss: a loss or its name.
        of: "weights" (default): dL/dW of every weight matrix; "activations": dL/da of every layer.
        vanishing: the share below which a layer is marked, in (0, 1). Default 1e-3.
        title: text above the plot; default says what is drawn.
        ax: where to draw; None makes a new figure.

    Raises:
        NotBuiltError: the network has no parameters yet.
        DataError, ShapeError: X or y does not fit.
        HyperparameterError: a value out of range, or nothing to draw.
        MissingDependencyError: matplotlib is missing.

    >>> import numpy as np, glassnet as gn
    >>> net = gn.Network([gn.Dense(8, activation="relu"), gn.Dense(3)], seed=0).build(2)
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> ax = gradient_histograms(net, X, X[:, 0] > 0, "softmax_cross_entropy")
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['dense1.weight', 'dense2.weight']
    """
    from glassnet.inspection import trace

    _OF.check("gradient_histograms", "of", of)
    _VANISHING.check("gradient_histograms", "vanishing", vanishing)
    kept = network.require_built().gradients.copy()
    try:
        seen = trace(network, X, y, loss)
        if of == "weights":
            found = {n: g.copy() for n, g in network.gradients.items() if g.ndim == 2}
        else:
            found = {name: layer["da"] for name, layer in seen.items() if "da" in layer}
    finally:
        network.parameters.gradients[...] = kept
    if not found:
        raise HyperparameterError("gradient_histograms: the network has no layer with a weight matrix.")
    strength = {name: float(np.sqrt(np.mean(np.square(g, dtype=np.float64)))) for name, g in found.items()}
    largest = max((s for s in strength.values() if np.isfinite(s)), default=0.0)
    ridges = [_gradient_ridge(n, g, strength[n], largest * vanishing) for n, g in found.items()]
    low, high = _range(np.concatenate([ridge.values for ridge in ridges]), share=0.2)
    axes = axes_for(ax, _size(len(ridges)))
    _draw(axes, ridges, np.linspace(low, high, _BINS + 1))
    _label_powers(axes, low, high)
    what = "dL/dW by weight matrix" if of == "weights" else "dL/da by layer"
    text = f"Gradients, {what}" if title is None else title
    dress(axes, title=text, x="size of the gradient", y="layer", grid=False)
    return axes


def _named(layers: Sequence[Layer], names: Sequence[str], seen: Trace) -> list[tuple[str, Layer]]:
    """Return every layer with its name, nested ones after their block."""
    from glassnet.parameters import layer_names

    pairs: list[tuple[str, Layer]] = []
    for layer, name in zip(layers, names, strict=True):
        pairs.append((name, layer))
        if isinstance(layer, Residual):
            inner = [f"{name}.{short}" for short in layer_names(layer.layers)]
            pairs += _named(layer.layers, inner, seen)
    return [(name, layer) for name, layer in pairs if name in seen]


def _activation_ridge(name: str, layer: Layer, a: Array) -> _Ridge:
    function: ActivationFunction | None = None
    if isinstance(layer, Dense):
        function = layer.activation
    elif isinstance(layer, Activation):
        function = layer.function
    if isinstance(function, ReLU):
        zeros = a == 0
        dead = int(zeros.all(axis=0).sum())
        told = f"{dead} of {a.shape[1]} units dead\n" if dead else ""
        return _Ridge(name, a[~zeros], f"{told}{zeros.mean():.0%} zero", dead > 0)
    if isinstance(function, (Sigmoid, Tanh)):
        lowest = 0.0 if isinstance(function, Sigmoid) else -1.0
        edge = _SATURATED * (1 - lowest)
        share = float(np.mean((a < lowest + edge) | (a > 1 - edge)))
        return _Ridge(name, a.ravel(), f"{share:.0%} saturated" if share >= 0.005 else "", share >= 0.5)
    return _Ridge(name, a.ravel(), "", False)


def _gradient_ridge(name: str, gradient: Array, strength: float, least: float) -> _Ridge:
    sizes = np.abs(gradient[np.isfinite(gradient)], dtype=np.float64)
    zeros = 1 - np.count_nonzero(sizes) / max(sizes.size, 1)
    vanishes = not strength > least
    note = f"{'vanishing, ' if vanishes else ''}rms {strength:.1e}" + (f"\n{zeros:.0%} zero" if zeros else "")
    return _Ridge(name, np.log10(sizes[sizes > 0]), note, vanishes)


def _range(values: AnyArray, share: float = 0.1) -> tuple[float, float]:
    """Return the ends of an axis on which a few outliers leave room for the rest."""
    if values.size == 0:
        return -1.0, 1.0
    low, high = (float(v) for v in np.percentile(values, (share, 100 - share)))
    margin = 0.03 * (high - low) or max(abs(high), 1.0) * 0.1
    return low - margin, high + margin


def _size(n: int) -> tuple[float, float]:
    return 7.2, float(np.clip(1.2 + 0.62 * n, 2.4, 14.0))


def _draw(ax: Axes, ridges: Sequence[_Ridge], edges: AnyArray) -> None:
    middles = (edges[:-1] + edges[1:]) / 2
    shade = ink(ax)
    for row, ridge in enumerate(ridges):
        inside = np.clip(ridge.values[np.isfinite(ridge.values)], edges[0], edges[-1])
        counts = np.histogram(inside, edges)[0].astype(float)
        heights = counts / max(counts.max(), 1.0) * 0.85
        colour = COLOURS[1] if ridge.warns else COLOURS[0]
        ax.fill_between(middles, row, row - heights, step="mid", color=colour, alpha=0.75, linewidth=0)
        ax.axhline(row, color=shade.quiet, linewidth=0.6)
        ax.text(
            1.015,
            row - 0.05,
            plain(ridge.note),
            transform=ax.get_yaxis_transform(),
            fontsize=8,
            va="bottom",
            color=shade.warning if ridge.warns else shade.text,
        )
    ax.set_yticks(range(len(ridges)), [plain(ridge.name) for ridge in ridges], fontsize=9)
    ax.set_ylim(len(ridges) - 0.9, -1.0)
    ax.set_xlim(edges[0], edges[-1])


def _label_powers(ax: Axes, low: float, high: float) -> None:
    """Label an axis of decimal logarithms with the numbers themselves."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    wide = high - low > 2
    ax.xaxis.set_major_locator(MaxNLocator(7, integer=wide))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"$10^{{{v:.0f}}}$" if wide else f"{10**v:.2g}"))
