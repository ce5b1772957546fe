"""What holds for all plots; one that is exported and not listed here fails the suite."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import glassnet as gn
from glassnet.errors import HyperparameterError, MissingDependencyError

POINTS = np.random.default_rng(0).normal(size=(30, 2))
LABELS = (POINTS[:, 0] > 0).astype(int)


def small():
    return gn.Network([gn.Dense(5, activation="relu"), gn.Dense(2)], seed=0).build(2)


EVERY = {
    "learning_curve": lambda **k: gn.plots.learning_curve({"loss": [2.0, 1.0]}, **k),
    "optimizer_comparison": lambda **k: gn.plots.optimizer_comparison({"adam": {"loss": [2.0, 1.0]}}, **k),
    "decision_boundary": lambda **k: gn.plots.decision_boundary(lambda X: X[:, 0], POINTS, LABELS, **k),
    "confusion_matrix": lambda **k: gn.plots.confusion_matrix(LABELS, LABELS[::-1], **k),
    "predicted_vs_true": lambda **k: gn.plots.predicted_vs_true(POINTS[:, 0], POINTS[:, 1], **k),
    "weight_images": lambda **k: gn.plots.weight_images(
        gn.Network([gn.Dense(5)], seed=0).build(16), **k
    ),
    "activation_histograms": lambda **k: gn.plots.activation_histograms(small(), POINTS, **k),
    "gradient_histograms": lambda **k: gn.plots.gradient_histograms(
        small(), POINTS, LABELS, "softmax_cross_entropy", **k
    ),
    "network_diagram": lambda **k: gn.plots.network_diagram(small(), **k),
}  # fmt: skip

each = pytest.mark.parametrize("name", sorted(EVERY))


def test_the_list_is_complete():
    assert {*EVERY, "save"} == set(gn.plots.__all__)


@each
def test_a_new_figure_with_labels_and_title(name, drawn):
    ax = EVERY[name]()
    assert isinstance(ax, Axes)
    assert ax.get_title()
    if name not in ("weight_images", "network_diagram"):
        assert ax.get_xlabel()
        assert ax.get_ylabel()
    drawn(ax)


@each
def test_it_draws_on_the_axes_given_and_says_the_title_given(name, drawn):
    figure, (left, right) = pyplot.subplots(1, 2)
    assert EVERY[name](ax=right, title="Mine") is right
    assert right.get_title() == "Mine"
    assert not left.has_data()
    assert pyplot.get_fignums() == [figure.number]
    drawn(right)


@each
def test_no_global_setting_changes_and_pyplot_is_not_needed(name):
    before = dict(pyplot.rcParams)
    figure = Figure()
    EVERY[name](ax=figure.subplots())
    assert dict(pyplot.rcParams) == before
    assert pyplot.get_fignums() == []


@each
def test_on_a_dark_ground_nothing_is_black(name, drawn):
    with pyplot.style.context("dark_background"):
        ax = EVERY[name]()
        drawn(ax)
        texts = [*ax.texts, ax.title, ax.xaxis.label, *ax.get_xticklabels()]
        in_cells = name == "confusion_matrix"  # its cells bring their own ground
        assert not any(text.get_color() in ("black", "#000000") for text in texts[in_cells * 4 :])
        assert not any(line.get_color() in ("black", "#000000") for line in ax.get_lines())


@each
def test_several_axes_are_refused(name):
    with pytest.raises(HyperparameterError, match="ax must be one matplotlib Axes or None, got ndarray"):
        EVERY[name](ax=pyplot.subplots(1, 2)[1])


@each
def test_without_matplotlib(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        MissingDependencyError, match=r'Plots need matplotlib: pip install "glassnet\[plot\]"'
    ):
        EVERY[name]()


def test_importing_the_plots_does_not_import_matplotlib():
    code = "import sys, glassnet.plots; print('matplotlib' in sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "False"


def test_drawing_and_saving_without_pyplot_and_without_choosing_a_backend(tmp_path):
    code = f"""
import sys, matplotlib
matplotlib.use("template")  # a backend that draws nothing: nobody may ask it
from matplotlib.figure import Figure
import glassnet as gn
ax = gn.plots.predicted_vs_true([1.0, 2.0], [1.0, 3.0], ax=Figure().subplots())
canvas = ax.figure.canvas
gn.plots.save(ax, r"{tmp_path / "x.png"}")
assert ax.figure.canvas is canvas
print("matplotlib.pyplot" in sys.modules, matplotlib.get_backend())
"""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.split() == ["False", "template"]
    assert (tmp_path / "x.png").stat().st_size > 2000
