import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import HyperparameterError, NotBuiltError, ShapeError
from glassnet.plots.weights import _columns, _mosaic


def network(*units, n_features=16):
    return gn.Network([gn.Dense(n) for n in units], seed=0).build(n_features)


def shown(ax):
    return np.asarray(np.ma.filled(ax.images[0].get_array(), np.nan))


def test_each_unit_has_its_picture():
    pictures = np.arange(3 * 20 * 30, dtype=float).reshape(3, 20, 30)
    mosaic = _mosaic(pictures, 2)  # gaps of 3: a tenth of 30
    assert mosaic.shape == (43, 63)
    np.testing.assert_array_equal(mosaic[:20, :30], pictures[0])
    np.testing.assert_array_equal(mosaic[:20, 33:], pictures[1])
    np.testing.assert_array_equal(mosaic[23:, :30], pictures[2])
    assert np.isnan(mosaic[20:23]).all()
    assert np.isnan(mosaic[:, 30:33]).all()
    assert np.isnan(mosaic[23:, 33:]).all()


def test_rows_of_a_picture_are_consecutive_inputs(drawn):
    net = network(1, n_features=6)
    net.parameters["dense1.weight"][:, 0] = [1, 2, 3, 4, 5, 6]
    ax = gn.plots.weight_images(net, shape=(2, 3))
    finer = 6  # 16 points or more along the longer side
    expected = np.kron([[1, 2, 3], [4, 5, 6]], np.ones((finer, finer)))
    np.testing.assert_array_equal(shown(ax), expected)
    drawn(ax)


def test_the_scale_is_symmetric_and_spares_a_few_large_weights(drawn):
    net = network(100)
    net.parameters["dense1.weight"][:] = np.linspace(-0.5, 0.5, 1600).reshape(16, 100)
    net.parameters["dense1.weight"][0, 0] = 1000.0
    ax = gn.plots.weight_images(net, limit=100)
    low, high = ax.images[0].get_clim()
    assert low == -high
    assert 0.4 < high < 0.6
    drawn(ax)


def test_a_scale_for_each_picture():
    net = network(2)
    net.parameters["dense1.weight"][:, 0] *= 1000
    ax = gn.plots.weight_images(net, scale="each")
    assert ax.images[0].get_clim() == (-1.0, 1.0)
    halves = np.array_split(shown(ax), 2, axis=1)
    assert [np.nanmax(np.abs(half)) for half in halves] == [1.0, 1.0]


@pytest.mark.parametrize("scale", ["shared", "each"])
def test_weights_that_are_all_zero(scale, drawn):
    net = network(3)
    net.parameters["dense1.weight"][:] = 0
    drawn(gn.plots.weight_images(net, scale=scale))


def test_layers_limits_and_titles(drawn):
    net = network(25, 9, 200)
    assert gn.plots.weight_images(net).get_title() == "dense1: weights of 25 units, each 4 x 4"
    assert gn.plots.weight_images(net, "dense2").get_title() == "dense2: weights of 9 units, each 5 x 5"
    ax = gn.plots.weight_images(net, "dense3", (1, 9), limit=7)
    assert ax.get_title() == "dense3: weights of 7 of 200 units, each 1 x 9"
    drawn(ax)


def test_nested_layers_have_pictures_too():
    net = gn.Network([gn.BatchNorm(), gn.Residual([gn.Dense(16)])], seed=0).build(16)
    assert gn.plots.weight_images(net).get_title().startswith("residual1.dense1: weights of 16 units")


def test_the_network_is_not_changed():
    net = network(4)
    before = net.parameters.values.copy()
    gn.plots.weight_images(net, scale="each")
    np.testing.assert_array_equal(net.parameters.values, before)


@pytest.mark.parametrize("n", [1, 2, 7, 10, 12, 13, 32, 64, 97, 1000])
@pytest.mark.parametrize("aspect", [0.01, 0.5, 1.0, 2.0, 100.0])
def test_columns(n, aspect):
    assert 1 <= _columns(n, aspect) <= n
    if (n, aspect) == (32, 1.0):
        assert _columns(n, aspect) == 8


def test_errors():
    with pytest.raises(NotBuiltError):
        gn.plots.weight_images(gn.Network([gn.Dense(3)]))
    with pytest.raises(HyperparameterError, match=r"matrix 'dense9'.*dense1, dense2"):
        gn.plots.weight_images(network(3, 3), "dense9")
    with pytest.raises(HyperparameterError, match="no layer with a weight matrix"):
        gn.plots.weight_images(gn.Network([gn.BatchNorm()], seed=0).build(4))
    with pytest.raises(ShapeError, match="has 15 inputs, which make no square: give shape="):
        gn.plots.weight_images(network(3, n_features=15))
    with pytest.raises(ShapeError, match="shape 3 x 4 has 12 points, layer dense1 has 16 inputs"):
        gn.plots.weight_images(network(3), shape=(3, 4))
    for shape in (16, (16,), (2.5, 6.4), (-4, -4), ("4", "4"), (None, 4)):
        with pytest.raises(ShapeError, match="two integers of at least 1"):
            gn.plots.weight_images(network(3), shape=shape)
    with pytest.raises(HyperparameterError, match="weight_images limit must lie in"):
        gn.plots.weight_images(network(3), limit=0)
    with pytest.raises(HyperparameterError, match="weight_images scale 'own'"):
        gn.plots.weight_images(network(3), scale="own")
