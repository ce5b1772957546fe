"""What every loss must hold to, for every form of its targets."""

from __future__ import annotations

import copy
import json
import pickle
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from glassnet import losses
from glassnet.buffers import Buffers
from glassnet.errors import DataError, HyperparameterError, ShapeError
from glassnet.hyperparameters import rules_of
from glassnet.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Huber,
    KullbackLeibler,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SoftmaxKullbackLeibler,
)
from glassnet.registry import from_config, resolve


def normal(*columns):
    return lambda rng, n: rng.normal(size=(n, *columns))


def counts(*columns):
    return lambda rng, n: rng.poisson(2.0, size=(n, *columns))


def labels(k, dtype=np.int64):
    return lambda rng, n: rng.integers(0, k, n).astype(dtype)


def bits(*columns):
    return lambda rng, n: rng.integers(0, 2, (n, *columns))


def uniform(*columns):
    return lambda rng, n: rng.uniform(0.05, 0.95, (n, *columns))


def one_hot(k):
    return lambda rng, n: np.eye(k)[rng.integers(0, k, n)]


def distributions(k, off=0.0):
    def draw(rng, n):
        rows = rng.dirichlet(np.full(k, 2.0), n).reshape(n, k)
        return rows * (1 + rng.uniform(-off, off, (n, 1))) if off else rows

    return draw


def inner_distributions(k):
    return lambda rng, n: 0.05 + (1 - 0.05 * k) * rng.dirichlet(np.ones(k), n).reshape(n, k)


@dataclass(frozen=True)
class Case:
    name: str
    loss: Loss
    outputs: Callable
    targets: Callable

    def draw(self, n, dtype=np.float64, seed=0):
        rng = np.random.default_rng(seed)
        return self.outputs(rng, n).astype(dtype), self.targets(rng, n)


SOFT = {"label_smoothing": 0.2}
CASES = [
    Case("mse-1d", MeanSquaredError(), normal(1), normal()),
    Case("mse-3", MeanSquaredError(), normal(3), normal(3)),
    Case("mae-1d", MeanAbsoluteError(), normal(1), normal()),
    Case("mae-3", MeanAbsoluteError(), normal(3), normal(3)),
    Case("huber-1d", Huber(), normal(1), normal()),
    Case("huber-3", Huber(0.6), normal(3), normal(3)),
    Case("median", Quantile(), normal(1), normal()),
    Case("quantile-2", Quantile((0.3,)), normal(2), normal(2)),
    Case("quantiles", Quantile((0.1, 0.5, 0.8)), normal(3), normal()),
    Case("quantiles-2", Quantile((0.1, 0.5, 0.8)), normal(6), normal(2)),
    Case("poisson-1d", Poisson(), normal(1), counts()),
    Case("poisson-3", Poisson(), normal(3), counts(3)),
    Case("poisson-rate", Poisson(log_input=False), uniform(2), counts(2)),
    Case("softmax-labels", SoftmaxCrossEntropy(), normal(4), labels(4)),
    Case("softmax-2", SoftmaxCrossEntropy(), normal(2), labels(2, np.int8)),
    Case("softmax-40", SoftmaxCrossEntropy(), normal(40), labels(40)),
    Case("softmax-float-labels", SoftmaxCrossEntropy(), normal(4), labels(4, np.float32)),
    Case("softmax-one-hot", SoftmaxCrossEntropy(), normal(4), one_hot(4)),
    Case("softmax-soft", SoftmaxCrossEntropy(), normal(4), distributions(4)),
    Case("softmax-inexact", SoftmaxCrossEntropy(), normal(4), distributions(4, 9e-4)),
    Case("softmax-labels-smooth", SoftmaxCrossEntropy(**SOFT), normal(4), labels(4)),
    Case("softmax-soft-smooth", SoftmaxCrossEntropy(**SOFT), normal(4), distributions(4)),
    Case("sigmoid-1d", SigmoidCrossEntropy(), normal(1), bits()),
    Case("sigmoid-3", SigmoidCrossEntropy(), normal(3), bits(3)),
    Case("sigmoid-soft", SigmoidCrossEntropy(), normal(3), uniform(3)),
    Case("sigmoid-smooth", SigmoidCrossEntropy(**SOFT), normal(3), bits(3)),
    Case("categorical-labels", CategoricalCrossEntropy(), inner_distributions(4), labels(4)),
    Case("categorical-one-hot", CategoricalCrossEntropy(), inner_distributions(4), one_hot(4)),
    Case("categorical-soft", CategoricalCrossEntropy(), inner_distributions(4), distributions(4)),
    Case("categorical-tangent", CategoricalCrossEntropy(epsilon=0.1), uniform(4), distributions(4)),
    Case("categorical-labels-smooth", CategoricalCrossEntropy(**SOFT), inner_distributions(4), labels(4)),
    Case("categorical-soft-smooth", CategoricalCrossEntropy(**SOFT), inner_distributions(4), one_hot(4)),
    Case("binary-1d", BinaryCrossEntropy(), uniform(1), bits()),
    Case("binary-3", BinaryCrossEntropy(), uniform(3), bits(3)),
    Case("binary-soft", BinaryCrossEntropy(), uniform(3), uniform(3)),
    Case("binary-tangent", BinaryCrossEntropy(epsilon=0.1), uniform(3), bits(3)),
    Case("binary-smooth", BinaryCrossEntropy(**SOFT), uniform(3), bits(3)),
    Case("kl", KullbackLeibler(), inner_distributions(4), distributions(4)),
    Case("kl-one-hot", KullbackLeibler(), inner_distributions(4), one_hot(4)),
    Case("kl-tangent", KullbackLeibler(epsilon=0.1), uniform(4), distributions(4)),
    Case("kl-softmax", SoftmaxKullbackLeibler(), normal(4), distributions(4)),
    Case("kl-softmax-inexact", SoftmaxKullbackLeibler(), normal(4), distributions(4, 9e-4)),
]

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
every_class = pytest.mark.parametrize("cls", sorted(set(losses.BY_NAME.values()), key=lambda c: c.__name__))
WEIGHTS = {"none": None, "random": [0.3, 2.0, 1.1, 0.0, 0.7, 5.0, 0.25], "equal": [3.0] * 7}


