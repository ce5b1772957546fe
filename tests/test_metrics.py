import math

import numpy as np
import pytest
from sklearn import metrics as theirs

import glassnet.metrics as ours
from glassnet.errors import DataError, HyperparameterError, ShapeError
from glassnet.metrics import resolve

SEEDS = range(5)
WEIGHTS = ["even", "weighted", "with zeros"]


def draw_weights(which, n, rng):
    if which == "even":
        return None
    weights = rng.uniform(0.1, 3, n)
    if which == "with zeros":
        weights[rng.random(n) < 0.3] = 0
        weights[0] = 1
    return weights


def binary_case(seed, which, n=60):
    rng = np.random.default_rng(seed)
    probabilities = np.round(rng.random((n, 1)), 1)  # with ties, some of them at 0.5
    return rng.integers(0, 2, n), probabilities, draw_weights(which, n, rng)


def multiclass_case(seed, which, n=60, k=7):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(k), n)
    labels = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
    return labels, probabilities, draw_weights(which, n, rng)


def multilabel_case(seed, which, n=60, k=3):
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 2, (n, k))
    return targets, np.clip(targets + rng.normal(0, 0.5, (n, k)), 0, 1), draw_weights(which, n, rng)


def regression_case(seed, which, n=60, k=1):
    rng = np.random.default_rng(seed)
    targets = rng.normal(3, 2, (n, k))
    return targets, targets + rng.normal(0, 1, (n, k)), draw_weights(which, n, rng)


# -- against scikit-learn -----------------------------------------------------------------------


def _decided(function, **options):
    return lambda y, p, w: function(y, p[:, 0] > 0.5, sample_weight=w, **options)


BINARY = {
    "accuracy": _decided(theirs.accuracy_score),
    "precision": _decided(theirs.precision_score, zero_division=0.0),
    "recall": _decided(theirs.recall_score, zero_division=0.0),
    "specificity": _decided(theirs.recall_score, pos_label=0, zero_division=0.0),
    "f1": _decided(theirs.f1_score, zero_division=0.0),
    "roc_auc": lambda y, p, w: theirs.roc_auc_score(y, p[:, 0], sample_weight=w),
    "log_loss": lambda y, p, w: theirs.log_loss(y, np.hstack([1 - p, p]), sample_weight=w),
}
MULTICLASS = {
    "accuracy": lambda y, p, w: theirs.accuracy_score(y, p.argmax(axis=1), sample_weight=w),
    "top_k_accuracy": lambda y, p, w: theirs.top_k_accuracy_score(y, p, k=5, sample_weight=w),
    "top_3_accuracy": lambda y, p, w: theirs.top_k_accuracy_score(y, p, k=3, sample_weight=w),
    "top_1_accuracy": lambda y, p, w: theirs.top_k_accuracy_score(y, p, k=1, sample_weight=w),
    "log_loss": lambda y, p, w: theirs.log_loss(y, p, sample_weight=w),
}
REGRESSION = {
    "mse": lambda y, p, w: theirs.mean_squared_error(y, p, sample_weight=w),
    "rmse": lambda y, p, w: theirs.root_mean_squared_error(y, p, sample_weight=w),
    "mae": lambda y, p, w: theirs.mean_absolute_error(y, p, sample_weight=w),
    "r2": lambda y, p, w: theirs.r2_score(y, p, sample_weight=w),
}


def test_every_metric_has_an_oracle():
    compared = {*BINARY, *MULTICLASS, *REGRESSION} - {"top_3_accuracy", "top_1_accuracy"}
    assert compared == set(ours.BY_NAME)
    assert {name for name in ours.__all__ if name in ours.BY_NAME} == set(ours.BY_NAME)
    assert all(metric.name == name for name, metric in ours.BY_NAME.items())


