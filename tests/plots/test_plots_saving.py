import numpy as np
import pytest
from matplotlib import image, pyplot
from matplotlib.figure import Figure

import glassnet as gn
from glassnet.errors import HyperparameterError


def test_a_png_of_an_axes_shows_its_whole_figure(tmp_path):
    figure, axes = pyplot.subplots(1, 2, figsize=(6, 3))
    for ax in axes:
        ax.plot([1, 2])
    gn.plots.save(axes[0], tmp_path / "a.png", dpi=50)
    gn.plots.save(figure, str(tmp_path / "b.png"), dpi=50)
    first, second = image.imread(tmp_path / "a.png"), image.imread(tmp_path / "b.png")
    np.testing.assert_array_equal(first, second)
    assert first.shape[1] > 200
    assert first.std() > 0.01


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("PDF", b"%PDF"), ("svg", b"<?xml")])
def test_the_ending_decides_the_format(tmp_path, ax, ending, start):
    path = tmp_path / f"figure.{ending}"
    gn.plots.save(ax, path)
    assert path.read_bytes().startswith(start)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_subfigure_saves_the_whole(tmp_path):
    subfigure = Figure().subfigures(1, 2)[0]
    ax = subfigure.subplots()
    gn.plots.save(ax, tmp_path / "a.png")
    gn.plots.save(subfigure, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_failed_save_leaves_the_old_file(tmp_path, ax, monkeypatch):
    path = tmp_path / "figure.png"
    path.write_bytes(b"old")
    ax.set_title("$\\nonsense$")  # fails when it is drawn
    with pytest.raises(ValueError, match="nonsense"):
        gn.plots.save(ax, path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["figure.png"]


@pytest.mark.parametrize("name", ["figure", "figure.jpg", "figure.png.txt"])
def test_other_endings_are_refused(tmp_path, ax, name):
    with pytest.raises(HyperparameterError, match=r"save path must end in \.png, \.svg, \.pdf; got"):
        gn.plots.save(ax, tmp_path / name)


def test_other_things_are_refused(tmp_path, ax):
    with pytest.raises(HyperparameterError, match="save needs a matplotlib Figure or Axes, got 'figure'"):
        gn.plots.save("figure", tmp_path / "x.png")
    with pytest.raises(HyperparameterError, match="save path must be a path, got None"):
        gn.plots.save(ax, None)
    with pytest.raises(HyperparameterError, match=r"save dpi must lie in \[10, 2400\], got 1"):
        gn.plots.save(ax, tmp_path / "x.png", dpi=1)
    with pytest.raises(FileNotFoundError, match="no folder"):
        gn.plots.save(ax, tmp_path / "no" / "x.png")
