"""Every activation: values by hand, exact derivatives, extremes."""

import math

import numpy as np
import pytest

import glassnet as gn
from glassnet import activations
from glassnet.buffers import Buffers

OBJECTS = {
    "linear": gn.Linear(),
    "relu": gn.ReLU(),
    "leaky_relu": gn.LeakyReLU(0.2),
    "elu": gn.ELU(1.5),
    "selu": gn.SELU(),
    "gelu": gn.GELU(),
    "silu": gn.SiLU(),
    "mish": gn.Mish(),
    "softplus": gn.Softplus(),
    "sigmoid": gn.Sigmoid(),
    "tanh": gn.Tanh(),
    "softmax": gn.Softmax(),
}

# The value at z = 1.5 and z = -0.5, from the formulas with math alone.
BY_HAND = {
    "linear": lambda z: z,
    "relu": lambda z: max(z, 0.0),
    "leaky_relu": lambda z: z if z > 0 else 0.2 * z,
    "elu": lambda z: z if z > 0 else 1.5 * (math.exp(z) - 1),
    "selu": lambda z: 1.0507009873554805 * (z if z > 0 else 1.6732632423543772 * (math.exp(z) - 1)),
    "gelu": lambda z: z * 0.5 * (1 + math.erf(z / math.sqrt(2))),
    "silu": lambda z: z / (1 + math.exp(-z)),
    "mish": lambda z: z * math.tanh(math.log(1 + math.exp(z))),
    "softplus": lambda z: math.log(1 + math.exp(z)),
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": math.tanh,
}


def test_every_registered_activation_is_tested_here():
    assert set(OBJECTS) == set(activations.BY_NAME)
    assert set(BY_HAND) | {"softmax"} == set(OBJECTS)


@pytest.mark.parametrize("name", BY_HAND)
def test_values_by_hand(name):
    z = [1.5, -0.5, 0.25, -3.0]
    np.testing.assert_allclose(OBJECTS[name]([z])[0], [BY_HAND[name](v) for v in z], rtol=1e-14)


def test_softmax_by_hand():
    e = [math.exp(v) for v in (1.0, 2.0, 3.0)]
    np.testing.assert_allclose(gn.Softmax()([[1.0, 2.0, 3.0]])[0], [v / sum(e) for v in e], rtol=1e-14)


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("in_place", [False, True])
def test_derivative_against_central_differences(name, in_place):
    f = OBJECTS[name]
    generator = np.random.default_rng(1)
    z = generator.normal(size=(7, 5)) * 3
    g = generator.normal(size=z.shape)
    a, buffers = np.empty_like(z), Buffers("float64")
    f.forward(z, a, buffers)
    out = g.copy() if in_place else np.empty_like(z)
    f.backward(out if in_place else g, z, a, out, buffers)
    h = 1e-6
    numeric = np.empty_like(z)
    for i in np.ndindex(z.shape):
        above, below = z.copy(), z.copy()
        above[i] += h
        below[i] -= h
        numeric[i] = ((f(above) - f(below)) * g).sum() / (2 * h)
    np.testing.assert_allclose(out, numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", [n for n, f in OBJECTS.items() if f.from_output])
def test_forward_may_overwrite_its_input(name):
    f, z = OBJECTS[name], np.linspace(-4, 4, 12).reshape(3, 4)
    expected = f(z)
    f.forward(z, z, Buffers("float64"))
    np.testing.assert_array_equal(z, expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OBJECTS)
def test_finite_at_ten_thousand(name, dtype):
    f = OBJECTS[name]
    z = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4], [1e4, 1e4, 1e4], [88.0, -104.0, 720.0]], dtype)
    a, out, buffers = np.empty_like(z), np.empty_like(z), Buffers(dtype)
    f.forward(z, a, buffers)
    f.backward(np.ones_like(z), z, a, out, buffers)
    assert a.dtype == out.dtype == np.dtype(dtype)
    assert np.isfinite(a).all()
    assert np.isfinite(out).all()
    if name not in ("sigmoid", "tanh", "softmax"):
        assert a[0, 0] == pytest.approx(1e4 * (gn.SELU.SCALE if name == "selu" else 1))
    assert abs(out[0, 2]) <= 1.8  # the derivative at 0 of all of these


@pytest.mark.parametrize("name", OBJECTS)
def test_nan_passes_through(name):
    assert np.isnan(OBJECTS[name]([[np.nan, 1.0]])).any()


def test_sigmoid_keeps_small_probabilities():
    np.testing.assert_allclose(gn.Sigmoid()([[-30.0]])[0, 0], math.exp(-30) / (1 + math.exp(-30)), rtol=1e-14)


def test_gelu_without_scipy(monkeypatch):
    import sys

    z = np.linspace(-5, 5, 11).reshape(1, -1)
    expected = gn.GELU()(z)
    activations.smooth._normal_cdf.cache_clear()
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    try:
        np.testing.assert_allclose(gn.GELU()(z), expected, rtol=1e-14, atol=1e-16)
    finally:
        activations.smooth._normal_cdf.cache_clear()


def test_unknown_name_lists_the_choices():
    with pytest.raises(
        gn.HyperparameterError, match=r"Unknown activation 'rleu'.*Did you mean 'relu'.*softplus"
    ):
        gn.Dense(3, activation="rleu")
    with pytest.raises(gn.HyperparameterError, match=r"write ReLU\(\), with parentheses"):
        gn.Dense(3, activation=gn.ReLU)
    with pytest.raises(
        gn.HyperparameterError, match="Dense activation must be an ActivationFunction or one of"
    ):
        gn.Dense(3, activation=3)


def test_slope_range():
    with pytest.raises(gn.HyperparameterError, match=r"LeakyReLU slope must lie in \[0, 1\), got 1\.5"):
        gn.LeakyReLU(1.5)


def test_a_subclass_with_a_backward_of_its_own_is_asked():
    class Halved(gn.ReLU):
        def backward(self, gradient, z, a, out, buffers):
            np.multiply(gradient, 0.5 * (a > 0), out=out)

    class Shifted(gn.ReLU):
        def forward(self, z, out, buffers):
            np.maximum(z, 1, out=out)

    whole, halved, shifted = (
        gn.Network([gn.Dense(4, activation=a)], seed=0, dtype="float64").build(3)
        for a in (gn.ReLU(), Halved(), Shifted())
    )
    X = np.random.default_rng(0).normal(size=(5, 3))
    for network in (whole, halved):
        network.backward(np.ones_like(network.forward(X, training=True)))
    np.testing.assert_allclose(halved.gradients.flat, 0.5 * whole.gradients.flat, rtol=1e-12)
    assert halved.gradients["dense1.bias"].any()
    np.testing.assert_array_equal(
        shifted.predict(X), np.maximum(whole.parameters["dense1.weight"].T @ X.T, 1).T
    )
