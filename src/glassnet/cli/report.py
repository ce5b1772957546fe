"""What a run leaves behind: its figures, pictures, tables and the report."""

from __future__ import annotations

import math
import platform
import warnings
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from glassnet._version import __version__
from glassnet.cli.prepare import Prepared
from glassnet.plots.style import plain
from glassnet.tabular import TabularModel

__all__ = [
    "columns_of",
    "finite",
    "honest_part",
    "measure_parts",
    "plain",
    "save_prediction_plot",
    "versions",
]


def measure_parts(model: TabularModel, prepared: Prepared) -> dict[str, tuple[int, dict[str, float]]]:
    """Return, for each part, its rows and the loss and metrics there, in prediction mode."""
    return {
        name: (len(part), model.evaluate_encoded(part.X, part.y)) for name, part in prepared.parts.items()
    }


def honest_part(prepared: Prepared) -> str:
    """Return the name of the part that tells most honestly how right predictions are."""
    return next(name for name in ("test", "validation", "train") if name in prepared.parts)


def save_prediction_plot(model: TabularModel, prepared: Prepared, folder: Path, name: str) -> str:
    """Draw truth against prediction on the most honest part there is; return the file's name."""
    from glassnet import plots

    part_name = honest_part(prepared)
    part = prepared.parts[part_name]
    outputs = model.network.predict(part.X)
    if model.target.is_classification:
        predicted = model.probabilities(outputs).argmax(axis=1)
        file = "confusion_matrix.png"
        accuracy = float(np.mean(predicted == part.y))
        ax = plots.confusion_matrix(
            part.y,
            predicted,
            labels=list(map(str, model.target.classes)),
            title=plain(f"{name}: accuracy {accuracy:.1%} on the {part_name} part"),
        )
    else:
        file = "predicted_vs_true.png"
        true, predicted = model.target.decode(part.y), model.decode(outputs)
        r2 = model.evaluate_encoded(part.X, part.y, ["r2"])["r2"]
        ax = plots.predicted_vs_true(
            true,
            predicted,
            title=plain(f"{name}: {model.target.name}, R² {r2:.3f} on the {part_name} part"),
        )
    save_and_close(ax, folder / file)
    return file


def save_and_close(ax: Any, path: Path) -> None:
    """Write the figure of some Axes, and free it."""
    from matplotlib import pyplot as plt

    from glassnet import plots

    try:
        with warnings.catch_warnings():
            # A name in a script that the font lacks is drawn as boxes; report.html has it in full.
            warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from font", UserWarning)
            plots.save(ax, path)
    finally:
        plt.close(ax.figure)


def without_screen() -> None:
    """Let matplotlib draw to files alone."""
    import matplotlib

    matplotlib.use("Agg")


def columns_of(model: TabularModel) -> list[dict[str, Any]]:
    """Return what the report says of every column."""
    if model.encoder is None:
        return [{"name": name, "kind": "number"} for name in model.feature_names]
    return [
        {
            "name": column.name,
            "kind": column.kind,
            "missing_in_training": column.n_missing,
            "categories": list(column.categories),
            "features": list(column.features),
        }
        for column in model.encoder.summary()
    ]


def versions() -> dict[str, str]:
    """Return the versions that figures may depend on."""
    return {
        "glassnet": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
    }


def now() -> str:
    """Return the present time with its zone, to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def finite(figures: Mapping[str, float]) -> dict[str, float | None]:
    """Return figures as JSON can hold them: None for NaN and infinity."""
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}
