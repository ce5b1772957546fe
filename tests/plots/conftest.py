from __future__ import annotations

import numpy as np
import pytest

pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def close_figures():
    """Draw without a screen, and close what was drawn."""
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")


@pytest.fixture
def drawn():
    """Draw the figure of an Axes for real, so that what fails at drawing time fails."""

    def draw(ax):
        ax.figure.canvas.draw()
        return np.asarray(ax.figure.canvas.buffer_rgba())

    return draw


@pytest.fixture
def ax():
    return pyplot.subplots()[1]
