"""Batches and weights, over random networks: a loss is a weighted mean over rows, and so is its gradient.

Networks with BatchNorm or Dropout take part in prediction mode; in training mode their rows do not
stand for themselves.
"""

import numpy as np
import pytest
from drawn import (
    LAYERS,
    LOSSES,
    MIXES_ROWS,
    assert_close,
    batch,
    drawn_targets,
    few,
    networks,
    problems,
    value_and_gradients,
)
from hypothesis import given
from hypothesis import strategies as st

import glassnet as gn


def every_pair(test):
    """Run the test for every loss above every layer."""
    name = {"ids": lambda cls: cls.__name__}
    for_layers = pytest.mark.parametrize("layer_class", LAYERS, **name)
    return pytest.mark.parametrize("loss_class", LOSSES, **name)(for_layers(test))


def drawn(data, loss_class, layer_class, low=2):
    """A loss, a network that holds such a layer, rows, targets, and whether to pass in training mode."""
    training = layer_class not in MIXES_ROWS and data.draw(st.booleans())
    problem = data.draw(problems(loss_class))
    X = batch(data.draw, 3, low)
    net = data.draw(networks(3, problem.n_outputs, problem.final, must=layer_class, rowwise=training))
    return problem.loss, net, X, drawn_targets(data.draw, problem, len(X)), training


def weights_for(data, n):
    return np.array(data.draw(st.lists(st.floats(0.1, 10), min_size=n, max_size=n)))


@every_pair
@given(data=st.data())
@few(4)
def test_a_batch_split_in_two_averages_to_the_whole(data, loss_class, layer_class):
    loss, net, X, y, training = drawn(data, loss_class, layer_class)
    weights = weights_for(data, len(X)) if data.draw(st.booleans()) else None
    counted = np.ones(len(X)) if weights is None else weights
    cut = data.draw(st.integers(1, len(X) - 1))
    value, gradients = value_and_gradients(net, loss, X, y, weights, training)
    value_of_parts, gradients_of_parts = 0.0, np.zeros_like(gradients)
    for part in (slice(0, cut), slice(cut, None)):
        share = counted[part].sum() / counted.sum()
        weights_here = None if weights is None else weights[part]
        one = value_and_gradients(net, loss, X[part], y[part], weights_here, training)
        value_of_parts += share * one[0]
        gradients_of_parts += share * one[1]
    assert_close(value_of_parts, value)
    assert_close(gradients_of_parts, gradients)


@every_pair
@given(data=st.data())
@few(4)
def test_rows_of_weight_zero_are_rows_left_out(data, loss_class, layer_class):
    loss, net, X, y, training = drawn(data, loss_class, layer_class)
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=len(X), max_size=len(X))))
    keep[data.draw(st.integers(0, len(X) - 1))] = True
    weights = weights_for(data, len(X)) * keep
    value, gradients = value_and_gradients(net, loss, X, y, weights, training)
    kept, kept_gradients = value_and_gradients(net, loss, X[keep], y[keep], weights[keep], training)
    assert_close(value, kept)
    assert_close(gradients, kept_gradients)


@every_pair
@given(data=st.data())
@few(4)
def test_integer_weights_are_rows_repeated(data, loss_class, layer_class):
    loss, net, X, y, training = drawn(data, loss_class, layer_class, low=1)
    times = np.array(data.draw(st.lists(st.integers(1, 5), min_size=len(X), max_size=len(X))))
    value, gradients = value_and_gradients(net, loss, X, y, times, training)
    repeated = np.repeat(np.arange(len(X)), times)
    value_repeated, gradients_repeated = value_and_gradients(
        net, loss, X[repeated], y[repeated], None, training
    )
    assert_close(value, value_repeated)
    assert_close(gradients, gradients_repeated)


@every_pair
@given(data=st.data())
@few(4)
def test_a_permutation_of_the_rows_permutes_the_outputs_and_leaves_the_gradients(
    data, loss_class, layer_class
):
    problem = data.draw(problems(loss_class))
    X = batch(data.draw, 3)
    training = data.draw(st.booleans()) and layer_class is not gn.Dropout
    # BatchNorm takes part in training mode too: its statistics do not depend on the order.
    net = data.draw(
        networks(
            3,
            problem.n_outputs,
            problem.final,
            must=layer_class,
            rowwise=training and layer_class is not gn.BatchNorm,
        )
    )
    if training and "Dropout" in repr(net):
        training = False
    y = drawn_targets(data.draw, problem, len(X))
    order = np.array(data.draw(st.permutations(range(len(X)))))
    weights = weights_for(data, len(X))
    outputs, permuted = net.forward(X, training=training), net.forward(X[order], training=training)
    assert_close(permuted, outputs[order])
    value, gradients = value_and_gradients(net, problem.loss, X, y, weights, training)
    other, other_gradients = value_and_gradients(
        net, problem.loss, X[order], y[order], weights[order], training
    )
    assert_close(other, value)
    assert_close(other_gradients, gradients)