@pytest.mark.parametrize("which", WEIGHTS)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", BINARY)
def test_binary_metrics_equal_scikit_learns(name, seed, which):
    y, p, w = binary_case(seed, which)
    expected = pytest.approx(BINARY[name](y, p, w), rel=1e-12)
    metric = resolve(name)
    assert metric(y, p, w) == expected
    assert metric(y[:, None], p[:, 0], w) == expected
    assert metric(y.astype(bool), p, w) == expected


@pytest.mark.parametrize("which", WEIGHTS)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", BINARY)
def test_two_columns_say_the_same_as_one(name, seed, which):
    y, p, w = binary_case(seed, which)
    expected = pytest.approx(BINARY[name](y, p, w), rel=1e-12)
    both = np.hstack([1 - p, p])
    assert resolve(name)(y, both, w) == expected
    assert resolve(name)(np.eye(2)[y], both, w) == expected


@pytest.mark.parametrize("which", WEIGHTS)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", MULTICLASS)
def test_multiclass_metrics_equal_scikit_learns(name, seed, which):
    y, p, w = multiclass_case(seed, which)
    expected = pytest.approx(MULTICLASS[name](y, p, w), rel=1e-12)
    assert resolve(name)(y, p, w) == expected
    assert resolve(name)(y[:, None], p, w) == expected
    assert resolve(name)(y.astype(float), p, w) == expected
    assert resolve(name)(np.eye(7)[y], p, w) == expected


@pytest.mark.parametrize("which", WEIGHTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_multilabel_accuracy_is_exact_match(seed, which):
    y, p, w = multilabel_case(seed, which)
    expected = theirs.accuracy_score(y, p > 0.5, sample_weight=w)
    assert ours.accuracy(y, p, w) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("which", WEIGHTS)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", REGRESSION)
def test_regression_metrics_equal_scikit_learns(name, seed, which, outputs):
    y, p, w = regression_case(seed, which, k=outputs)
    expected = pytest.approx(REGRESSION[name](y, p, w), rel=1e-12)
    assert resolve(name)(y, p, w) == expected
    if outputs == 1:
        assert resolve(name)(y[:, 0], p, w) == expected
        assert resolve(name)(y, p[:, 0], w) == expected


@pytest.mark.parametrize("name", [*BINARY, *REGRESSION])
def test_float32_predictions(name):
    y, p, w = (binary_case if name in BINARY else regression_case)(0, "weighted")
    single = p.astype(np.float32)
    value = resolve(name)(y, single, w)
    assert type(value) is float
    expected = (BINARY | REGRESSION)[name](y, single, w)
    assert value == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ours.BY_NAME)
def test_doubling_rows_equals_doubling_weights(name):
    make = binary_case if name in BINARY else multiclass_case if name in MULTICLASS else regression_case
    y, p, _ = make(1, "even")
    twice = np.random.default_rng(1).integers(1, 3, len(y))
    metric = resolve(name)
    repeated = metric(np.repeat(y, twice, axis=0), np.repeat(p, twice, axis=0))
    assert metric(y, p, twice) == pytest.approx(repeated, rel=1e-12)


# -- values worked by hand ----------------------------------------------------------------------


def test_confusion_metrics_by_hand():
    # decided 1 1 1 0 0 0, true 1 1 0 1 0 0, weights 1 2 3 4 5 6: TP 3, FP 3, FN 4, TN 11
    y, p = [1, 1, 0, 1, 0, 0], [[0.9], [0.8], [0.7], [0.2], [0.1], [0.5]]
    w = [1, 2, 3, 4, 5, 6]
    assert ours.precision(y, p, w) == 3 / 6
    assert ours.recall(y, p, w) == 3 / 7
    assert ours.specificity(y, p, w) == 11 / 14
    assert ours.f1(y, p, w) == 6 / 13
    assert ours.accuracy(y, p, w) == 14 / 21


