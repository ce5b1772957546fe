import numpy as np
import pytest
from matplotlib.collections import LineCollection

import glassnet as gn
from glassnet.errors import DataError, HyperparameterError
from glassnet.plots.style import COLOURS


def edges(ax):
    return [c for c in ax.collections if isinstance(c, LineCollection)]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def deep(n, width=4):
    return gn.Network([gn.Dense(width) for _ in range(n)], seed=0).build(3)


def test_colour_and_width_follow_the_weight(drawn):
    from matplotlib.colors import to_rgba

    net = gn.Network([gn.Dense(2)], seed=0).build(2)
    net.parameters["dense1.weight"][:] = [[1.0, -2.0], [0.0, 0.5]]
    ax = gn.plots.network_diagram(net)
    (lines,) = edges(ax)
    drawn(ax)
    widths = lines.get_linewidths()
    assert list(widths) == sorted(widths)  # the strongest lies on top
    last = lines.get_segments()[-1]  # from input 0, the upper one, to unit 1, the lower one
    assert last[0][1] > 0 > last[1][1]
    assert tuple(lines.get_colors()[-1][:3]) == to_rgba(COLOURS[0])[:3]
    assert tuple(lines.get_colors()[-2][:3]) == to_rgba(COLOURS[1])[:3]


@pytest.mark.parametrize("n", [1, 2, 12, 40])
@pytest.mark.parametrize("width", [1, 2, 100])
def test_every_depth_and_width(n, width, drawn):
    net = deep(n, width)
    ax = gn.plots.network_diagram(net)
    drawn(ax)
    assert f"{n} layer{'s' * (n > 1)}" in ax.get_title()
    assert ("27 more" in "".join(texts(ax))) == (n == 40)
    assert max(len(lines.get_segments()) for lines in edges(ax)) <= 12 * 12


def test_names_notes_and_a_skip(drawn):
    block = gn.Residual([gn.Dense(4, activation="relu"), gn.Dropout(0.5)])
    net = gn.Network([gn.Dense(4), gn.BatchNorm(), block, gn.Dense(2)], seed=0).build(3)
    ax = gn.plots.network_diagram(net, feature_names=["a", "$b$", "c"], class_names=["no", "yes"])
    drawn(ax)
    assert {"a", r"\$b\$", "c", "no", "yes"} <= set(texts(ax))
    assert "dense1\n4\nbatchnorm" in texts(ax)
    assert "residual1.\ndense1\n4\nrelu\ndropout (0.5)" in texts(ax)
    assert len(ax.patches) == 1


def test_before_the_build(drawn):
    ax = gn.plots.network_diagram(gn.Network([gn.BatchNorm(), gn.Dense(2)], seed=0))
    drawn(ax)
    assert "inputs\n?\nbatchnorm" in texts(ax)
    assert ax.get_title() == "2 layers, not built"
    assert ax.get_legend() is None


@pytest.mark.parametrize("weight", [0.0, np.nan, np.inf])
def test_weights_without_a_scale(weight, drawn):
    net = deep(2)
    net.parameters["dense1.weight"][:] = weight
    drawn(gn.plots.network_diagram(net))


def test_bad_arguments():
    with pytest.raises(DataError, match="feature_names holds 2 names for 3 units"):
        gn.plots.network_diagram(deep(1), feature_names=["a", "b"])
    with pytest.raises(HyperparameterError, match="network_diagram max_units must"):
        gn.plots.network_diagram(deep(1), max_units=1)
    with pytest.raises(HyperparameterError, match="network_diagram max_columns must"):
        gn.plots.network_diagram(deep(1), max_columns=1)