def test_every_registered_loss_is_in_the_list():
    assert {type(case.loss) for case in CASES} == set(losses.BY_NAME.values())


def test_every_public_loss_is_registered():
    public = {getattr(losses, name) for name in losses.__all__ if name != "BY_NAME"}
    assert public - {Loss} == set(losses.BY_NAME.values())


@every_case
@pytest.mark.parametrize("weights", WEIGHTS.values(), ids=WEIGHTS.keys())
def test_gradient_is_that_of_the_value(case, weights):
    outputs, targets = case.draw(7)
    _, gradient = case.loss.value_and_gradient(outputs, targets, weights)
    differences = np.empty_like(outputs)
    step = 1e-6
    for place in np.ndindex(outputs.shape):
        sides = []
        for sign in (1, -1):
            moved = outputs.copy()
            moved[place] += sign * step
            sides.append(case.loss.value_and_gradient(moved, targets, weights)[0])
        differences[place] = (sides[0] - sides[1]) / (2 * step)
    np.testing.assert_allclose(gradient, differences, rtol=1e-7, atol=1e-8)


@every_case
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_are_a_float_and_an_array_like_the_outputs(case, dtype):
    outputs, targets = case.draw(7, dtype)
    kept, kept_targets = outputs.copy(), copy.deepcopy(targets)
    value, gradient = case.loss.value_and_gradient(outputs, targets, WEIGHTS["random"])
    assert type(value) is float
    assert gradient.shape == outputs.shape
    assert gradient.dtype == dtype
    np.testing.assert_array_equal(outputs, kept)
    np.testing.assert_array_equal(targets, kept_targets)


@every_case
def test_float32_agrees_with_float64(case):
    outputs, targets = case.draw(500, np.float32)
    value32, gradient32 = case.loss.value_and_gradient(outputs, targets)
    value64, gradient64 = case.loss.value_and_gradient(outputs.astype(np.float64), targets)
    assert value32 == pytest.approx(value64, rel=3e-6)
    np.testing.assert_allclose(gradient32, gradient64, rtol=1e-4, atol=1e-7)


@every_case
def test_a_row_of_weight_zero_is_a_row_left_out(case):
    outputs, targets = case.draw(6)
    keep = np.array([True, True, False, True, False, True])
    value, gradient = case.loss.value_and_gradient(outputs, targets, keep * 1.0)
    value_kept, gradient_kept = case.loss.value_and_gradient(outputs[keep], targets[keep])
    assert value == pytest.approx(value_kept, rel=1e-13, abs=1e-15)
    np.testing.assert_allclose(gradient[keep], gradient_kept, rtol=1e-12)
    assert not gradient[~keep].any()