def test_roc_auc_by_hand():
    # pairs (0.8, 0.4) (0.8, 0.6) (0.4, 0.4) (0.4, 0.6): 1 + 1 + 1/2 + 0 of 4
    assert ours.roc_auc([1, 1, 0, 0], [[0.8], [0.4], [0.4], [0.6]]) == 2.5 / 4
    assert ours.roc_auc([0, 1, 1], [[0.3], [0.3], [0.3]]) == 0.5
    assert ours.roc_auc([0, 0, 1], [[0.1], [0.2], [0.3]]) == 1.0
    assert ours.roc_auc([1, 1, 0], [[0.1], [0.2], [0.3]]) == 0.0


def test_equal_probabilities_decide_for_the_lower_class():
    assert ours.accuracy([0], [[0.5]]) == ours.accuracy([0], [[0.5, 0.5]]) == 1.0
    even = np.full((3, 3), 1 / 3)
    assert ours.accuracy([0, 1, 2], even) == ours.top_k_accuracy([0, 1, 2], even, k=1) == 1 / 3
    assert ours.top_k_accuracy([0, 1, 2], even, k=2) == 2 / 3


def test_top_k_of_all_classes_is_one():
    y, p, w = multiclass_case(0, "weighted")
    assert ours.top_k_accuracy(y, p, w, k=7) == ours.top_k_accuracy(y, p, w, k=100) == 1.0


def test_all_right_is_exactly_one():
    rng = np.random.default_rng(0)
    for n in (3, 49, 103):
        y, w = rng.integers(0, 3, n), rng.random(n)
        assert ours.accuracy(y, np.eye(3)[y], w) == 1.0
        assert ours.accuracy(y, np.eye(3)[y]) == 1.0


def test_one_hot_targets_with_outputs_that_do_not_sum_to_one():
    # ten sigmoids trained on one-hot targets with a squared error: still one class a row
    assert ours.accuracy(np.eye(3), [[0.9, 0.8, 0.1], [0.2, 0.3, 0.1], [0.9, 0.8, 0.1]]) == 2 / 3


def test_soft_targets():
    soft = [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]
    p = np.array([[0.5, 0.25, 0.25], [0.5, 0.25, 0.25]])
    assert ours.accuracy(soft, p) == 0.5
    assert ours.log_loss(soft, p) == pytest.approx(-0.4 * math.log(0.5) - 0.6 * math.log(0.25))
    assert ours.accuracy([0.9, 0.2], [[0.8], [0.7]]) == 0.5
    expected = -(0.9 * math.log(0.8) + 0.1 * math.log(0.2) + 0.2 * math.log(0.7) + 0.8 * math.log(0.3)) / 2
    assert ours.log_loss([0.9, 0.2], [[0.8], [0.7]]) == pytest.approx(expected)


def test_soft_targets_in_float32_need_not_sum_to_one_exactly():
    soft = np.array([[0.33337, 0.33337, 0.33337], [0.2, 0.2, 0.6]], np.float32)
    assert ours.accuracy(soft, np.eye(3)[[0, 2]]) == 1.0


def test_regression_by_hand():
    y, p, w = [1.0, 2.0, 5.0], [[2.0], [2.0], [2.0]], [1, 1, 2]
    assert ours.mse(y, p) == 10 / 3
    assert ours.mse(y, p, w) == 19 / 4
    assert ours.mae(y, p, w) == 7 / 4
    assert ours.rmse(y, p, w) == math.sqrt(19 / 4)
    # weighted mean 13/4: total (81 + 25 + 2 * 49) / 16 / 4
    assert ours.r2(y, p, w) == pytest.approx(1 - (19 / 4) / (204 / 64))


