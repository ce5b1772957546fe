"""Gradient check, trace, summary."""

from dataclasses import dataclass

import numpy as np
import pytest

import glassnet as gn


@dataclass(frozen=True)
class WrongTanh(gn.activations.ActivationFunction):
    from_output = True

    def forward(self, z, out, buffers):
        np.tanh(z, out=out)

    def backward(self, gradient, z, a, out, buffers):
        np.multiply(gradient, 1 - a, out=out)  # should be 1 - a * a


@dataclass(frozen=True)
class Forgetful(gn.layers.Layer):
    def build(self, n_inputs, scope):
        scope.parameter("factor", (n_inputs,), gn.initializers.Constant(1.0))
        return n_inputs

    def forward(self, inputs, context):
        return inputs * context.parameters["factor"]

    def backward(self, gradient, context):
        return gradient * context.parameters["factor"]


def data():
    return np.random.default_rng(0).normal(size=(6, 3)), np.array([0, 1, 2, 0, 1, 2])


def test_check_gradients_finds_a_wrong_derivative():
    X, y = data()
    good = gn.Network([gn.Dense(4, activation="tanh"), gn.Dense(3)], seed=0)
    bad = gn.Network([gn.Dense(4, activation=WrongTanh()), gn.Dense(3)], seed=0)
    assert gn.check_gradients(good, X, y, gn.SoftmaxCrossEntropy())
    report = gn.check_gradients(bad, X, y, gn.SoftmaxCrossEntropy())
    assert not report
    assert report.parameters["dense1.weight"].relative_error > 0.01
    assert report.parameters["dense2.weight"].relative_error < 1e-6
    assert "differs" in str(report)
    assert "DO NOT agree" in str(report)


def test_check_gradients_finds_a_forgotten_gradient():
    X, y = data()
    report = gn.check_gradients(gn.Network([Forgetful(), gn.Dense(3)], seed=0), X, y, "softmax_cross_entropy")
    assert not report
    assert report.parameters["forgetful1.factor"].relative_error == np.inf


def test_check_gradients_counts_kinks_instead_of_failing():
    # Weights of zero put every pre-activation of the ReLU exactly at its kink.
    net = gn.Network([gn.Dense(3, activation="relu"), gn.Dense(2)], seed=0).build(3)
    net.parameters["dense1.weight"] = np.zeros((3, 3))
    report = gn.check_gradients(net, *data()[:1], np.array([0, 1, 0, 0, 0, 0]), "softmax_cross_entropy")
    assert report.passed, str(report)
    assert report.parameters["dense1.bias"].kinks == 3
    assert "at kinks left out" in str(report)


def test_check_gradients_leaves_the_network_as_it_was():
    X, y = data()
    net = gn.Network([gn.Dense(4), gn.BatchNorm(), gn.Dropout(0.5), gn.Dense(3)], seed=0).build(3)
    before = [net.parameters.values.copy(), net.parameters.statistics.flat.copy()]
    random = net.generators["dropout"].bit_generator.state
    assert gn.check_gradients(net, X, y, "softmax_cross_entropy")
    np.testing.assert_array_equal(net.parameters.values, before[0])
    np.testing.assert_array_equal(net.parameters.statistics.flat, before[1])
    assert net.generators["dropout"].bit_generator.state == random


def test_trace_holds_every_value_of_a_pass():
    X, y = data()
    net = gn.Network(
        [gn.Dense(4, activation="relu"), gn.Dense(3, activation="softmax")], seed=0, dtype="float64"
    )
    seen = gn.trace(net, X, y, gn.CategoricalCrossEntropy())
    w1, b1 = net.parameters["dense1.weight"], net.parameters["dense1.bias"]
    w2, b2 = net.parameters["dense2.weight"], net.parameters["dense2.bias"]
    z1 = X @ w1 + b1
    a1 = np.maximum(z1, 0)
    z2 = a1 @ w2 + b2
    a2 = np.exp(z2) / np.exp(z2).sum(1, keepdims=True)
    dz2 = (a2 - np.eye(3)[y]) / 6
    dz1 = dz2 @ w2.T * (z1 > 0)
    exact = {"rtol": 1e-12, "atol": 1e-14}
    for name, expected in {
        "dense1": {"inputs": X, "z": z1, "a": a1, "dz": dz1, "dweight": X.T @ dz1, "dbias": dz1.sum(0)},
        "dense2": {"inputs": a1, "z": z2, "a": a2, "dz": dz2, "dweight": a1.T @ dz2, "dinputs": dz2 @ w2.T},
    }.items():
        for key, array in expected.items():
            np.testing.assert_allclose(seen[name][key], array, **exact)
    np.testing.assert_array_equal(seen["dense1"].z, seen["dense1"]["z"])
    np.testing.assert_allclose(seen["dense1"].da, dz2 @ w2.T, **exact)
    np.testing.assert_allclose(seen.outputs, a2, **exact)
    assert seen.loss == pytest.approx(-np.log(a2[range(6), y]).mean())
    assert list(seen) == ["dense1", "dense2"]
    with pytest.raises(KeyError, match=r"dense1 has no 'q'; it has: inputs, weight"):
        seen["dense1"]["q"]
    with pytest.raises(AttributeError, match="has no 'q'"):
        _ = seen["dense1"].q


