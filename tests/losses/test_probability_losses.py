"""Cross-entropy and divergence on probabilities, and the losses on logits that they fuse to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import expit, rel_entr, softmax
from sklearn.metrics import log_loss

from glassnet.activations import ReLU, Sigmoid, Softmax
from glassnet.buffers import Buffers
from glassnet.errors import DataError, ShapeError
from glassnet.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    KullbackLeibler,
    Loss,
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SoftmaxKullbackLeibler,
)


def test_categorical_by_hand():
    probabilities = np.array([[0.8, 0.2], [0.1, 0.9]])
    value, gradient = CategoricalCrossEntropy().value_and_gradient(probabilities, [[1, 0], [0, 1]])
    assert value == pytest.approx(0.164252033486018, abs=1e-15)
    np.testing.assert_allclose(gradient, [[-0.625, 0], [0, -1 / 1.8]], rtol=1e-15)


def test_binary_by_hand():
    value, gradient = BinaryCrossEntropy().value_and_gradient(np.array([[0.75, 0.5]]), [[0, 1]])
    assert value == pytest.approx((np.log(4) + np.log(2)) / 2, rel=1e-15)
    np.testing.assert_allclose(gradient, [[2.0, -1.0]], rtol=1e-15)


def test_divergence_by_hand():
    value, gradient = KullbackLeibler().value_and_gradient(np.array([[0.5, 0.5]]), [[0.25, 0.75]])
    assert value == pytest.approx(0.25 * np.log(0.5) + 0.75 * np.log(1.5), rel=1e-14)
    np.testing.assert_allclose(gradient, [[-0.5, -1.5]], rtol=1e-15)


@pytest.mark.parametrize("weights", [None, np.linspace(0, 3, 30)])
def test_against_scikit_learn_and_scipy(weights):
    rng = np.random.default_rng(1)
    p, t, labels = rng.dirichlet(np.ones(4), 30), rng.dirichlet(np.ones(4), 30), rng.integers(0, 4, 30)
    w = np.ones(30) if weights is None else weights
    value = CategoricalCrossEntropy().value_and_gradient(p, labels, weights)[0]
    assert value == pytest.approx(log_loss(labels, p, sample_weight=weights, labels=range(4)), rel=1e-12)
    value = BinaryCrossEntropy().value_and_gradient(p[:, :1], labels > 1, weights)[0]
    assert value == pytest.approx(log_loss(labels > 1, p[:, 0], sample_weight=weights), rel=1e-12)
    divergence = np.average(rel_entr(t, p).sum(axis=1), weights=w)
    assert KullbackLeibler().value_and_gradient(p, t, weights)[0] == pytest.approx(divergence, rel=1e-12)
    z = np.log(p) + rng.normal(size=(30, 1))
    value = SoftmaxKullbackLeibler().value_and_gradient(z, t, weights)[0]
    assert value == pytest.approx(divergence, rel=1e-12)


def test_the_divergence_of_a_distribution_from_itself_is_zero():
    t = np.random.default_rng(2).dirichlet(np.ones(5), 10)
    assert KullbackLeibler().value_and_gradient(t, t)[0] == pytest.approx(0, abs=1e-15)
    one_hot = np.eye(5)
    assert KullbackLeibler().value_and_gradient(one_hot, one_hot)[0] == 0.0
    value, gradient = SoftmaxKullbackLeibler().value_and_gradient(np.log(t), t)
    assert value == pytest.approx(0, abs=1e-15)
    np.testing.assert_allclose(gradient, 0, atol=1e-16)


def test_the_divergence_is_the_cross_entropy_less_the_entropy():
    rng = np.random.default_rng(3)
    z, t = rng.normal(size=(6, 4)), rng.dirichlet(np.ones(4), 6)
    divergence, gradient = SoftmaxKullbackLeibler().value_and_gradient(z, t)
    cross_entropy, same_gradient = SoftmaxCrossEntropy().value_and_gradient(z, t)
    entropy = -(t * np.log(t)).sum() / 6
    assert divergence == pytest.approx(cross_entropy - entropy, rel=1e-12)
    np.testing.assert_allclose(gradient, same_gradient, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "loss", [CategoricalCrossEntropy(), KullbackLeibler(), CategoricalCrossEntropy(epsilon=1e-7)]
)
def test_a_probability_of_exactly_zero_costs_much_and_has_a_gradient(loss, dtype):
    p = np.array([[0.0, 1.0], [1.0, 0.0]], dtype)
    value, gradient = loss.value_and_gradient(p, np.eye(2)[[0, 0]])
    assert value == pytest.approx((1 - np.log(loss.epsilon)) / 2, rel=1e-6)
    np.testing.assert_allclose(gradient, [[-0.5 / loss.epsilon, 0], [-0.5, 0]], rtol=1e-6)
    assert not np.signbit(gradient[:, 1]).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_binary_probabilities_of_exactly_zero_and_one(dtype):
    loss = BinaryCrossEntropy(epsilon=1e-7)
    p = np.array([[0.0], [1.0], [0.0], [1.0]], dtype)
    value, gradient = loss.value_and_gradient(p, [0, 1, 1, 0])
    assert value == pytest.approx((1 - np.log(1e-7)) / 2, rel=1e-6)
    np.testing.assert_allclose(gradient, [[0.25], [-0.25], [-0.25e7], [0.25e7]], rtol=1e-6)


@pytest.mark.parametrize("loss", [CategoricalCrossEntropy, KullbackLeibler, BinaryCrossEntropy])
def test_value_and_slope_are_continuous_where_the_tangent_begins(loss):
    epsilon, h = 0.01, 1e-9
    loss = loss(epsilon=epsilon)
    targets = [[1.0, 0.0]]

    def at(p):
        return loss.value_and_gradient(np.array([[p, 0.5]]), targets)

    assert at(epsilon + h)[0] == pytest.approx(at(epsilon - h)[0], abs=1e-6)
    assert at(epsilon + h)[1][0, 0] == pytest.approx(at(epsilon - h)[1][0, 0], rel=1e-6)
    assert at(0.0)[0] > at(epsilon / 2)[0] > at(epsilon)[0]


@pytest.mark.parametrize("epsilon", [1e-30, 0.1])
@pytest.mark.parametrize("loss", [CategoricalCrossEntropy, KullbackLeibler, BinaryCrossEntropy])
def test_every_epsilon_stays_finite_in_float32(loss, epsilon):
    p = np.array([[0.0, 1.0], [1.0, 0.0], [0.3, 0.7]], np.float32)
    value, gradient = loss(epsilon=epsilon).value_and_gradient(p, [[1, 0], [0, 1], [1, 0]])
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def through(activation, loss, z, targets, weights):
    """Return value and gradient of the loss after the activation, by the activation's Jacobian."""
    a = np.empty_like(z)
    activation.forward(z, a, Buffers(z.dtype))
    value, gradient = loss.value_and_gradient(a, targets, weights)
    activation.backward(gradient, z, a, gradient, Buffers(z.dtype))
    return value, gradient


