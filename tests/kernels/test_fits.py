"""Whole fits: with compiled kernels the losses are NumPy's to rounding, the predictions to the last bit."""

import numpy as np
import pytest

import glassnet as gn
from glassnet.optimizers import ALIASES, BY_NAME, LBFGS, SGD, RMSprop

pytest.importorskip("numba", reason="compiled kernels need numba (the extra fast)")

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(83, 5)) + 3
LABELS = GENERATOR.integers(0, 3, 83)
NUMBERS = GENERATOR.normal(size=(83, 2))

OPTIMIZERS = {name: cls() for name, cls in BY_NAME.items() if cls is not LBFGS}
OPTIMIZERS |= {name: make() for name, make in ALIASES.items()}
OPTIMIZERS |= {
    "averaged": SGD(0.1, momentum=0.9, averaged=True),
    "rmsprop, all options": RMSprop(0.01, momentum=0.9, centered=True, epsilon=1e-4),
    "adam, decay and clipping": gn.Adam(0.01, weight_decay=0.1, clip_norm=0.5, clip_value=0.2),
}


def mixed(activation):
    """Layers of every kind. A bias before BatchNorm has no gradient but rounding, which Lion would follow."""
    return [
        gn.Dense(6, bias=False),
        gn.BatchNorm(),
        gn.Residual([gn.Dense(6, activation=activation), gn.LayerNorm(), gn.Dropout(0.2)]),
        gn.Activation(activation),
        gn.Dropout(0.3),
        gn.LayerNorm(),
    ]


def both(choose, layers, y, dtype="float64", **options):
    """Fit with either choice; return the two losses by epoch and the two networks."""
    losses, nets = [], []
    for choice in ("numpy", "numba"):
        choose(choice)
        net = gn.Network(layers, seed=3, dtype=dtype)
        history = net.fit(X, y, epochs=4, batch_size=16, validation_data=(X[:20], y[:20]), **options)
        losses.append([*history["loss"], *history["val_loss"]])
        nets.append(net)
    return losses, nets


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_every_optimizer(choose, optimizer):
    layers = [*mixed("relu"), gn.Dense(3)]
    (expected, actual), _ = both(choose, layers, LABELS, loss="softmax_cross_entropy", optimizer=optimizer)
    np.testing.assert_allclose(actual, expected, rtol=1e-9)


@pytest.mark.parametrize("activation", ["leaky_relu", "elu", "selu", "sigmoid", "tanh", "gelu"])
def test_activations(choose, activation):
    layers = [*mixed(activation), gn.Dense(2)]
    (expected, actual), _ = both(choose, layers, NUMBERS, loss="mse", optimizer="adam")
    np.testing.assert_allclose(actual, expected, rtol=1e-9)


def test_weighted_labels_of_two_classes(choose):
    layers, weights = [*mixed("relu"), gn.Dense(1)], np.linspace(0.1, 2, 83)
    options = {"loss": "sigmoid_cross_entropy", "optimizer": "adam", "sample_weight": weights}
    (expected, actual), _ = both(choose, layers, LABELS > 1, **options)
    np.testing.assert_allclose(actual, expected, rtol=1e-9)


def test_float32(choose):
    layers = [*mixed("tanh"), gn.Dense(3)]
    options = {"loss": "softmax_cross_entropy", "optimizer": "adam", "dtype": "float32"}
    (expected, actual), _ = both(choose, layers, LABELS, **options)
    np.testing.assert_allclose(actual, expected, rtol=2e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "sigmoid"])
def test_one_network_predicts_the_same_to_the_last_bit(choose, activation, dtype):
    choose("numpy")
    net = gn.Network([*mixed(activation), gn.Dense(3)], seed=3, dtype=dtype)
    net.fit(X, LABELS, loss="softmax_cross_entropy", optimizer="adam", epochs=2)
    before = net.predict(X)
    choose("numba")
    np.testing.assert_array_equal(net.predict(X), before)


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5])
def test_a_narrow_network_predicts_the_same_to_the_last_bit(choose, width):
    net = gn.Network([gn.Dense(width, activation="relu"), gn.BatchNorm(), gn.Dense(6), gn.Dense(1)], seed=3)
    outputs = []
    for choice in ("numpy", "numba"):
        choose(choice)
        outputs.append(net.build(5).predict(X))
    np.testing.assert_array_equal(*outputs)


def test_the_same_seed_drops_the_same_units(choose):
    outputs = []
    for choice in ("numpy", "numba"):
        choose(choice)
        net = gn.Network([gn.Dropout(0.4)], seed=5).build(5)
        outputs.append(net.forward(X, training=True).copy())
    assert (outputs[0] == 0).any()
    np.testing.assert_array_equal(*outputs)
