"""Predictions against the truth: confusion matrix, and predicted against true values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray
from glassnet.checks import require_finite
from glassnet.errors import DataError, ShapeError
from glassnet.plots.style import COLOURS, axes_for, dress, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["confusion_matrix", "predicted_vs_true"]

_WITH_NUMBERS = 25
"""Up to so many classes every cell tells its number."""
_TICKS = 40
"""At most so many class names stand at an axis."""
_POINTS = 5000
"""From more points than this their density is drawn."""


def confusion_matrix(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    labels: Sequence[object] | None = None,
    *,
    shares: bool = False,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how often each true class (row) was predicted as each class (column).

    The colour is the share of the row, so rare classes are as legible as frequent ones.

    Args:
        y_true, y_pred: (n_samples,) labels, integers or text.
        labels: names of the classes 0, 1, 2, ... if the labels are integers, else the labels in the
            order wanted. Default: all labels that occur, in order.
        shares: whether cells tell the share of their row in percent instead of the count.
        title: text above the plot; default tells the accuracy.
        ax: where to draw; None makes a new figure.

    Raises:
        ShapeError: not one label per sample in both, or not equally many.
        DataError: no samples, or labels that `labels` does not cover.
        MissingDependencyError: matplotlib is missing.

    >>> ax = confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1], labels=["cat", "dog"])
    >>> ax.get_title(), [text.get_text() for text in ax.texts]
    ('Confusion matrix, accuracy 75.0%', ['1', '1', '0', '2'])
    """
    true, predicted = _labels("y_true", y_true), _labels("y_pred", y_pred)
    _check_pair(true, predicted)
    if (true.dtype.kind == "i") != (predicted.dtype.kind == "i"):
        raise DataError(
            f"y_true holds {true.dtype} and y_pred {predicted.dtype}: make both integers or text."
        )
    classes, names = _classes(true, predicted, labels)
    counts = np.zeros((len(classes), len(classes)), np.int64)
    order = np.argsort(classes)
    place = [order[np.searchsorted(classes, column, sorter=order)] for column in (true, predicted)]
    np.add.at(counts, (place[0], place[1]), 1)
    totals = counts.sum(axis=1, keepdims=True)
    share = counts / np.maximum(totals, 1)
    n = len(classes)
    side = float(np.clip(2.6 + 0.5 * n, 4.0, 9.0))
    axes = axes_for(ax, (side + 0.8, side))
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    axes.figure.colorbar(image, ax=axes, shrink=0.8, label="share of the true class")
    if n <= _WITH_NUMBERS:
        _write_cells(axes, counts, share, shares)
    _name_ticks(axes, names)
    accuracy = np.trace(counts) / counts.sum()
    dress(
        axes,
        title=f"Confusion matrix, accuracy {accuracy:.1%}" if title is None else title,
        x="predicted",
        y="true",
        grid=False,
    )
    return axes


