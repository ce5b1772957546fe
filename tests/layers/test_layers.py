"""Every layer: gradients against differences, values by hand, extremes, configs."""

import json

import numpy as np
import pytest

import glassnet as gn
from glassnet import layers
from glassnet.registry import from_config

# Every layer in every mode; each sits between two dense layers of a network that is checked.
CASES = {
    "dense": gn.Dense(5, activation="tanh"),
    "dense_no_bias": gn.Dense(5, activation="gelu", bias=False),
    "dense_penalties": gn.Dense(5, activation="silu", l1=0.01, l2=0.1),
    "activation": gn.Activation("mish"),
    "activation_softmax": gn.Activation("softmax"),
    "batchnorm": gn.BatchNorm(),
    "layernorm": gn.LayerNorm(),
    "dropout": gn.Dropout(0.4),
    "residual": gn.Residual([gn.Dense(6, activation="tanh"), gn.Dense(4)]),
    "residual_projected": gn.Residual([gn.Dense(6, activation="softplus", l2=0.1), gn.BatchNorm()]),
    "residual_plain": gn.Residual([gn.Activation("tanh"), gn.Dropout(0.3)]),
    "residual_nested": gn.Residual([gn.LayerNorm(), gn.Residual([gn.Dense(4, activation="elu")])]),
}
CASES |= {f"dense_{name}": gn.Dense(5, activation=name) for name in gn.activations.BY_NAME}


def test_every_registered_layer_is_tested_here():
    assert {type(layer) for layer in CASES.values()} == set(layers.BY_NAME.values())


def data(n=9, width=3, n_classes=3):
    generator = np.random.default_rng(0)
    return generator.normal(size=(n, width)), generator.integers(0, n_classes, n)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_gradients_against_central_differences(name, training):
    X, y = data()
    net = gn.Network([gn.Dense(4, activation="tanh"), CASES[name], gn.Dense(3)], seed=3, dtype="float64")
    report = gn.check_gradients(net, X, y, gn.SoftmaxCrossEntropy(), training=training)
    assert report.passed, str(report)
    assert all(error.checked > 0 for error in report.parameters.values())


@pytest.mark.parametrize("name", CASES)
def test_gradients_as_the_first_and_only_layer(name):
    X, y = data(width=4)
    net = gn.Network([CASES[name], gn.Dense(3)], seed=3, dtype="float64")
    assert gn.check_gradients(net, X, y, gn.SoftmaxCrossEntropy()).passed


@pytest.mark.parametrize("name", CASES)
def test_config_round_trip(name):
    layer = CASES[name]
    assert from_config("layer", json.loads(json.dumps(layer.config()))) == layer


@pytest.mark.parametrize("name", CASES)
def test_float32_one_row_and_large_inputs_stay_finite(name):
    net = gn.Network([CASES[name], gn.Dense(2)], seed=0).build(4)
    for X in (np.ones((1, 4)), np.full((3, 4), 1e4), np.full((3, 4), -1e4)):
        outputs = net.forward(X, training=True)
        net.backward(np.ones_like(outputs))
        assert outputs.dtype == np.float32
        assert np.isfinite(outputs).all()
        assert np.isfinite(net.parameters.gradients).all()
        assert np.isfinite(net.predict(X)).all()


def test_dense_by_hand():
    net = gn.Network([gn.Dense(2, activation="relu")], seed=0, dtype="float64").build(2)
    net.parameters["dense1.weight"] = [[1.0, -2.0], [3.0, 4.0]]
    net.parameters["dense1.bias"] = [0.5, -10.0]
    outputs = net.forward([[1.0, 2.0]], training=True)  # z = [1 + 6 + 0.5, -2 + 8 - 10]
    np.testing.assert_array_equal(outputs, [[7.5, 0.0]])
    net.backward([[2.0, 3.0]])
    np.testing.assert_array_equal(net.gradients["dense1.weight"], [[2.0, 0.0], [4.0, 0.0]])
    np.testing.assert_array_equal(net.gradients["dense1.bias"], [2.0, 0.0])


