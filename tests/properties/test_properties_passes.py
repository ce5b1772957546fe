"""Passes over random networks: blocks, the loss's scale, gradients against differences."""

from dataclasses import dataclass

import numpy as np
import pytest
from drawn import (
    KINDS,
    LAYERS,
    LOSSES,
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
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.losses import Loss

BLOCK = 1024
"""Rows that predict takes at a time."""

every_loss = pytest.mark.parametrize("loss_class", LOSSES, ids=lambda cls: cls.__name__)
every_layer = pytest.mark.parametrize("layer_class", LAYERS, ids=lambda cls: cls.__name__)


def test_every_registered_loss_is_drawn():
    assert set(KINDS) == set(LOSSES), "say in drawn.py how a network for the new loss ends"


@every_layer
@given(data=st.data())
@few(6)
def test_prediction_is_the_forward_pass_block_by_block(data, layer_class):
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    net = data.draw(networks(2, 2, must=layer_class, dtype=dtype))
    n = data.draw(st.sampled_from([0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 7]))
    X = np.random.default_rng(data.draw(st.integers(0, 2**32))).normal(size=(n, 2))
    predicted = net.predict(X)
    blocks = [net.forward(X[start : start + BLOCK]) for start in range(0, max(n, 1), BLOCK)]
    np.testing.assert_array_equal(predicted, np.concatenate(blocks))
    assert_close(predicted, net.forward(X), 1e-9 if dtype == "float64" else 1e-3)
    np.testing.assert_array_equal(predicted, net.predict(X))  # nothing is left behind


@dataclass(frozen=True)
class Scaled(Loss):
    """A loss of one's own: another one times a factor."""

    inner: Loss = hyperparameter(kind="loss", positional=True)
    factor: float = hyperparameter(interval=Interval(), positional=True)

    def value_and_gradient(self, outputs, targets, sample_weight=None):
        value, gradient = self.inner.value_and_gradient(outputs, targets, sample_weight)
        return self.factor * value, self.factor * gradient


def without_penalties(net):
    return "l1=0.03" not in repr(net) and "l2=0.03" not in repr(net)


@every_loss
@given(data=st.data(), factor=st.floats(-1e3, 1e3).filter(lambda x: abs(x) > 1e-3))
@few(10)
def test_scaling_the_loss_scales_the_gradients(data, factor, loss_class):
    problem = data.draw(problems(loss_class))
    X = batch(data.draw, 3)
    net = data.draw(networks(3, problem.n_outputs, problem.final).filter(without_penalties))
    y = drawn_targets(data.draw, problem, len(X))
    value, gradients = value_and_gradients(net, problem.loss, X, y)
    scaled, scaled_gradients = value_and_gradients(net, Scaled(problem.loss, factor), X, y)
    assert scaled == pytest.approx(factor * value, rel=1e-14)
    assert_close(scaled_gradients, factor * gradients, 1e-12)


@every_loss
@given(data=st.data(), power=st.integers(-4, 4))
@few(3)
def test_training_on_a_scaled_loss_is_training_at_a_scaled_rate(data, power, loss_class):
    problem = data.draw(problems(loss_class))
    seed = data.draw(st.integers(0, 2**32))
    X = batch(data.draw, 3)
    y = drawn_targets(data.draw, problem, len(X))
    nets = []
    for factor in (1.0, 2.0**power):
        # Neither is fused with the last activation: a loss of one's own never is.
        net = gn.Network(
            [gn.Dense(4, activation="tanh"), gn.Dense(problem.n_outputs, activation=problem.final)],
            seed=seed,
            dtype="float64",
        )
        loss = Scaled(problem.loss, factor)
        net.fit(X, y, loss=loss, optimizer=gn.SGD(0.02 / factor, momentum=0.5), epochs=3, batch_size=4)
        nets.append(net)
    np.testing.assert_array_equal(nets[0].parameters.values, nets[1].parameters.values)


@every_loss
@every_layer
@given(data=st.data())
@few(2)
def test_gradients_are_those_of_the_value(data, loss_class, layer_class):
    problem = data.draw(problems(loss_class))
    X = batch(data.draw, 3, low=3, high=6)
    net = data.draw(networks(3, problem.n_outputs, problem.final, must=layer_class))
    y = drawn_targets(data.draw, problem, len(X))
    training = data.draw(st.booleans())
    report = gn.check_gradients(
        net, X, y, problem.loss, training=training, max_per_parameter=6, tolerance=1e-5
    )
    assert report.passed, f"{net!r}\n{problem.loss!r}\n{report}"