def test_trace_reads_as_text_and_html():
    X, y = data()
    layers = [
        gn.Dense(4),
        gn.BatchNorm(),
        gn.Activation("relu"),
        gn.Dropout(0.5),
        gn.Residual([gn.Dense(4)]),
        gn.LayerNorm(),
    ]
    seen = gn.trace(gn.Network([*layers, gn.Dense(3)], seed=0), X, y, "softmax_cross_entropy")
    text = str(seen)
    for part in (
        "z = inputs @ weight + bias    (6, 4)",
        "dweight = inputs.T @ dz    (3, 4)",
        "x_hat =",
        "mask =",
        "residual1.dense1",
        "loss =",
    ):
        assert part in text
    assert seen._repr_html_().count("<tr>") > 40
    assert "dropout1" in seen._repr_html_()


def test_trace_without_targets_is_forward_only_and_leaves_no_mark():
    net = gn.Network([gn.Dense(4), gn.BatchNorm(), gn.Dropout(0.5)], seed=0).build(3)
    before = net.parameters.statistics.flat.copy(), net.generators["dropout"].bit_generator.state
    seen = gn.trace(net, data()[0])
    assert seen.loss is None
    assert "dweight" not in seen["dense1"]
    np.testing.assert_array_equal(net.parameters.statistics.flat, before[0])
    assert net.generators["dropout"].bit_generator.state == before[1]


def test_summary():
    net = gn.Network(
        [gn.Dense(8, activation="relu"), gn.Residual([gn.Dense(8)]), gn.BatchNorm(), gn.Dropout(0.5)]
    )
    lines = net.build(4).summary().splitlines()
    assert lines[2].split() == ["dense1", "(relu)", "(n,", "8)", "40"]
    assert lines[4].split() == ["dense1", "(n,", "8)", "72"]
    assert "dropout1 (0.5)" in net.summary()
    assert "4 inputs, 128 parameters, 16 running statistics, float32, 576 bytes" in net.summary()


def test_check_gradients_is_not_misled_by_kinks_beside_the_points():
    iris = gn.datasets.iris()
    X = (iris.X - iris.X.mean(axis=0)) / iris.X.std(axis=0)
    net = gn.Network([gn.Dense(64, activation="relu"), gn.Dense(64, activation="relu"), gn.Dense(3)], seed=0)
    net.fit(X, iris.y, loss="softmax_cross_entropy", epochs=20)
    for seed in range(3):
        assert gn.check_gradients(net, X, iris.y, "softmax_cross_entropy", seed=seed).passed


def test_check_gradients_is_not_misled_by_several_kinks_within_one_step():
    X, y = gn.datasets.digits()
    small = gn.initializers.Normal(0.01)
    layers = [gn.Dense(units, activation="relu", initializer=small) for units in (20, 7, 5)]
    for seed in range(3):
        net = gn.Network([*layers, gn.Dense(10, initializer=small)], seed=seed)
        assert gn.check_gradients(net, X[:16], y[:16], "softmax_cross_entropy").passed
    beside = gn.Network([gn.Dense(1, activation="relu", initializer="zeros")], seed=0, dtype="float64").build(
        1
    )
    beside.parameters["dense1.bias"] = [1e-6]
    assert gn.check_gradients(beside, np.ones((1, 1)), np.ones((1, 1)), "mse").passed
