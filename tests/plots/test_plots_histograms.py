import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import HyperparameterError, NotBuiltError

X = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


def notes(ax):
    return [text.get_text() for text in ax.texts]


def rows(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def network(*layers):
    return gn.Network([*layers, gn.Dense(2)], seed=0).build(3)


def test_dead_units_are_counted(drawn):
    net = network(gn.Dense(10, activation="relu"), gn.Dense(5), gn.Activation("relu"))
    net.parameters["dense1.weight"][:] = 1.0
    net.parameters["dense1.bias"][:] = 1000.0
    net.parameters["dense1.bias"][:3] = -1000.0
    ax = gn.plots.activation_histograms(net, X)
    assert notes(ax)[0] == "3 of 10 units dead\n30% zero"
    assert rows(ax) == ["dense1", "dense2", "activation1", "dense3"]
    assert notes(ax)[1] == notes(ax)[3] == ""
    drawn(ax)


def test_a_unit_that_answers_one_row_is_alive():
    net = gn.Network([gn.Dense(1, activation="relu")], seed=0).build(1)
    net.parameters["dense1.weight"][:] = 1.0
    assert notes(gn.plots.activation_histograms(net, [[-1.0], [-2.0], [1.0]])) == ["67% zero"]
    assert notes(gn.plots.activation_histograms(net, [[-1.0], [-2.0]])) == ["1 of 1 units dead\n100% zero"]


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_saturated_units(name):
    net = network(gn.Dense(10, activation=name))
    assert "saturated" not in notes(gn.plots.activation_histograms(net, X * 0.1))[0]
    net.parameters["dense1.bias"][:] = -100.0
    assert notes(gn.plots.activation_histograms(net, X))[0] == "100% saturated"


def test_vanishing_gradients_are_marked(drawn):
    deep = network(*(gn.Dense(12, activation="sigmoid") for _ in range(11)))
    ax = gn.plots.gradient_histograms(deep, X, Y, "softmax_cross_entropy")
    assert rows(ax) == [f"dense{i}.weight" for i in range(1, 13)]
    told = ["vanishing" in note for note in notes(ax)]
    assert told[0]
    assert not told[-1]
    assert told == sorted(told, reverse=True)
    drawn(ax)
    fine = gn.plots.gradient_histograms(network(), X, Y, "softmax_cross_entropy")
    assert not any("vanishing" in note for note in notes(fine))
    lenient = gn.plots.gradient_histograms(deep, X, Y, "softmax_cross_entropy", vanishing=1e-30)
    assert not any("vanishing" in note for note in notes(lenient))


def test_the_root_mean_square_by_hand():
    net = gn.Network([gn.Dense(1, bias=False)], seed=0, dtype="float64").build(1)
    net.parameters["dense1.weight"][:] = 0.0
    # L = mean((w x - y)^2), dL/dw = 2 mean(x (w x - y)) = 2 * (1 * -1 + 2 * -3) / 2 = -7
    ax = gn.plots.gradient_histograms(net, [[1.0], [2.0]], [1.0, 3.0], "mse")
    assert notes(ax) == ["rms 7.0e+00"]


def test_gradients_of_activations(drawn):
    net = network(gn.Dense(4, activation="relu"), gn.Residual([gn.Dense(4)]))
    ax = gn.plots.gradient_histograms(net, X, Y, "softmax_cross_entropy", of="activations")
    assert rows(ax)[:3] == ["dense1", "residual1", "residual1.dense1"]
    drawn(ax)
    drawn(gn.plots.activation_histograms(net, X))


def test_the_network_is_as_before():
    net = network(gn.Dense(4), gn.BatchNorm(), gn.Dropout(0.5))
    net.parameters.gradients[...] = 7.0
    before = net.parameters.values.copy(), net.parameters.statistics.flat.copy()
    state = net.generators["dropout"].bit_generator.state
    gn.plots.activation_histograms(net, X)
    gn.plots.gradient_histograms(net, X, Y, "softmax_cross_entropy")
    assert (net.parameters.gradients == 7.0).all()
    np.testing.assert_array_equal(net.parameters.values, before[0])
    np.testing.assert_array_equal(net.parameters.statistics.flat, before[1])
    assert net.generators["dropout"].bit_generator.state == state


@pytest.mark.parametrize("value", [0.0, 1e30, np.nan])
def test_odd_weights(value, drawn):
    net = network(gn.Dense(4, activation="relu"))
    net.parameters.values[...] = value
    with np.errstate(all="ignore"):
        drawn(gn.plots.activation_histograms(net, X))
        drawn(gn.plots.gradient_histograms(net, X, Y, "softmax_cross_entropy"))


def test_bad_arguments():
    with pytest.raises(NotBuiltError):
        gn.plots.activation_histograms(gn.Network([gn.Dense(2)]), X)
    with pytest.raises(NotBuiltError):
        gn.plots.gradient_histograms(gn.Network([gn.Dense(2)]), X, Y, "mse")
    with pytest.raises(HyperparameterError, match="gradient_histograms vanishing must lie"):
        gn.plots.gradient_histograms(network(), X, Y, "softmax_cross_entropy", vanishing=2)
    with pytest.raises(HyperparameterError, match="gradient_histograms of 'biases'"):
        gn.plots.gradient_histograms(network(), X, Y, "softmax_cross_entropy", of="biases")
    bare = gn.Network([gn.BatchNorm()], seed=0).build(3)
    with pytest.raises(HyperparameterError, match="no layer with a weight matrix"):
        gn.plots.gradient_histograms(bare, X, X, "mse")