# -- edges --------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("name", sorted(set(BINARY) - {"roc_auc", "log_loss"}))
def test_a_single_class_gives_scikit_learns_values_without_a_warning(name, label):
    p = np.array([[0.1], [0.9], [0.4]])
    for targets, probabilities in [
        (np.full(3, label), p),
        (np.array([0, 1, 0]), np.full((3, 1), label)),
    ]:
        expected = BINARY[name](targets, probabilities, None)
        assert resolve(name)(targets, probabilities) == pytest.approx(expected)
    for true in (0, 1):
        value = resolve(name)(np.full(3, true), np.full((3, 1), float(label)))
        assert value in (0.0, 1.0)


def test_roc_auc_of_a_single_class_is_nan():
    assert math.isnan(ours.roc_auc([1, 1], [[0.2], [0.7]]))
    assert math.isnan(ours.roc_auc([0, 0], [[0.2], [0.7]]))
    assert math.isnan(ours.roc_auc([0, 1], [[0.2], [0.7]], [1, 0]))


def test_log_loss_of_classes_that_do_not_occur():
    p = np.array([[0.5, 0.25, 0.25], [0.5, 0.25, 0.25]])
    assert ours.log_loss([0, 0], p) == pytest.approx(math.log(2))
    assert ours.log_loss([1, 1], [[0.5], [0.5]]) == pytest.approx(math.log(2))


def test_log_loss_of_certain_mistakes_is_finite():
    assert ours.log_loss([0, 1], [[1.0], [0.0]]) == pytest.approx(-math.log(np.finfo(float).eps))
    single = np.array([[1, 0], [0, 1]], np.float32)
    assert ours.log_loss([1, 0], single) == pytest.approx(-math.log(np.finfo(np.float32).eps))


def test_r2_of_constant_targets():
    constant = np.full(7, 0.1)  # whose mean in floating point is not 0.1
    assert ours.r2(constant, constant) == 1.0
    assert ours.r2(constant, constant + 1e-8) == 0.0
    assert ours.r2([1.0, 5.0, 1.0], [2.0, 5.0, 1.0], [1, 0, 1]) == 0.0
    both = np.column_stack([constant, np.arange(7)])
    assert ours.r2(both, both + np.array([0.5, 0])) == 0.5


def test_r2_of_one_row_is_nan():
    assert math.isnan(ours.r2([1.0], [[1.0]]))


@pytest.mark.parametrize("name", sorted(set(ours.BY_NAME) - {"r2", "roc_auc"}))
def test_one_row(name):
    if name in MULTICLASS and name not in BINARY:
        assert resolve(name)([2], [[0.1, 0.2, 0.7]]) == 1.0
    else:
        expected = {"specificity": 0.0, "mse": 0.25, "mae": 0.5, "rmse": 0.5, "log_loss": math.log(2)}
        p = [[0.5]] if name in {"mse", "mae", "rmse", "log_loss"} else [[0.9]]
        assert resolve(name)([1], p) == pytest.approx(expected.get(name, 1.0))


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ours.BY_NAME)
def test_predictions_that_are_not_finite_give_nan(name, bad, direct):
    make = multiclass_case if name == "top_k_accuracy" else binary_case
    y, p, w = make(0, "weighted")
    p[3, 0] = bad
    metric = ours.BY_NAME[name].function if direct else resolve(name)
    assert math.isnan(metric(y, p, w))
    assert math.isnan(metric(y, p))


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("name", ours.BY_NAME)
def test_no_rows_and_no_weight_give_nan(name, direct):
    make = multiclass_case if name == "top_k_accuracy" else binary_case
    y, p, _ = make(0, "even")
    metric = ours.BY_NAME[name].function if direct else resolve(name)
    assert math.isnan(metric(y[:0], p[:0]))
    assert math.isnan(metric(y[:0], p[:0], []))
    assert math.isnan(metric(y, p, np.zeros(len(y))))


def test_huge_errors_overflow_to_infinity_without_a_warning():
    assert ours.mse([0.0, 1.0], [1e200, 1.0]) == math.inf
    assert ours.rmse([0.0, 1.0], [1e200, 1.0]) == math.inf
    assert ours.r2([0.0, 1.0], [1e200, 1.0]) == -math.inf
    assert ours.mse([0.0], np.array([[1e30]], np.float32)) == pytest.approx(1e60)