def test_default_initializer_follows_the_activation():
    def deviation(activation):
        net = gn.Network([gn.Dense(400, activation=activation)], seed=0).build(100)
        return float(net.parameters["dense1.weight"].std())

    assert deviation("relu") == pytest.approx(np.sqrt(2 / 100), rel=0.02)
    assert deviation("selu") == pytest.approx(np.sqrt(1 / 100), rel=0.02)
    assert deviation("tanh") == pytest.approx(np.sqrt(2 / 500), rel=0.02)
    assert deviation("softmax") == pytest.approx(np.sqrt(2 / 500), rel=0.02)


def test_penalties_by_hand():
    net = gn.Network([gn.Dense(2, l1=0.1, l2=0.5)], seed=0, dtype="float64").build(1)
    net.parameters["dense1.weight"] = [[2.0, -3.0]]
    X, y = np.zeros((4, 1)), np.zeros((4, 2))
    # The data loss is 0, so what is left is 0.1 * 5 + 0.25 * 13.
    assert net.evaluate(X, y, loss="mse")["loss"] == pytest.approx(3.75)
    net.backward(np.zeros_like(net.forward(X)))
    np.testing.assert_allclose(net.gradients["dense1.weight"], [[0.1 + 1.0, -0.1 - 1.5]])


def test_max_norm_holds_after_training_and_leaves_small_columns_alone():
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(64, 5)), generator.normal(size=(64, 8)) * 20
    net = gn.Network([gn.Dense(8, max_norm=0.7)], seed=0)
    net.fit(X, y, loss="mse", optimizer=gn.SGD(0.5), epochs=3)
    norms = np.linalg.norm(net.parameters["dense1.weight"], axis=0)
    assert (norms <= 0.7 + 1e-6).all()
    assert norms.max() == pytest.approx(0.7, rel=1e-5)


def test_batchnorm_in_training_equals_its_formula_and_moves_the_running_statistics():
    X = np.random.default_rng(0).normal(3, 2, size=(10, 4))
    layer = gn.BatchNorm(momentum=0.8, epsilon=1e-3)
    net = gn.Network([layer], seed=0, dtype="float64").build(4)
    net.parameters["batchnorm1.scale"] = [1.0, 2.0, 3.0, 4.0]
    net.parameters["batchnorm1.shift"] = [0.0, 1.0, 0.0, -1.0]
    expected = (X - X.mean(0)) / np.sqrt(X.var(0) + 1e-3) * [1, 2, 3, 4] + [0, 1, 0, -1]
    np.testing.assert_allclose(net.forward(X, training=True), expected, rtol=1e-12)
    statistics = net.parameters.statistics
    np.testing.assert_allclose(statistics["batchnorm1.mean"], 0.2 * X.mean(0), rtol=1e-12)
    np.testing.assert_allclose(statistics["batchnorm1.variance"], 0.8 + 0.2 * X.var(0, ddof=1), rtol=1e-12)


def test_batchnorm_in_prediction_uses_only_running_statistics():
    net = gn.Network([gn.BatchNorm(epsilon=1e-3)], seed=0, dtype="float64").build(2)
    net.parameters.statistics["batchnorm1.mean"] = [1.0, -1.0]
    net.parameters.statistics["batchnorm1.variance"] = [4.0, 9.0]
    X = np.array([[5.0, 5.0], [7.0, 8.0]])
    expected = (X - [1, -1]) / np.sqrt(np.array([4, 9]) + 1e-3)
    np.testing.assert_allclose(net.predict(X), expected, rtol=1e-12)
    np.testing.assert_allclose(net.predict(X[:1]), expected[:1], rtol=1e-12)
    np.testing.assert_array_equal(net.parameters.statistics["batchnorm1.mean"], [1.0, -1.0])


def test_batchnorm_of_one_row_gives_the_shift_and_keeps_the_running_variance():
    net = gn.Network([gn.BatchNorm()], seed=0, dtype="float64").build(2)
    net.parameters["batchnorm1.shift"] = [0.5, -2.0]
    np.testing.assert_array_equal(net.forward([[3.0, 4.0]], training=True), [[0.5, -2.0]])
    np.testing.assert_array_equal(net.parameters.statistics["batchnorm1.variance"], [1.0, 1.0])
    np.testing.assert_allclose(net.parameters.statistics["batchnorm1.mean"], [0.3, 0.4])
    net.backward([[1.0, 1.0]])
    np.testing.assert_array_equal(net.gradients["batchnorm1.scale"], [0.0, 0.0])


