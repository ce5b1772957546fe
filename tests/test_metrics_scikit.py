"""scikit-learn's scorers through stored predictions, against the same scorers on fitted models."""

import math

import numpy as np
import pytest
import sklearn
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    get_scorer,
    get_scorer_names,
    log_loss,
    roc_auc_score,
)
from sklearn.multiclass import OneVsRestClassifier

from glassnet.errors import DataError
from glassnet.metrics import BY_NAME, resolve
from glassnet.metrics.scikit import _OF_VALUES, scorer_metric

TOP = {"top_k_accuracy"}  # k = 2 in the scorer, 5 in glassnet's; scikit-learn wants more than k classes
BINARY_ONLY = {"average_precision", "f1", "jaccard", "precision", "recall", "roc_auc"} | {
    "neg_negative_likelihood_ratio",
    "positive_likelihood_ratio",
}
UNWEIGHTED = {"roc_auc_ovo", "roc_auc_ovo_weighted"}  # of several classes: scikit-learn refuses weights
SAMPLES = {f"{name}_samples" for name in ("f1", "jaccard", "precision", "recall")}
AVERAGED = {
    f"{name}_{average}"
    for name in ("f1", "jaccard", "precision", "recall")
    for average in ("macro", "micro", "weighted")
}
SCORERS = set(get_scorer_names())
CLASSIFIERS = SCORERS - _OF_VALUES
MULTILABEL = SAMPLES | AVERAGED | {"accuracy", "average_precision", "roc_auc_ovr", "roc_auc_ovr_weighted"}


def fitted(kind):
    n, rng = 120, np.random.default_rng(0)
    if kind == "regression":
        X, y = make_regression(n, 4, noise=20, random_state=0)
        y = np.exp(y / y.std())
        model = PoissonRegressor().fit(X, y)  # positive predictions, which some scorers want
        predictions = model.predict(X)[:, None]
    elif kind == "multilabel":
        X, y = make_multilabel_classification(n, 4, n_classes=3, random_state=0, allow_unlabeled=False)
        model = OneVsRestClassifier(LogisticRegression()).fit(X, y)
        predictions = model.predict_proba(X)
    else:
        n_classes = 4 if kind == "multiclass" else 2
        X, y = make_classification(n, 6, n_informative=4, n_classes=n_classes, flip_y=0.3, random_state=0)
        model = LogisticRegression().fit(X, y)
        predictions = model.predict_proba(X)
        if kind == "binary":
            predictions = predictions[:, 1:]
    return model, X, y, predictions, rng.uniform(0.1, 2, n)


MODELS = {kind: fitted(kind) for kind in ("binary", "two columns", "multiclass", "multilabel", "regression")}
CASES = [("regression", name) for name in sorted(_OF_VALUES)]
CASES += [(kind, name) for kind in ("binary", "two columns") for name in sorted(CLASSIFIERS - SAMPLES - TOP)]
CASES += [("multiclass", name) for name in sorted(CLASSIFIERS - BINARY_ONLY - SAMPLES)]
CASES += [("multilabel", name) for name in sorted(MULTILABEL)]


def test_every_scorer_is_covered():
    assert {name for _, name in CASES} == SCORERS


def test_the_scorers_of_values_are_scikit_learns_regression_metrics():
    modules = {name: get_scorer(name)._score_func.__module__ for name in SCORERS}
    assert {name for name, module in modules.items() if module.endswith("._regression")} == _OF_VALUES


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("kind", "name"), CASES)
def test_stored_predictions_score_as_the_model_does(kind, name, weighted):
    model, X, y, predictions, weights = MODELS[kind]
    scorer = get_scorer(name)
    weighted = (
        weighted and scorer._accept_sample_weight() and not (kind == "multiclass" and name in UNWEIGHTED)
    )
    expected = scorer(model, X, y, **({"sample_weight": weights} if weighted else {}))
    metric = scorer_metric(name)
    assert metric.higher_is_better is True
    value = metric(y, predictions, weights if weighted else None)
    assert type(value) is float
    assert value == pytest.approx(expected, rel=1e-10, abs=1e-12)
    if kind == "multiclass":
        assert metric(np.eye(4)[y], predictions, weights if weighted else None) == pytest.approx(value)


