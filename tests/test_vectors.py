"""The reference figures of hand-written notebooks, met to 1e-12 in float64.

In the files columns are examples, W is (outputs, inputs) and b (outputs, 1); here all is transposed.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn

FOLDER = Path(__file__).parent / "vectors"
EXACT = {"rtol": 1e-12, "atol": 1e-12}


def read(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def turned(rows):
    return np.array(rows).T


def test_categorical_cross_entropy():
    given = read("categorical_cross_entropy")
    value, _ = gn.CategoricalCrossEntropy().value_and_gradient(
        turned(given["probabilities"]), turned(given["one_hot"])
    )
    np.testing.assert_allclose(value, given["mean_loss"], **EXACT)


@pytest.mark.parametrize("activation", ["linear", "relu", "softmax"])
def test_one_dense_layer_forward(activation):
    given = read("dense_layer_step")["forward"]
    net = gn.Network([gn.Dense(4, activation=activation)], seed=0, dtype="float64").build(3)
    net.parameters["dense1.weight"] = turned(given["W"])
    net.parameters["dense1.bias"] = turned(given["b"])[0]
    expected = turned(given[{"linear": "Z"}.get(activation, activation)])
    np.testing.assert_allclose(net.forward(turned(given["A_prev"])), expected, **EXACT)


def injected(activation, inputs, weight, bias, below=False):
    """A network whose last dense layer has these values; `below`: over an identity layer that learns."""
    identity = [gn.Dense(inputs.shape[1])] if below else []
    net = gn.Network([*identity, gn.Dense(len(bias), activation=activation)], seed=0, dtype="float64")
    net.build(inputs.shape[1])
    if below:
        net.parameters["dense1.weight"] = np.eye(inputs.shape[1])
    last = net.layer_names[-1]
    net.parameters[f"{last}.weight"], net.parameters[f"{last}.bias"] = weight, bias
    return net, last


@pytest.mark.parametrize(("activation", "above", "suffix"), [("linear", "dZ", ""), ("relu", "dA", "_relu")])
def test_one_dense_layer_backward(activation, above, suffix):
    vectors = read("dense_layer_step")
    forward, backward = vectors["forward"], vectors["backward"]
    inputs, weight = turned(forward["A_prev"]), turned(forward["W"])
    gradient = turned(backward[above])
    n = len(inputs)
    net, last = injected(activation, inputs, weight, turned(forward["b"])[0], below=True)
    net.forward(inputs, training=True)
    net.backward(gradient / n)  # the notebooks divide dW and db by n, we divide in the loss
    np.testing.assert_allclose(net.gradients[f"{last}.weight"], turned(backward[f"dW{suffix}"]), **EXACT)
    np.testing.assert_allclose(net.gradients[f"{last}.bias"], turned(backward[f"db{suffix}"])[0], **EXACT)
    # The layer below is the identity: its bias gradient sums dA_prev over the rows.
    expected = turned(backward[f"dA_prev{suffix}"])
    np.testing.assert_allclose(net.gradients["dense1.bias"] * n, expected.sum(0), **EXACT)
    np.testing.assert_allclose(net.gradients["dense1.weight"] * n, inputs.T @ expected, **EXACT)


@pytest.mark.parametrize("form", ["fused by fit", "logits by hand", "softmax Jacobian by hand"])
def test_two_hidden_layers_one_step(form):
    given = read("two_hidden_layers_one_step")
    X, Y = turned(given["X"]), turned(given["Y"])
    last = gn.Dense(4) if form == "logits by hand" else gn.Dense(4, activation="softmax")
    net = gn.Network(
        [gn.Dense(10, activation="relu"), gn.Dense(10, activation="relu"), last], seed=0, dtype="float64"
    )
    net.build(5)
    for i in (1, 2, 3):
        net.parameters[f"dense{i}.weight"] = turned(given["parameters"][f"W{i}"])
        net.parameters[f"dense{i}.bias"] = turned(given["parameters"][f"b{i}"])[0]
    if form == "fused by fit":
        np.testing.assert_allclose(net.predict(X), turned(given["output"]), **EXACT)
        optimizer = gn.SGD(given["learning_rate"])
        net.fit(X, Y, loss=gn.CategoricalCrossEntropy(), optimizer=optimizer, epochs=1, batch_size=None)
    else:
        loss = gn.SoftmaxCrossEntropy() if form == "logits by hand" else gn.CategoricalCrossEntropy()
        outputs = net.forward(X, training=True)
        if form != "logits by hand":
            np.testing.assert_allclose(outputs, turned(given["output"]), **EXACT)
        _, gradient = loss.value_and_gradient(outputs, Y)
        net.backward(gradient)
        optimizer = gn.SGD(given["learning_rate"])
        parameters = net.parameters
        optimizer.update(parameters.values, parameters.gradients, optimizer.create_state(parameters.values))
    for i in (1, 2, 3):
        for ours, theirs in ((f"dense{i}.weight", f"W{i}"), (f"dense{i}.bias", f"b{i}")):
            shape = net.parameters[ours].shape
            gradient = turned(given["gradients"][theirs]).reshape(shape)
            np.testing.assert_allclose(net.gradients[ours], gradient, **EXACT)
            np.testing.assert_allclose(
                net.parameters[ours], turned(given["updated"][theirs]).reshape(shape), **EXACT
            )


def test_normal_initialiser():
    given = read("normal_initialiser")
    old = np.random.RandomState(given["seed"])
    draw = gn.initializers.Normal(given["scale"])
    drawn = {}
    for i, (inputs, outputs) in enumerate(zip(given["layers"][:-1], given["layers"][1:], strict=True), 1):
        drawn[f"W{i}"] = draw((outputs, inputs), old)
    np.testing.assert_allclose(drawn["W1"][0, :5], given["W1_first_row_first_5"], **EXACT)
    net = gn.Network([gn.Dense(units) for units in given["layers"][1:]], seed=0, dtype="float64").build(784)
    for name, shape in given["shapes"].items():
        view = net.parameters[f"dense{name[1]}.{'weight' if name[0] == 'W' else 'bias'}"]
        assert view.shape == (tuple(reversed(shape)) if name[0] == "W" else (shape[0],))