@every_case
def test_an_integer_weight_is_a_row_repeated(case):
    outputs, targets = case.draw(5)
    times = np.array([1, 3, 2, 1, 4])
    value, gradient = case.loss.value_and_gradient(outputs, targets, times)
    value_repeated, gradient_repeated = case.loss.value_and_gradient(
        np.repeat(outputs, times, axis=0), np.repeat(targets, times, axis=0)
    )
    assert value == pytest.approx(value_repeated, rel=1e-13)
    starts = np.cumsum(times) - times
    np.testing.assert_allclose(
        gradient, np.add.reduceat(gradient_repeated, starts, axis=0), rtol=1e-12, atol=1e-16
    )


@every_case
def test_the_scale_of_the_weights_does_not_matter(case):
    outputs, targets = case.draw(7)
    value, gradient = case.loss.value_and_gradient(outputs, targets, WEIGHTS["random"])
    for scale in (1e-6, 1e6):
        weights = np.multiply(WEIGHTS["random"], scale)
        other, other_gradient = case.loss.value_and_gradient(outputs, targets, weights)
        assert other == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(other_gradient, gradient, rtol=1e-12, atol=1e-16)


@every_case
def test_equal_weights_are_no_weights(case):
    outputs, targets = case.draw(7)
    value, gradient = case.loss.value_and_gradient(outputs, targets)
    weighted, weighted_gradient = case.loss.value_and_gradient(outputs, targets, WEIGHTS["equal"])
    assert weighted == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(weighted_gradient, gradient, rtol=1e-12, atol=1e-17)


@every_case
@pytest.mark.parametrize("weighted", [False, True])
def test_a_split_batch_averages_to_the_whole(case, weighted):
    outputs, targets = case.draw(8)
    weights = np.array([0.5, 1, 2, 3, 0.1, 1, 0, 1]) if weighted else np.ones(8)
    value, gradient = case.loss.value_and_gradient(outputs, targets, weights if weighted else None)
    parts = [slice(0, 3), slice(3, 8)]
    results = [
        case.loss.value_and_gradient(outputs[p], targets[p], weights[p] if weighted else None) for p in parts
    ]
    shares = [weights[p].sum() / weights.sum() for p in parts]
    assert value == pytest.approx(sum(s * v for s, (v, _) in zip(shares, results, strict=True)), rel=1e-13)
    joined = np.concatenate([s * g for s, (_, g) in zip(shares, results, strict=True)])
    np.testing.assert_allclose(gradient, joined, rtol=1e-12, atol=1e-16)


@every_case
def test_one_row(case):
    outputs, targets = case.draw(1)
    value, gradient = case.loss.value_and_gradient(outputs, targets)
    assert np.isfinite(value)
    assert gradient.shape == outputs.shape
    assert case.loss.value_and_gradient(outputs, targets, [7.0])[0] == pytest.approx(value, rel=1e-13)


@every_case
@pytest.mark.parametrize("weights", [None, []])
def test_no_rows_give_zero(case, weights):
    outputs, targets = case.draw(0)
    value, gradient = case.loss.value_and_gradient(outputs, targets, weights)
    assert value == 0.0
    assert gradient.shape == outputs.shape


@every_case
def test_weights_that_are_all_zero_give_zero(case):
    outputs, targets = case.draw(4)
    value, gradient = case.loss.value_and_gradient(outputs, targets, np.zeros(4))
    assert value == 0.0
    assert not gradient.any()


@every_case
@pytest.mark.parametrize("weights", [[1, -0.1, 1, 1], [1, np.nan, 1, 1], [1, np.inf, 1, 1], [1, 1e300, 1, 1]])
def test_bad_weights_are_refused_with_their_row(case, weights):
    outputs, targets = case.draw(4, np.float32)
    with pytest.raises(DataError, match=r"sample_weight .*row 1"):
        case.loss.value_and_gradient(outputs, targets, weights)


@every_case
@pytest.mark.parametrize("weights", [[1.0] * 3, [[1.0]] * 4, 1.0])
def test_weights_of_another_shape_are_refused(case, weights):
    outputs, targets = case.draw(4)
    with pytest.raises(ShapeError, match="sample_weight"):
        case.loss.value_and_gradient(outputs, targets, weights)


@every_case
def test_other_numbers_of_rows_are_refused(case):
    outputs, targets = case.draw(4)
    with pytest.raises(ShapeError, match=f"{type(case.loss).__name__} got 4 rows of outputs but 3 rows"):
        case.loss.value_and_gradient(outputs, targets[:3])