def predicted_vs_true(
    y_true: npt.ArrayLike, y_pred: npt.ArrayLike, *, title: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw predicted against true values; on the diagonal a prediction is right.

    Above 5,000 samples their density is drawn instead of the points.

    Args:
        y_true, y_pred: (n_samples,) or (n_samples, 1) numbers.
        title: text above the plot; default tells R² and the root mean squared error.
        ax: where to draw; None makes a new figure.

    Raises:
        ShapeError: several columns, or not equally many values.
        DataError: no samples, NaN or infinity, or text.
        MissingDependencyError: matplotlib is missing.

    >>> ax = predicted_vs_true([0.0, 1.0, 2.0], [0.0, 1.0, 2.0])
    >>> ax.get_title()
    'Predicted against true, R² 1.000, RMSE 0'
    """
    true, predicted = _values("y_true", y_true), _values("y_pred", y_pred)
    _check_pair(true, predicted)
    dense = len(true) > _POINTS
    axes = axes_for(ax, (6.2 if dense else 5.2, 5.0))
    low, high = float(min(true.min(), predicted.min())), float(max(true.max(), predicted.max()))
    margin = 0.04 * (high - low) or max(0.1 * abs(low), 1.0)
    ends = (low - margin, high + margin)
    if dense:
        density = axes.hexbin(
            true, predicted, gridsize=60, extent=(*ends, *ends), mincnt=1, bins="log", cmap="viridis"
        )
        axes.figure.colorbar(density, ax=axes, shrink=0.8, label="samples")
    else:
        faint = float(np.clip(300 / len(true), 0.25, 0.9))
        axes.scatter(true, predicted, s=16, color=COLOURS[0], alpha=faint, linewidths=0)
    axes.plot(ends, ends, color=COLOURS[1], linewidth=1.2)
    axes.set_xlim(ends)
    axes.set_ylim(ends)
    axes.set_aspect("equal")
    if title is None:
        from glassnet.metrics import r2, rmse

        explained = r2(true, predicted) if len(true) > 1 else float("nan")
        title = f"Predicted against true, R² {explained:.3f}, RMSE {rmse(true, predicted):.3g}"
    dress(axes, title=title, x="true", y="predicted")
    return axes


def _labels(name: str, given: npt.ArrayLike) -> AnyArray:
    array = np.asarray(given)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        hint = " Outputs per class? Write outputs.argmax(axis=1)." if array.ndim == 2 else ""
        raise ShapeError(f"{name} must hold one label per sample, got shape {array.shape}.{hint}")
    if array.dtype.kind == "f":
        if not np.equal(array, np.round(array)).all():
            raise DataError(
                f"{name} must hold labels, got numbers that are not whole; decide on classes first."
            )
        return array.astype(np.int64)
    return array.astype(np.int64) if array.dtype.kind in "bu" else array


def _values(name: str, given: npt.ArrayLike) -> AnyArray:
    array = np.asarray(given)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ShapeError(
            f"{name} must hold one value per sample, got shape {array.shape}; draw one output at a time."
        )
    if array.dtype.kind not in "fiub":
        raise DataError(f"{name} must hold numbers, got dtype {array.dtype}.")
    require_finite(array, name)
    return array.astype(np.float64)


def _check_pair(true: AnyArray, predicted: AnyArray) -> None:
    if len(true) != len(predicted):
        raise ShapeError(f"y_true has {len(true)} rows but y_pred has {len(predicted)}.")
    if len(true) == 0:
        raise DataError("y_true has no rows: there is nothing to draw.")


def _classes(
    true: AnyArray, predicted: AnyArray, labels: Sequence[object] | None
) -> tuple[AnyArray, list[str]]:
    present = np.unique(np.concatenate([true, predicted]))
    if labels is None:
        return present, [str(label) for label in present]
    given = np.asarray(labels)
    named = present.dtype.kind == "i" and given.dtype.kind not in "iu"
    classes = np.arange(len(given)) if named else given
    missing = [label for label in present.tolist() if label not in set(classes.tolist())]
    if missing:
        raise DataError(f"labels does not cover {missing[:5]!r}, which occur in y_true or y_pred.")
    return classes, [str(label) for label in labels]


def _write_cells(ax: Axes, counts: AnyArray, share: AnyArray, shares: bool) -> None:
    n = len(counts)
    longest = 4 if shares else len(f"{counts.max():,}")
    width = ax.get_window_extent().width / ax.figure.dpi * 72  # in points, as font sizes are
    size = float(np.clip(width / n / (0.75 * max(longest, 3)), 3.5, 11))
    for i, j in np.ndindex(n, n):
        text = f"{share[i, j]:.0%}" if shares else f"{counts[i, j]:,}"
        dark = share[i, j] > 0.5
        quiet = counts[i, j] == 0
        colour = "white" if dark else "#AAAAAA" if quiet else "black"
        ax.text(j, i, text, ha="center", va="center", fontsize=size, color=colour)


def _shortened(names: Sequence[str]) -> list[str]:
    """Return long names without their ends, or, where these alone tell them apart, their middles."""
    short = [name if len(name) <= 24 else name[:23] + "…" for name in names]
    if len(set(short)) == len(set(names)):
        return short
    return [name if len(name) <= 24 else f"{name[:11].rstrip()}…{name[-12:].lstrip()}" for name in names]


def _name_ticks(ax: Axes, names: Sequence[str]) -> None:
    n = len(names)
    step = next(s * 10**k for k in range(20) for s in (1, 2, 5) if n <= _TICKS * s * 10**k)
    places = range(0, n, step)
    shown = [plain(name) for name in _shortened(names)[::step]]
    size = 9 if n <= 15 else 7
    turned = max(map(len, shown)) > 3 and (n > 6 or max(map(len, shown)) * n > 50)
    turn: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if turned else {}
    ax.set_xticks(places, shown, fontsize=size, **turn)
    ax.set_yticks(places, shown, fontsize=size)
