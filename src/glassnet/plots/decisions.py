"""Where a classifier of two features decides for which class."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray
from glassnet.checks import as_features
from glassnet.errors import DataError, ShapeError
from glassnet.hyperparameters import Interval, Rule
from glassnet.plots.style import MARKERS, axes_for, colours, dress, ink, legend, mixed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from glassnet.network import Network

__all__ = ["decision_boundary"]

_RESOLUTION = Rule(Interval(2, 4000, integer=True))
_THRESHOLD = Rule(Interval(-math.inf, math.inf), optional=True)


def decision_boundary(
    predict: Network | Callable[[AnyArray], npt.ArrayLike],
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    labels: Sequence[object] | None = None,
    feature_names: Sequence[str] = ("feature 1", "feature 2"),
    threshold: float | None = None,
    resolution: int = 300,
    title: str = "Decision boundary",
    ax: Axes | None = None,
) -> Axes:
    """Colour the plane by the class that is predicted there, and draw the samples on it.

    Args:
        predict: a network, or a function from (n, 2) to one of these: outputs (n, k), of which the
            largest decides; one output (n, 1) or (n,) of floats, which decides for class 1 above
            `threshold`; or labels (n,), integers or text.
        X: (n_samples, 2).
        y: (n_samples,) labels, or one-hot (n_samples, k).
        labels: names of the classes in their order; default is what y holds.
        feature_names: two, for the axes.
        threshold: for one output. Default: for a network 0 if its last layer gives logits and 0.5 if it
            ends in a sigmoid; for a function 0.5.
        resolution: points per axis at which to predict, in [2, 4000]. Default 300.
        title: text above the plot.
        ax: where to draw; None makes a new figure.

    Raises:
        ShapeError: X is not two columns wide, or y or the predictions do not fit it.
        DataError: no samples, NaN or infinity in X, too few `labels`.
        HyperparameterError: a value outside its range.
        MissingDependencyError: matplotlib is missing.

    >>> import numpy as np
    >>> X = np.array([[0.0, 0.0], [1.0, 1.0]])
    >>> ax = decision_boundary(lambda X: (X.sum(axis=1) > 1).astype(int), X, [0, 1], resolution=50)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('feature 1', 'feature 2')
    """
    _RESOLUTION.check("decision_boundary", "resolution", resolution)
    _THRESHOLD.check("decision_boundary", "threshold", threshold)
    points = as_features(X, None)
    if points.shape[1] != 2:
        raise ShapeError(f"decision_boundary draws two features, X has {points.shape[1]}; pick two columns.")
    if len(points) == 0:
        raise DataError("X has no rows: there is nothing to draw.")
    true = _as_labels(y, len(points))
    x_values, y_values = (_span(column, int(resolution)) for column in points.T.astype(float))
    grid = np.stack(np.meshgrid(x_values, y_values), axis=-1).reshape(-1, 2)
    predicted = _decide(predict, grid, threshold, np.unique(true))
    classes = np.unique(np.concatenate([true, predicted]))
    names = [str(c) for c in classes] if labels is None else _names(classes, true, labels)
    regions = np.searchsorted(classes, predicted).reshape(len(y_values), len(x_values))
    axes = axes_for(ax, (6.4, 5.0))
    _draw_regions(axes, x_values, y_values, regions, len(classes))
    handles = _draw_points(axes, points, np.searchsorted(classes, true), len(classes))
    dress(axes, title=title, x=feature_names[0], y=feature_names[1], grid=False)
    axes.set_xlim(x_values[0], x_values[-1])
    axes.set_ylim(y_values[0], y_values[-1])
    if len(classes) <= 40:
        legend(axes, handles, names)
    return axes


def _as_labels(y: npt.ArrayLike, n: int) -> AnyArray:
    given = np.asarray(y)
    if given.ndim == 2:
        given = given[:, 0] if given.shape[1] == 1 else given.argmax(axis=1)
    if given.shape != (n,):
        raise ShapeError(f"y must have one label per row of X: ({n},), got {np.shape(y)}.")
    if given.dtype.kind == "f" and np.equal(given, np.round(given)).all():
        return given.astype(np.int64)
    return given.astype(np.int64) if given.dtype.kind == "b" else given


def _decide(predict: Any, grid: AnyArray, threshold: float | None, present: AnyArray) -> AnyArray:
    """Return the predicted label of every point, of the same kind as those in `present`."""
    from glassnet.activations import Sigmoid
    from glassnet.network import Network

    if isinstance(predict, Network):
        outputs: AnyArray = predict.predict(grid)
        if threshold is None:
            threshold = 0.5 if isinstance(predict.output_activation, Sigmoid) else 0.0
    else:
        outputs = np.asarray(predict(grid))
    if outputs.shape[:1] != (len(grid),) or outputs.ndim > 2 or (outputs.ndim == 2 and outputs.shape[1] == 0):
        raise ShapeError(f"predict must give one row per point, {len(grid)}; got shape {outputs.shape}.")
    n_classes, places = 2, outputs.reshape(-1)
    if outputs.ndim == 2 and outputs.shape[1] > 1:
        n_classes, places = outputs.shape[1], outputs.argmax(axis=1)
    elif outputs.dtype.kind in "fb":
        places = (places > (0.5 if threshold is None else threshold)).astype(np.int64)
    else:
        if (places.dtype.kind in "iu") != (present.dtype.kind in "iu"):
            raise DataError(
                f"predict gives {places.dtype} and y is {present.dtype}: make both integers or text."
            )
        return places
    if present.dtype.kind in "iu" and present[0] >= 0 and present[-1] < n_classes:
        return places
    if places.max() >= len(present):
        raise DataError(
            f"The predictions tell {n_classes} classes apart, but y holds the labels {present.tolist()}, so "
            "which is which is unknown: give integer labels from 0, and names by labels=[...]."
        )
    named: AnyArray = present[places]
    return named


def _names(classes: AnyArray, true: AnyArray, labels: Sequence[object]) -> list[str]:
    places = classes if true.dtype.kind in "iu" and classes.min() >= 0 else np.arange(len(classes))
    if places.max() >= len(labels):
        raise DataError(f"labels names {len(labels)} classes, but there are {places.max() + 1}.")
    return [str(labels[int(place)]) for place in places]


def _span(values: AnyArray, resolution: int) -> AnyArray:
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or max(abs(low) * 0.1, 1.0)
    return np.linspace(low - margin, high + margin, resolution)


def _draw_regions(ax: Axes, x: AnyArray, y: AnyArray, regions: AnyArray, n: int) -> None:
    from matplotlib.colors import ListedColormap

    shade = ink(ax)
    pale = ListedColormap([mixed(colour, shade.paper, 0.68) for colour in _colours(ax, n)])
    ax.pcolormesh(x, y, regions, cmap=pale, vmin=-0.5, vmax=n - 0.5, shading="nearest", rasterized=True)
    for k in range(n):
        inside = regions == k
        if inside.any() and not inside.all():
            ax.contour(x, y, inside.astype(float), levels=[0.5], colors=shade.frame, linewidths=0.8)


def _draw_points(ax: Axes, points: AnyArray, codes: AnyArray, n: int) -> list[Any]:
    size = float(np.clip(8000 / len(points), 10, 34))
    return [
        ax.scatter(
            points[codes == k, 0],
            points[codes == k, 1],
            s=size,
            color=colour,
            marker=MARKERS[k % len(MARKERS)],
            edgecolors=ink(ax).text,
            linewidths=0.4,
        )
        for k, colour in enumerate(_colours(ax, n))
    ]


def _colours(ax: Axes, n: int) -> list[str]:
    """Return the classes' colours; black, which a dark ground would swallow, is white there."""
    return [ink(ax).text if colour == "#000000" else colour for colour in colours(n)]