@every_case
def test_outputs_that_are_not_two_dimensional_are_refused(case):
    outputs, targets = case.draw(4)
    with pytest.raises(ShapeError, match=r"\(n_samples, n_outputs\).*reshape\(-1, 1\)"):
        case.loss.value_and_gradient(outputs[:, 0], targets)
    with pytest.raises(ShapeError, match=r"got \(4, 0\)"):
        case.loss.value_and_gradient(outputs[:, :0], targets)


@every_case
@pytest.mark.parametrize(
    "wrong", [["a", "b"], np.array([b"a", b"b"]), [None, object()], [1j, 2j], ["1", 2.0]]
)
def test_targets_that_are_not_numbers_are_refused(case, wrong):
    outputs, _ = case.draw(2)
    with pytest.raises(DataError, match=f"{type(case.loss).__name__} targets must be"):
        case.loss.value_and_gradient(outputs, np.array(wrong, object) if "1" in wrong else wrong)


@every_case
def test_targets_of_too_many_dimensions_are_refused(case):
    outputs, targets = case.draw(2)
    with pytest.raises(ShapeError, match=f"{type(case.loss).__name__} targets must (have|be)"):
        case.loss.value_and_gradient(outputs, np.asarray(targets, float).reshape(2, 1, -1))


@every_case
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_targets_that_are_not_finite_are_refused_with_their_row(case, bad):
    outputs, targets = case.draw(3)
    targets = np.array(targets, float)
    targets[2] = bad
    with pytest.raises(DataError, match="row 2"):
        case.loss.value_and_gradient(outputs, targets)


@every_case
def test_lists_and_object_arrays_of_numbers_are_taken(case):
    outputs, targets = case.draw(4)
    value, _ = case.loss.value_and_gradient(outputs, targets)
    assert case.loss.value_and_gradient(outputs, np.asarray(targets).tolist())[0] == value
    assert case.loss.value_and_gradient(outputs, np.asarray(targets).astype(object))[0] == value


@every_case
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_outputs_that_are_not_finite_show_in_the_value_without_a_warning(case, bad, dtype):
    outputs, targets = case.draw(4, dtype)
    outputs[1] = bad
    prepared = case.loss.prepare(targets, outputs.shape[1], dtype)
    value, gradient = case.loss.compute(outputs, prepared, None, Buffers(dtype))
    assert not np.isfinite(value)
    if np.isnan(bad):
        assert np.isnan(value)
        assert np.isnan(gradient[1]).any()


@every_case
@pytest.mark.parametrize("size", [1e4, 1e18])
def test_large_outputs_do_not_warn(case, size):
    outputs, targets = case.draw(4, np.float32)
    prepared = case.loss.prepare(targets, outputs.shape[1], np.float32)
    for sign in (1, -1):
        case.loss.compute(np.sign(outputs) * np.float32(sign * size), prepared, None, Buffers(np.float32))


@every_case
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_compute_agrees_whatever_the_buffers_held(case, weighted, dtype):
    buffers = Buffers(dtype)
    for n, seed in [(6, 1), (9, 2), (4, 3), (1, 4), (9, 5)]:
        outputs, targets = case.draw(n, dtype, seed)
        weights = np.linspace(0, 2, n, dtype=dtype) + 1 if weighted else None
        prepared = case.loss.prepare(targets, outputs.shape[1], dtype)
        value, gradient = case.loss.compute(outputs, prepared, weights, buffers)
        expected, expected_gradient = case.loss.value_and_gradient(outputs, targets, weights)
        assert value == expected
        np.testing.assert_array_equal(gradient, expected_gradient)
        for name in buffers._memory:
            buffers._memory[name].view(np.uint8).fill(0xFF)  # NaN, or -1


@every_case
def test_compute_takes_outputs_that_are_not_contiguous(case):
    outputs, targets = case.draw(6)
    prepared = case.loss.prepare(targets, outputs.shape[1], np.float64)
    expected, expected_gradient = case.loss.value_and_gradient(outputs, targets)
    wide = np.repeat(outputs, 2, axis=1)[:, ::2]
    for strided in (wide, np.asfortranarray(outputs)):
        value, gradient = case.loss.compute(strided, prepared, None, Buffers(np.float64))
        assert value == pytest.approx(expected, rel=1e-14)
        np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-14)


def traced(calls):
    """Return what stays allocated after the calls and the peak during them, in bytes."""
    calls()
    tracemalloc.start()
    try:
        calls()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        calls()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before, peak - before


