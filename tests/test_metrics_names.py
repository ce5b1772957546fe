"""From names and functions to metrics, their directions, and what functions are called with."""

import pickle
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from sklearn import metrics as theirs

import glassnet.metrics as ours
from glassnet.errors import DataError, HyperparameterError
from glassnet.metrics import Metric, higher_is_better, resolve


def case(kind, which="weighted", n=40):
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.1, 3, n) if which == "weighted" else None
    if kind == "regression":
        return rng.normal(size=n), rng.normal(size=(n, 1)), weights
    if kind == "binary":
        return rng.integers(0, 2, n), rng.random((n, 1)), weights
    if kind == "multiclass":
        return np.arange(n) % 4, rng.dirichlet(np.ones(4), n), weights
    return rng.integers(0, 2, (n, 3)), rng.random((n, 3)), weights


def test_directions():
    lower = {"log_loss", "mae", "mse", "rmse"}
    for name, metric in ours.BY_NAME.items():
        assert metric.higher_is_better is (name not in lower)
        assert higher_is_better(name) is higher_is_better(f"val_{name}") is metric.higher_is_better
    assert higher_is_better("loss") is higher_is_better("val_loss") is False
    assert higher_is_better("top_3_accuracy") is True
    assert higher_is_better("neg_log_loss") is True
    own = Metric("cost", lambda y, p: 0.0, higher_is_better=False)
    assert higher_is_better("val_cost", [own]) is higher_is_better("cost", [own]) is False
    with pytest.raises(HyperparameterError, match="Unknown metric 'cost'"):
        higher_is_better("val_cost")


def test_unknown_name_lists_glassnets_and_scikit_learns():
    with pytest.raises(HyperparameterError, match=r"Did you mean 'accuracy'\?") as raised:
        resolve("acuracy")
    for name in ("rmse", "neg_log_loss", "balanced_accuracy", "top_k_accuracy"):
        assert name in str(raised.value)
    for name in ("top_0_accuracy", "top_03_accuracy", "top_-1_accuracy", "top__accuracy", ""):
        with pytest.raises(HyperparameterError, match="Unknown metric"):
            resolve(name)


@pytest.mark.parametrize("value", [None, 3, ["accuracy"], Metric, dict])
def test_only_names_functions_and_metrics(value):
    with pytest.raises(HyperparameterError, match="A metric is a name, a function or a Metric, got"):
        resolve(value)


def test_a_scorer_object_is_turned_away():
    with pytest.raises(HyperparameterError, match="scikit-learn scorer"):
        resolve(theirs.get_scorer("f1"))


def test_a_metric_resolves_to_itself():
    metric = Metric("mine", theirs.max_error, higher_is_better=False)
    assert resolve(metric) is metric


def test_functions_get_single_columns_as_vectors():
    def spread(y_true, y_pred):
        assert y_true.shape == y_pred.shape == (3,)
        return np.abs(y_true - y_pred).max()

    metric = resolve(spread)
    assert metric.name == "spread"
    assert metric.higher_is_better is None
    value = metric([[1], [2], [3]], [[1], [2], [5]], [1, 2, 3])  # takes no weights: not given any
    assert value == 2.0
    assert type(value) is float


def test_functions_that_take_weights_get_them():
    metric = resolve(theirs.mean_absolute_error)
    assert (metric.name, metric.higher_is_better) == ("mean_absolute_error", False)
    y, p, w = case("regression")
    assert metric(y, p, w) == pytest.approx(ours.mae(y, p, w))
    assert metric(y, p) == pytest.approx(ours.mae(y, p))
    assert resolve(theirs.r2_score).higher_is_better is True
    assert resolve(theirs.mean_tweedie_deviance).higher_is_better is False


def test_partial_functions_and_callable_objects_have_names():
    class Spread:
        def __call__(self, y_true, y_pred):
            return 1.0

    assert resolve(partial(theirs.fbeta_score, beta=2)).name == "fbeta_score"
    assert resolve(Spread()).name == "Spread"
    assert resolve(Spread())([1], [1]) == 1.0


@pytest.mark.parametrize("which", ["weighted", "even"])
def test_metrics_that_need_classes(which):
    metric = Metric("f2", partial(theirs.fbeta_score, beta=2), higher_is_better=True, needs="classes")
    y, p, w = case("binary", which)
    assert metric(y, p, w) == pytest.approx(theirs.fbeta_score(y, p[:, 0] > 0.5, beta=2, sample_weight=w))
    y, p, w = case("multilabel", which)
    metric = Metric("hamming", theirs.hamming_loss, needs="classes")
    assert metric(y, p, w) == pytest.approx(theirs.hamming_loss(y, p > 0.5, sample_weight=w))


def test_needs_is_checked():
    with pytest.raises(HyperparameterError, match="needs must be predictions or classes, got 'labels'"):
        Metric("x", theirs.max_error, needs="labels")


@pytest.mark.parametrize("value", ["good", None, [1.0, 2.0], {"a": 1}])
def test_functions_must_return_one_number(value):
    with pytest.raises(DataError, match=r"Metric 'odd' must return one number, got"):
        Metric("odd", lambda y, p: value)([1], [1])


def test_functions_may_return_an_array_of_one_number():
    assert Metric("one", lambda y, p: np.array([[2]]))([1], [1]) == 2.0


@pytest.mark.parametrize("name", ["accuracy", "top_3_accuracy", "balanced_accuracy", "neg_log_loss"])
def test_metrics_survive_pickle(name):
    y, p, w = case("multiclass")
    metric = resolve(name)
    assert pickle.loads(pickle.dumps(metric))(y, p, w) == metric(y, p, w)


def test_scikit_learn_is_imported_only_when_its_name_is_asked_for():
    code = """
import sys
from glassnet.metrics import higher_is_better, resolve
for name in ("accuracy", "roc_auc", "r2", "top_3_accuracy"):
    resolve(name)
assert resolve("accuracy")([0, 1], [[0.1], [0.9]]) == 1.0
assert higher_is_better("val_loss") is False
assert not any(name.partition(".")[0] in ("sklearn", "scipy") for name in sys.modules)
resolve("balanced_accuracy")
assert "sklearn" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