@pytest.mark.parametrize("name", ours.BY_NAME)
def test_inputs_are_not_changed(name):
    make = binary_case if name in BINARY else multiclass_case if name in MULTICLASS else regression_case
    y, p, w = make(0, "weighted")
    copies = [array.copy() for array in (y, p, w)]
    resolve(name)(y, p, w)
    for array, copy in zip((y, p, w), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


# -- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ours.accuracy([0, 1], [[0.5]]), ShapeError, "1 rows of predictions but 2 targets"),
        (
            lambda: ours.accuracy(["a", "b"], [[0.5], [0.5]]),
            DataError,
            "Targets must hold numbers, got",
        ),
        (lambda: ours.accuracy([0], np.zeros((1, 0))), ShapeError, "Predictions have no columns"),
        (lambda: ours.accuracy(0, [[0.5]]), ShapeError, r"Targets must have shape .* got \(\)"),
        (lambda: ours.accuracy([[0, 1, 0]], [[0.5, 0.5]]), ShapeError, r"Targets \(1, 3\) do not fit"),
        (lambda: ours.accuracy([0, 3], np.eye(2)), DataError, "whole numbers from 0 to 1 .* got 3 in row 1"),
        (lambda: ours.accuracy([-1, 0], np.eye(2)), DataError, "got -1 in row 0"),
        (lambda: ours.accuracy([0.5, 0], np.eye(2)), DataError, "got 0.5 in row 0"),
        (lambda: ours.accuracy([2, 0], [2, 0]), DataError, r"in \[0, 1\], got 0 to 2.*a column for each"),
        (lambda: ours.accuracy([[2, 0]], [[0.5, 0.5]]), DataError, r"2 columns .* in \[0, 1\], got 0 to 2"),
        (lambda: ours.accuracy([0.0, math.nan], [0.1, 0.2]), DataError, "Targets holds nan at row 1"),
        (lambda: ours.accuracy([0], [0.5], [[1.0]]), ShapeError, r"sample_weight must have shape \(1,\)"),
        (lambda: ours.accuracy([0, 1], [0.5, 0.5], [1, -1]), DataError, "must not be negative, got -1"),
        (lambda: ours.precision([0, 2], np.eye(3)[:2]), ShapeError, "precision is for .*'precision_macro'"),
        (lambda: ours.f1([[1, 1]], [[0.5, 0.5]]), ShapeError, r"2 columns \(multilabel\).*'f1_macro'"),
        (lambda: ours.roc_auc([0, 2], np.eye(3)[:2]), ShapeError, "'roc_auc_ovr'"),
        (lambda: ours.specificity([0, 2], np.eye(3)[:2]), ShapeError, "'balanced_accuracy'"),
        (lambda: ours.top_k_accuracy([0, 1], [[0.5], [0.5]]), ShapeError, "but this is binary"),
        (lambda: ours.top_k_accuracy([0], [[0.5, 0.5]], k=0), HyperparameterError, "k must be at least 1"),
        (lambda: ours.log_loss([[1, 1]], [[0.5, 0.5]]), ShapeError, "independent labels"),
        (
            lambda: ours.log_loss([0, 1], [[0.5], [1.5]]),
            DataError,
            r"in \[0, 1\], got 0.5 to 1.5",
        ),
        (lambda: ours.mse([1, 2], np.ones((2, 3))), ShapeError, r"\(2,\) and predictions \(2, 3\) must have"),
        (lambda: ours.mse(np.ones((2, 3, 1)), np.ones((2, 3))), ShapeError, r"got \(2, 3, 1\)"),
    ],
)
def test_errors_name_the_rule_and_the_value(call, error, message):
    with pytest.raises(error, match=message):
        call()