@every_case
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_compute_allocates_no_array_once_warm(case, weighted, dtype):
    # NumPy itself takes blocks of 8192 elements where a column is broadcast: hence so many rows.
    buffers = Buffers(dtype)
    n = 40_000
    outputs, targets = case.draw(n, dtype)
    prepared = case.loss.prepare(targets, outputs.shape[1], dtype)
    weights = np.linspace(1, 2, n, dtype=dtype) if weighted else None
    _, peak = traced(lambda: case.loss.compute(outputs, prepared, weights, buffers))
    assert peak < n * outputs.itemsize  # less than one column

    def train():
        for stop in [32, 7] * 100:  # with a smaller last batch
            part = None if weights is None else weights[:stop]
            case.loss.compute(outputs[:stop], prepared[:stop], part, buffers)

    growth, _ = traced(train)
    assert growth < 500


@every_case
def test_prepare_copies_nothing_that_is_right_already(case):
    outputs, targets = case.draw(5)
    once = case.loss.prepare(targets, outputs.shape[1], np.float64)
    assert once.flags.c_contiguous
    assert once.dtype == (np.int64 if once.ndim == 1 else np.float64)
    assert np.shares_memory(case.loss.prepare(once, outputs.shape[1], np.float64), once)


@every_case
def test_predictions_are_shaped_like_the_outputs_and_leave_them_alone(case):
    outputs, _ = case.draw(5, np.float32)
    kept = outputs.copy()
    predictions = case.loss.predictions(outputs)
    assert predictions.shape == outputs.shape
    assert predictions.dtype == np.float32
    np.testing.assert_array_equal(outputs, kept)


@every_case
def test_config_round_trip_pickle_and_copy(case):
    config = json.loads(json.dumps(case.loss.config()))
    rebuilt = from_config("loss", config)
    for other in (rebuilt, pickle.loads(pickle.dumps(case.loss)), copy.deepcopy(case.loss)):
        assert other == case.loss
        assert type(other) is type(case.loss)


@every_case
def test_values_fall_along_the_negative_gradient(case):
    outputs, targets = case.draw(7)
    value, gradient = case.loss.value_and_gradient(outputs, targets)
    assert case.loss.value_and_gradient(outputs - 1e-4 * gradient, targets)[0] < value


@pytest.mark.parametrize(("name", "cls"), losses.BY_NAME.items())
def test_a_loss_is_found_by_its_name(name, cls):
    assert type(resolve("loss", name)) is cls


def bad_values(rule):
    if rule.flag:
        return [2, "yes", None]
    interval = rule.interval
    bad = [np.nan, np.inf, -np.inf, "x", None, True, [0.5]]
    for end, own, outward in (
        (interval.low, ("left", "both"), -1),
        (interval.high, ("right", "both"), 1),
    ):
        if np.isfinite(end):
            bad.append(end + outward)
            if interval.closed not in own:
                bad.append(end)
    return [[value] for value in bad if not isinstance(value, list)] + [0.5, "x", None] if rule.many else bad


@every_class
def test_hyperparameters_out_of_range_are_refused(cls):
    for name, (_, rule) in rules_of(cls).items():
        for value in bad_values(rule):
            with pytest.raises(HyperparameterError, match=f"{cls.__name__} {name}"):
                cls(**{name: value})


@every_class
def test_hyperparameters_at_the_ends_that_belong_to_the_range_are_taken(cls):
    for name, (_, rule) in rules_of(cls).items():
        interval = rule.interval
        if rule.flag or rule.many:
            continue
        ends = {"left": [interval.low], "right": [interval.high], "both": [interval.low, interval.high]}
        for end in ends.get(interval.closed, []):
            if np.isfinite(end):
                assert getattr(cls(**{name: end}), name) == end


@every_class
def test_losses_are_hashable_and_frozen(cls):
    loss = cls()
    assert hash(loss) == hash(cls())
    with pytest.raises(AttributeError):
        loss.anything = 1


@every_class
def test_only_losses_on_probabilities_look_at_the_outputs(cls):
    on_probabilities = cls in (CategoricalCrossEntropy, BinaryCrossEntropy, KullbackLeibler)
    outputs = np.array([[0.2, 0.8], [-3.0, 4.0]])
    if on_probabilities:
        with pytest.raises(
            DataError, match=rf"{cls.__name__} takes probabilities.*got -3\.0 at row 1, column 0"
        ):
            cls().check_outputs(outputs)
        cls().check_outputs(np.array([[-1e-6, 1 + 1e-6], [np.nan, np.nan]]))
    else:
        cls().check_outputs(outputs)