@pytest.mark.parametrize("name", sorted(SCORERS & set(BY_NAME) - TOP))
def test_glassnets_own_metrics_equal_the_scorers_of_the_same_name(name):
    _, _, y, predictions, weights = MODELS["regression" if name in _OF_VALUES else "binary"]
    assert resolve(name) is BY_NAME[name]
    assert resolve(name)(y, predictions, weights) == pytest.approx(
        scorer_metric(name)(y, predictions, weights)
    )


def test_the_sign_is_scikit_learns():
    _, _, y, predictions, weights = MODELS["multiclass"]
    value = resolve("neg_log_loss")(y, predictions, weights)
    assert value == pytest.approx(-log_loss(y, predictions, sample_weight=weights))
    assert value == pytest.approx(-resolve("log_loss")(y, predictions, weights))


@pytest.mark.parametrize("n_labels", [2, 3])
def test_independent_labels(n_labels):
    rng = np.random.default_rng(0)
    y, predictions = rng.integers(0, 2, (30, n_labels)), rng.random((30, n_labels))
    expected = average_precision_score(y, predictions)
    assert resolve("average_precision")(y, predictions) == pytest.approx(expected)
    assert resolve("roc_auc_ovr")(y, predictions) == pytest.approx(roc_auc_score(y, predictions))
    assert resolve("f1_macro")(y, predictions) == pytest.approx(
        f1_score(y, predictions > 0.5, average="macro")
    )


def test_several_regression_outputs():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(20, 3))
    predictions = y + rng.normal(size=(20, 3))
    assert resolve("neg_mean_squared_error")(y, predictions) == pytest.approx(-resolve("mse")(y, predictions))
    assert resolve("explained_variance")(y, predictions) < 1


def test_values_are_scored_as_values_beside_integer_targets():
    value = resolve("neg_mean_absolute_error")([0, 1, 2], [[0.5], [1.0], [2.0]])
    assert value == pytest.approx(-0.5 / 3)


def test_float32_probabilities():
    _, _, y, predictions, _ = MODELS["multiclass"]
    assert resolve("neg_log_loss")(y, predictions.astype(np.float32)) == pytest.approx(
        resolve("neg_log_loss")(y, predictions), rel=1e-5
    )


def test_predictions_that_are_not_finite_give_nan():
    assert math.isnan(resolve("neg_log_loss")([0, 1], [[math.nan], [0.5]]))
    assert math.isnan(resolve("balanced_accuracy")([], np.zeros((0, 1))))


def test_metadata_routing_does_not_matter():
    _, _, y, predictions, weights = MODELS["binary"]
    expected = resolve("balanced_accuracy")(y, predictions, weights)
    with sklearn.config_context(enable_metadata_routing=True):
        assert resolve("balanced_accuracy")(y, predictions, weights) == expected


@pytest.mark.parametrize(
    ("name", "y", "predictions"),
    [
        ("neg_log_loss", [0, 1], [[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]]),  # a class is missing
        ("f1_samples", [0, 1], [[0.2], [0.7]]),
        ("neg_mean_poisson_deviance", [1.0, 2.0], [[-1.0], [1.0]]),
    ],
)
def test_what_scikit_learn_refuses_is_a_data_error(name, y, predictions):
    with pytest.raises(DataError, match=f"scikit-learn's metric '{name}' cannot judge these predictions: ."):
        resolve(name)(y, predictions)


def test_weights_that_scikit_learn_refuses_are_a_data_error():
    _, _, y, predictions, weights = MODELS["multiclass"]
    with pytest.raises(DataError, match=r"'roc_auc_ovo' .*sample_weight is not supported"):
        resolve("roc_auc_ovo")(y, predictions, weights)