RNG = np.random.default_rng(9)
FUSED = [
    (CategoricalCrossEntropy(), Softmax(), SoftmaxCrossEntropy(), RNG.integers(0, 4, 6)),
    (CategoricalCrossEntropy(), Softmax(), SoftmaxCrossEntropy(), RNG.dirichlet(np.ones(4), 6)),
    (
        CategoricalCrossEntropy(label_smoothing=0.1),
        Softmax(),
        SoftmaxCrossEntropy(label_smoothing=0.1),
        RNG.integers(0, 4, 6),
    ),
    (BinaryCrossEntropy(), Sigmoid(), SigmoidCrossEntropy(), RNG.integers(0, 2, (6, 4))),
    (
        BinaryCrossEntropy(label_smoothing=0.1),
        Sigmoid(),
        SigmoidCrossEntropy(label_smoothing=0.1),
        RNG.uniform(size=(6, 4)),
    ),
    (KullbackLeibler(), Softmax(), SoftmaxKullbackLeibler(), RNG.dirichlet(np.ones(4), 6)),
]


@pytest.mark.parametrize(("loss", "activation", "fused", "targets"), FUSED)
@pytest.mark.parametrize("weights", [None, [1.0, 0.0, 2.0, 0.5, 0.5, 3.0]])
def test_the_fused_loss_is_the_loss_after_the_activation(loss, activation, fused, targets, weights):
    assert loss.fused_with(activation) == fused
    z = np.random.default_rng(10).normal(size=(6, 4)) * 5
    value, gradient = through(activation, loss, z, targets, weights)
    fused_value, fused_gradient = fused.value_and_gradient(z, targets, weights)
    assert fused_value == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(fused_gradient, gradient, rtol=1e-10, atol=1e-14)
    a = np.empty_like(z)
    activation.forward(z, a, Buffers(z.dtype))
    np.testing.assert_allclose(fused.predictions(z), loss.predictions(a), rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_saturated_wrong_probability_still_learns(dtype):
    # p of the true class is 2e-9: with a value clipped at 1e-7 its gradient would be 0.
    z = np.array([[0.0, 20.0]], dtype)
    _, gradient = through(Softmax(), CategoricalCrossEntropy(), z, [0], None)
    np.testing.assert_allclose(gradient, [[-1.0, 1.0]], rtol=1e-6)
    _, gradient = through(Sigmoid(), BinaryCrossEntropy(), -z[:, 1:], [1], None)
    np.testing.assert_allclose(gradient, [[-1.0]], rtol=1e-6)


@dataclass(frozen=True)
class ColdSoftmax(Softmax):
    """A user's own activation, which computes something else."""


def test_other_activations_and_losses_are_not_fused():
    for activation in (ReLU(), Sigmoid(), ColdSoftmax(), None, "softmax"):
        assert CategoricalCrossEntropy().fused_with(activation) is None
        assert KullbackLeibler().fused_with(activation) is None
    for activation in (ReLU(), Softmax(), None):
        assert BinaryCrossEntropy().fused_with(activation) is None
    for loss in (MeanSquaredError(), SoftmaxCrossEntropy(), SigmoidCrossEntropy(), Loss()):
        assert loss.fused_with(Softmax()) is None
        assert loss.fused_with(Sigmoid()) is None


@pytest.mark.parametrize(
    ("loss", "instead"),
    [
        (CategoricalCrossEntropy(), "Softmax, or use SoftmaxCrossEntropy"),
        (BinaryCrossEntropy(), "Sigmoid, or use SigmoidCrossEntropy"),
        (KullbackLeibler(), "Softmax, or use SoftmaxKullbackLeibler"),
    ],
)
def test_logits_are_refused_with_the_way_out(loss, instead):
    with pytest.raises(
        DataError, match=rf"got 2\.5 at row 1, column 0 .*End the network with {instead} on its"
    ):
        loss.value_and_gradient(np.array([[0.5, 0.5], [2.5, -1.0]]), [[1, 0], [0, 1]])


@pytest.mark.parametrize("loss", [CategoricalCrossEntropy(), KullbackLeibler(), SoftmaxKullbackLeibler()])
def test_one_output_is_refused_with_the_way_out(loss):
    with pytest.raises(ShapeError, match=r"at least 2; got n_outputs=1.*BinaryCrossEntropy"):
        loss.value_and_gradient(np.full((2, 1), 0.5), [[1], [1]])


@pytest.mark.parametrize("loss", [KullbackLeibler(), SoftmaxKullbackLeibler()])
def test_a_divergence_takes_no_labels(loss):
    with pytest.raises(ShapeError, match=r"probabilities of shape \(n_samples, 2\), got \(2,\)"):
        loss.value_and_gradient(np.full((2, 2), 0.5), [0, 1])


def test_softmax_divergence_at_logits_of_ten_thousand():
    z = np.array([[1e4, -1e4], [1e4, 1e4]], np.float32)
    value, gradient = SoftmaxKullbackLeibler().value_and_gradient(z, [[0.0, 1.0], [0.5, 0.5]])
    assert value == pytest.approx(1e4)
    np.testing.assert_allclose(gradient, [[0.5, -0.5], [0, 0]], atol=1e-7)
    np.testing.assert_allclose(SoftmaxKullbackLeibler().predictions(z), [[1, 0], [0.5, 0.5]])


def test_softmax_and_sigmoid_agree_with_scipy_after_fusing():
    z = np.random.default_rng(11).normal(size=(5, 3))
    np.testing.assert_allclose(SoftmaxKullbackLeibler().predictions(z), softmax(z, axis=1), rtol=1e-14)
    np.testing.assert_allclose(SigmoidCrossEntropy().predictions(z), expit(z), rtol=1e-14)