def test_layernorm_equals_its_formula():
    X = np.random.default_rng(0).normal(size=(5, 6))
    net = gn.Network([gn.LayerNorm(epsilon=1e-4)], seed=0, dtype="float64").build(6)
    expected = (X - X.mean(1, keepdims=True)) / np.sqrt(X.var(1, keepdims=True) + 1e-4)
    np.testing.assert_allclose(net.predict(X), expected, rtol=1e-12)
    np.testing.assert_allclose(net.forward(X, training=True), expected, rtol=1e-12)


def test_dropout_keeps_the_mean_and_scales_what_it_keeps():
    net = gn.Network([gn.Dropout(0.25)], seed=1, dtype="float64").build(50)
    X = np.ones((2000, 50))
    outputs = net.forward(X, training=True)
    kept = outputs != 0
    np.testing.assert_allclose(outputs[kept], 1 / 0.75)
    # 100,000 draws: the share kept has standard deviation sqrt(0.25 * 0.75 / 1e5) = 0.0014
    assert kept.mean() == pytest.approx(0.75, abs=0.007)
    np.testing.assert_array_equal(net.predict(X), X)
    np.testing.assert_array_equal(net.forward(X), X)


def test_dropout_of_rate_zero_draws_nothing():
    net = gn.Network([gn.Dropout(0.0)], seed=1).build(3)
    before = net.generators["dropout"].bit_generator.state
    net.forward(np.ones((2, 3)), training=True)
    assert net.generators["dropout"].bit_generator.state == before


def test_residual_by_hand():
    net = gn.Network([gn.Residual([gn.Dense(2)])], seed=0, dtype="float64").build(2)
    net.parameters["residual1.dense1.weight"] = [[1.0, 0.0], [0.0, 2.0]]
    np.testing.assert_array_equal(net.predict([[3.0, 4.0]]), [[6.0, 12.0]])
    wide = gn.Network([gn.Residual([gn.Dense(3)])], seed=0).build(2)
    assert wide.parameters["residual1.projection"].shape == (2, 3)
    assert list(wide.parameters) == [
        "residual1.projection",
        "residual1.dense1.weight",
        "residual1.dense1.bias",
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gn.Dense(0), r"Dense units must lie in \[1, inf\), got 0"),
        (lambda: gn.Dense(2.5), r"Dense units must be an integer in \[1, inf\), got 2.5"),
        (lambda: gn.Dense("8"), r"Dense units must be an integer in \[1, inf\), got '8'"),
        (lambda: gn.Dense(3, l2=-1), r"Dense l2 must lie in \[0, inf\), got -1"),
        (lambda: gn.Dense(3, l2=float("nan")), r"Dense l2 must lie in \[0, inf\), got nan"),
        (lambda: gn.Dense(3, bias=1), "Dense bias must be True or False, got 1"),
        (lambda: gn.Dense(3, max_norm=0), r"Dense max_norm must lie in \(0, inf\), got 0"),
        (lambda: gn.Dropout(1.5), r"Dropout rate must lie in \[0, 1\), got 1.5"),
        (lambda: gn.Dropout(1), r"Dropout rate must lie in \[0, 1\), got 1"),
        (lambda: gn.BatchNorm(epsilon=0), r"BatchNorm epsilon must lie in \[1e-30, inf\), got 0"),
        (lambda: gn.BatchNorm(momentum=1.0), r"BatchNorm momentum must lie in \[0, 1\), got 1.0"),
        (lambda: gn.Residual([]), "Residual layers must hold at least one layer"),
        (lambda: gn.Residual(gn.Dense(3)), "Residual layers must be a list"),
        (lambda: gn.Residual([3]), r"Residual layers\[0\] must be a Layer or one of"),
    ],
)
def test_bad_hyperparameters(make, message):
    with pytest.raises(gn.HyperparameterError, match=message):
        make()
