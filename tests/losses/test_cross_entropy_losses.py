"""Cross-entropy on logits: softmax and sigmoid."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, log_softmax, softmax
from sklearn.metrics import log_loss

from glassnet.errors import DataError, ShapeError
from glassnet.losses import SigmoidCrossEntropy, SoftmaxCrossEntropy

LOGITS = np.array([[0.0, np.log(3.0)], [np.log(4.0), 0.0]])  # probabilities 1/4, 3/4; 4/5, 1/5


def test_softmax_by_hand():
    value, gradient = SoftmaxCrossEntropy().value_and_gradient(LOGITS, [0, 0])
    assert value == pytest.approx((np.log(4) + np.log(5 / 4)) / 2, rel=1e-15)
    np.testing.assert_allclose(gradient, [[-0.375, 0.375], [-0.1, 0.1]], rtol=1e-14)


def test_softmax_with_weights_by_hand():
    value, gradient = SoftmaxCrossEntropy().value_and_gradient(LOGITS, [0, 0], [3, 1])
    assert value == pytest.approx((3 * np.log(4) + np.log(5 / 4)) / 4, rel=1e-15)
    np.testing.assert_allclose(gradient, [[-9 / 16, 9 / 16], [-0.05, 0.05]], rtol=1e-14)


def test_sigmoid_by_hand():
    logits = np.array([[np.log(3.0), 0.0]])  # probabilities 3/4, 1/2
    value, gradient = SigmoidCrossEntropy().value_and_gradient(logits, [[0, 1]])
    assert value == pytest.approx((np.log(4) + np.log(2)) / 2, rel=1e-15)
    np.testing.assert_allclose(gradient, [[0.375, -0.25]], rtol=1e-15)


@pytest.mark.parametrize("weights", [None, np.linspace(0, 3, 30)])
@pytest.mark.parametrize("k", [2, 5, 50])
def test_softmax_against_scikit_learn(k, weights):
    rng = np.random.default_rng(k)
    logits, labels = rng.normal(size=(30, k)) * 4, rng.integers(0, k, 30)
    expected = log_loss(labels, softmax(logits, axis=1), sample_weight=weights, labels=range(k))
    value, gradient = SoftmaxCrossEntropy().value_and_gradient(logits, labels, weights)
    assert value == pytest.approx(expected, rel=1e-12)
    w = np.ones(30) if weights is None else weights
    difference = softmax(logits, axis=1) - np.eye(k)[labels]
    np.testing.assert_allclose(gradient, difference * (w / w.sum())[:, None], rtol=1e-9, atol=1e-16)


@pytest.mark.parametrize("weights", [None, np.linspace(0, 3, 30)])
def test_sigmoid_against_scikit_learn(weights):
    rng = np.random.default_rng(1)
    logits, bits = rng.normal(size=(30, 1)) * 4, rng.integers(0, 2, 30)
    value, _ = SigmoidCrossEntropy().value_and_gradient(logits, bits, weights)
    expected = log_loss(bits, expit(logits), sample_weight=weights)
    assert value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("rows", [3, 200])  # few and many rows take different ways to the maximum
def test_labels_are_one_hot_rows(smoothing, rows):
    rng = np.random.default_rng(2)
    logits, labels = rng.normal(size=(rows, 4)), rng.integers(0, 4, rows)
    loss = SoftmaxCrossEntropy(label_smoothing=smoothing)
    value, gradient = loss.value_and_gradient(logits, labels)
    for targets in (np.eye(4)[labels], labels[:, None], labels.astype(float), labels.astype(np.uint8)):
        other, other_gradient = loss.value_and_gradient(logits, targets)
        assert other == pytest.approx(value, rel=1e-14)
        np.testing.assert_allclose(other_gradient, gradient, rtol=1e-12, atol=1e-17)


def test_boolean_labels():
    logits = np.array([[1.0, 0.0], [0.5, 3.0]])
    expected = SoftmaxCrossEntropy().value_and_gradient(logits, [1, 0])[0]
    assert SoftmaxCrossEntropy().value_and_gradient(logits, [True, False])[0] == expected


def test_softmax_smoothing_mixes_in_the_uniform_distribution():
    logits, targets = np.array([[1.0, -1.0, 0.5]]), np.array([[0.2, 0.7, 0.1]])
    value, gradient = SoftmaxCrossEntropy(label_smoothing=0.3).value_and_gradient(logits, targets)
    mixed = 0.7 * targets + 0.1
    assert value == pytest.approx(-(mixed * log_softmax(logits)).sum(), rel=1e-14)
    np.testing.assert_allclose(gradient, softmax(logits) - mixed, rtol=1e-13)


def test_sigmoid_smoothing_mixes_in_one_half():
    logits, targets = np.array([[1.0, -1.0, 0.5]]), np.array([[1, 0, 1]])
    smooth = SigmoidCrossEntropy(label_smoothing=0.2).value_and_gradient(logits, targets)
    mixed = SigmoidCrossEntropy().value_and_gradient(logits, 0.8 * targets + 0.1)
    assert smooth[0] == pytest.approx(mixed[0], rel=1e-14)
    np.testing.assert_allclose(smooth[1], mixed[1], rtol=1e-14)


def test_two_logits_are_one_logit():
    rng = np.random.default_rng(8)
    z, bits = rng.normal(size=(9, 1)), rng.integers(0, 2, 9)
    one, one_gradient = SigmoidCrossEntropy().value_and_gradient(z, bits)
    two, two_gradient = SoftmaxCrossEntropy().value_and_gradient(np.hstack([np.zeros_like(z), z]), bits)
    assert two == pytest.approx(one, rel=1e-14)
    np.testing.assert_allclose(two_gradient[:, 1:], one_gradient, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", ["labels", "one-hot"])
def test_softmax_at_logits_of_ten_thousand(dtype, form):
    logits = np.array([[1e4, -1e4, 0], [1e4, -1e4, 0], [1e4, 1e4, 1e4], [-1e4, -1e4, -1e4]], dtype)
    labels = np.array([0, 1, 2, 0])
    targets = labels if form == "labels" else np.eye(3)[labels]
    value, gradient = SoftmaxCrossEntropy().value_and_gradient(logits, targets)
    assert value == pytest.approx((0 + 2e4 + 2 * np.log(3)) / 4, rel=1e-6)
    expected = [[0, 0, 0], [0.25, -0.25, 0], [1 / 12, 1 / 12, -1 / 6], [-1 / 6, 1 / 12, 1 / 12]]
    np.testing.assert_allclose(gradient, expected, rtol=1e-6)
    predictions = SoftmaxCrossEntropy().predictions(logits)
    np.testing.assert_allclose(predictions, [[1, 0, 0], [1, 0, 0], [1 / 3] * 3, [1 / 3] * 3], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_at_logits_of_ten_thousand(dtype):
    logits = np.array([[1e4], [1e4], [-1e4], [-1e4]], dtype)
    value, gradient = SigmoidCrossEntropy().value_and_gradient(logits, [1, 0, 1, 0])
    assert value == pytest.approx(5e3, rel=1e-7)
    np.testing.assert_array_equal(gradient, [[0], [0.25], [-0.25], [0]])
    predictions = SigmoidCrossEntropy().predictions(logits)
    np.testing.assert_allclose(predictions, [[1], [1], [0], [0]], atol=1e-37)


@pytest.mark.parametrize("z", [20.0, 30.0])
def test_small_losses_keep_their_digits_in_float32(z):
    exact = np.log1p(np.exp(-z))
    value, gradient = SigmoidCrossEntropy().value_and_gradient(np.array([[-z]], np.float32), [0])
    assert value == pytest.approx(exact, rel=1e-5)
    assert gradient[0, 0] == pytest.approx(exact, rel=1e-5)


def test_the_value_is_exact_for_many_float32_rows():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(100_000, 3)).astype(np.float32), rng.integers(0, 3, 100_000)
    for loss, targets in [
        (SoftmaxCrossEntropy(), labels),
        (SoftmaxCrossEntropy(), np.eye(3, dtype=np.float32)[labels]),
        (SigmoidCrossEntropy(), np.eye(3, dtype=np.float32)[labels]),
    ]:
        value, _ = loss.value_and_gradient(logits, targets)
        exact, _ = loss.value_and_gradient(logits.astype(np.float64), targets)
        assert value == pytest.approx(exact, rel=3e-7)


def test_predictions_are_new_arrays_of_probabilities():
    logits = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    for loss, expected in [
        (SoftmaxCrossEntropy(), softmax(logits, axis=1)),
        (SigmoidCrossEntropy(), expit(logits)),
    ]:
        predictions = loss.predictions(logits)
        assert not np.shares_memory(predictions, logits)
        np.testing.assert_allclose(predictions, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("labels", "row", "shown"),
    [
        ([0, 3, 7], 1, "3"),
        ([0, 1, -1], 2, "-1"),
        ([0.0, 1.5, 2.5], 1, "1.5"),
        ([np.nan, 0, 0], 0, "nan"),
        ([0, np.inf, 0], 1, "inf"),
        (np.array([0, 2**63, 1], np.uint64), 1, str(2**63)),
    ],
)
def test_labels_outside_the_range_are_refused(labels, row, shown):
    message = f"integers from 0 to 2 for n_outputs=3, got {shown} at row {row}"
    with pytest.raises(DataError, match=message.replace(".", r"\.")):
        SoftmaxCrossEntropy().value_and_gradient(np.zeros((3, 3)), labels)


def test_one_output_is_refused_with_the_way_out():
    with pytest.raises(ShapeError, match=r"at least 2; got n_outputs=1.*SigmoidCrossEntropy"):
        SoftmaxCrossEntropy().value_and_gradient(np.zeros((2, 1)), [0, 0])


def test_rows_of_targets_must_sum_to_one():
    rows = np.array([[0.5, 0.5], [0.5, 0.4985]])
    with pytest.raises(DataError, match=r"sum to 1 in every row, got the sum 0\.9985 at row 1"):
        SoftmaxCrossEntropy().value_and_gradient(np.zeros((2, 2)), rows)
    rows[1, 1] = 0.4995
    assert np.isfinite(SoftmaxCrossEntropy().value_and_gradient(np.zeros((2, 2)), rows)[0])


@pytest.mark.parametrize(
    ("loss", "rows"),
    [
        (SoftmaxCrossEntropy(), [[0.5, 0.5], [1.5, -0.5]]),
        (SigmoidCrossEntropy(), [[0.0, 0.5], [1.5, 0.0]]),
    ],
)
def test_targets_outside_zero_and_one_are_refused(loss, rows):
    with pytest.raises(DataError, match=r"in \[0, 1\]; got 1\.5 at row 1, column 0"):
        loss.value_and_gradient(np.zeros((2, 2)), rows)


def test_targets_of_another_width_are_refused():
    with pytest.raises(
        ShapeError, match=r"\(n_samples,\) or probabilities of shape \(n_samples, 3\), got \(2, 2\)"
    ):
        SoftmaxCrossEntropy().value_and_gradient(np.zeros((2, 3)), np.eye(2))
    with pytest.raises(ShapeError, match=r"must have shape \(n_samples, 3\), got \(2,\).*categorical"):
        SigmoidCrossEntropy().value_and_gradient(np.zeros((2, 3)), [0, 1])
    with pytest.raises(ShapeError, match=r"\(n_samples, 1\) or \(n_samples,\), got \(2, 2\)"):
        SigmoidCrossEntropy().value_and_gradient(np.zeros((2, 1)), np.eye(2))


def test_class_names_are_refused_with_the_way_out():
    with pytest.raises(DataError, match=r"dtype <U3.*return_inverse=True"):
        SoftmaxCrossEntropy().value_and_gradient(np.zeros((2, 2)), ["cat", "dog"])
