"""Softmax, dropout and batch normalisation as functions, on random rows and inside random networks."""

import numpy as np
import pytest
from drawn import assert_close, few, networks
from hypothesis import given
from hypothesis import strategies as st

import glassnet as gn
from glassnet.losses import SoftmaxKullbackLeibler


def generator(data):
    return np.random.default_rng(data.draw(st.integers(0, 2**32)))


# -- softmax ---------------------------------------------------------------------------------------


@given(data=st.data(), rows=st.integers(1, 40), classes=st.integers(2, 40), spread=st.floats(0, 50))
@few(60)
def test_a_shift_of_the_logits_changes_no_softmax(data, rows, classes, spread):
    rng = generator(data)
    z = rng.normal(size=(rows, classes)) * spread
    shifts = rng.uniform(-1e4, 1e4, (rows, 1))  # e^shift would overflow; z + shift loses some digits
    np.testing.assert_allclose(gn.Softmax()(z + shifts), gn.Softmax()(z), rtol=1e-9, atol=1e-12)
    labels, targets = rng.integers(0, classes, rows), rng.dirichlet(np.ones(classes), rows)
    smoothing = data.draw(st.floats(0, 0.9))
    for loss, y in (
        (gn.SoftmaxCrossEntropy(label_smoothing=smoothing), labels),
        (gn.SoftmaxCrossEntropy(label_smoothing=smoothing), targets),
        (SoftmaxKullbackLeibler(), targets),
    ):
        value, gradient = loss.value_and_gradient(z, y)
        shifted, shifted_gradient = loss.value_and_gradient(z + shifts, y)
        assert shifted == pytest.approx(value, rel=1e-9, abs=1e-9)
        np.testing.assert_allclose(shifted_gradient, gradient, rtol=1e-9, atol=1e-12)


@given(data=st.data(), shift=st.floats(-1e3, 1e3))
@few(25)
def test_a_shift_of_the_last_bias_changes_no_prediction(data, shift):
    net = data.draw(networks(3, 4, "softmax"))
    X = generator(data).normal(size=(6, 3))
    before = net.predict(X)
    net.parameters[f"{net.layer_names[-1]}.bias"] += shift
    np.testing.assert_allclose(net.predict(X), before, rtol=1e-9, atol=1e-12)


# -- dropout ---------------------------------------------------------------------------------------


# None that drops one unit in a million: 4000 rows would not show it.
RATES = st.one_of(st.just(0.0), st.floats(0.05, 0.8))


@st.composite
def linear_layers(draw, width, depth=2):
    """Layers that are linear but for their dropout, so that the mean goes through them."""
    options = [
        st.builds(gn.Dense, st.just(width), bias=st.booleans()),
        RATES.map(gn.Dropout),
    ]
    if depth:
        options.append(linear_layers(width, depth - 1).map(gn.Residual))
    return draw(st.lists(st.one_of(options), min_size=1, max_size=3))


@given(data=st.data(), rate=RATES, seed=st.integers(0, 2**32))
@few(30)
def test_dropout_keeps_the_mean_of_every_output(data, rate, seed):
    layers = data.draw(linear_layers(3))
    net = gn.Network([gn.Dropout(rate), *layers], seed=seed, dtype="float64").build(3)
    net.parameters.values += generator(data).normal(0, 0.3, net.parameters.values.size)
    row = generator(data).uniform(0.5, 2, size=(1, 3))
    n = 4000
    outputs = net.forward(np.repeat(row, n, axis=0), training=True)  # every row draws a mask of its own
    uncertainty = outputs.std(axis=0) / np.sqrt(n)
    off = np.abs(outputs.mean(axis=0) - net.predict(row)[0])
    assert (off <= 6 * uncertainty + 1e-12).all()
    if rate:
        assert (outputs != outputs[0]).any()


# -- batch normalisation ---------------------------------------------------------------------------


def batch_norm(data, width):
    """A network of one BatchNorm with random values everywhere."""
    layer = gn.BatchNorm(
        momentum=data.draw(st.floats(0, 0.99)), epsilon=data.draw(st.floats(1e-8, 10, exclude_min=True))
    )
    net = gn.Network([layer], seed=0, dtype="float64").build(width)
    rng = generator(data)
    net.parameters.values[...] = rng.normal(size=2 * width)
    net.parameters.statistics["batchnorm1.mean"] = rng.normal(size=width)
    net.parameters.statistics["batchnorm1.variance"] = rng.uniform(0, 3, width)
    return layer, net, rng


@given(data=st.data(), width=st.integers(1, 6), batches=st.integers(1, 4))
@few(40)
def test_batch_norm_in_training_equals_its_formula(data, width, batches):
    layer, net, rng = batch_norm(data, width)
    scale, shift = net.parameters["batchnorm1.scale"].copy(), net.parameters["batchnorm1.shift"].copy()
    mean, variance = (net.parameters.statistics[f"batchnorm1.{name}"].copy() for name in ("mean", "variance"))
    for _ in range(batches):
        n = data.draw(st.integers(2, 12))
        X = rng.normal(rng.uniform(-5, 5), rng.uniform(0.1, 5), (n, width))
        expected = scale * (X - X.mean(0)) / np.sqrt(X.var(0) + layer.epsilon) + shift
        outputs = net.forward(X, training=True)
        np.testing.assert_allclose(outputs, expected, rtol=1e-9, atol=1e-9)
        # Whatever went in, what comes out has the mean `shift` and at most the spread `scale`.
        np.testing.assert_allclose(outputs.mean(0), shift, atol=1e-9)
        assert (outputs.std(0) <= np.abs(scale) * (1 + 1e-9)).all()
        keep = layer.momentum
        mean = keep * mean + (1 - keep) * X.mean(0)
        variance = keep * variance + (1 - keep) * X.var(0, ddof=1)
        statistics = net.parameters.statistics
        np.testing.assert_allclose(statistics["batchnorm1.mean"], mean, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(statistics["batchnorm1.variance"], variance, rtol=1e-9)


@given(data=st.data(), width=st.integers(1, 6), n=st.integers(1, 30))
@few(40)
def test_batch_norm_in_prediction_uses_only_running_statistics(data, width, n):
    layer, net, rng = batch_norm(data, width)
    statistics = net.parameters.statistics
    mean, variance = statistics["batchnorm1.mean"], statistics["batchnorm1.variance"]
    kept = statistics.flat.copy()
    X = rng.normal(3, 5, (n, width))
    factor = net.parameters["batchnorm1.scale"] / np.sqrt(variance + layer.epsilon)
    expected = (X - mean) * factor + net.parameters["batchnorm1.shift"]
    outputs = net.predict(X)
    np.testing.assert_allclose(outputs, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(statistics.flat, kept)
    # A row's prediction does not know what other rows stand beside it.
    np.testing.assert_array_equal(np.concatenate([net.predict(row[None]) for row in X]), outputs)


@given(data=st.data())
@few(25)
def test_no_prediction_moves_the_running_statistics_or_hangs_on_the_batch(data):
    net = data.draw(networks(3, 2, must=gn.BatchNorm))
    X = generator(data).normal(size=(9, 3))
    kept = net.parameters.statistics.flat.copy()
    whole = net.predict(X)
    assert_close(np.concatenate([net.predict(X[:4]), net.predict(X[4:])]), whole)
    net.forward(X)
    np.testing.assert_array_equal(net.parameters.statistics.flat, kept)
    net.forward(X, training=True)
    assert (net.parameters.statistics.flat != kept).any() or "momentum=0.0" in repr(net)
