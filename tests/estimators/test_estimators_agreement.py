"""The same numbers as scikit-learn's MLP, from the same random_state."""

import importlib.util
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn import neural_network as scikit
from sklearn.exceptions import ConvergenceWarning

import glassnet

TOOL = Path(__file__).parents[2] / "tools" / "agreement.py"
spec = importlib.util.spec_from_file_location("agreement_tool", TOOL)
agreement = importlib.util.module_from_spec(spec)
spec.loader.exec_module(agreement)

CASES = [
    (problem, solver, name, X, y, {**parameters, **extra})
    for problem, name, X, y, extra in agreement.problems()
    for solver, parameters in agreement.SOLVERS.items()
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_twenty_epochs_give_the_same_weights(case):
    problem, solver, name, X, y, parameters = case
    weights, loss, ours, theirs = agreement.compare(name, X, y, parameters)
    if solver != "lbfgs":
        assert weights < 1e-6
        assert loss < 1e-9
    elif problem == "2 targets":  # scikit-learn minimises one function along another's gradient there
        assert ours < theirs * 1.05
    else:
        assert loss < 1e-3


def both(name, X, y, fits=("fit",), **parameters):
    fitted = []
    for module in (glassnet, scikit):
        model = getattr(module, name)(**{"hidden_layer_sizes": (8,), "random_state": 3, **parameters})
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for method in fits:
                options = (
                    {"classes": np.unique(y)} if (method, name) == ("partial_fit", "MLPClassifier") else {}
                )
                getattr(model, method)(X, y, **options)
        fitted.append((model, [(w.category, str(w.message)) for w in caught]))
    return fitted


def data(n=150, seed=0):
    random = np.random.RandomState(seed)
    X = random.normal(size=(n, 4))
    return X, np.where(X[:, 0] + X[:, 1] ** 2 > 1, "yes", "no"), X[:, 0] * X[:, 1]


ATTRIBUTES = [
    "n_iter_",
    "t_",
    "loss_",
    "best_loss_",
    "loss_curve_",
    "validation_scores_",
    "best_validation_score_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "n_features_in_",
]
SETTINGS = {
    "converges by tol": {"tol": 0.01, "max_iter": 300},
    "early stopping": {"early_stopping": True, "max_iter": 60, "n_iter_no_change": 3},
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.3,
        "max_iter": 150,
        "tol": 0.01,
    },
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5, "power_t": 0.3},
    "momentum of one": {"solver": "sgd", "momentum": 1.0, "learning_rate_init": 1e-4, "max_iter": 5},
    "no momentum": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.1, "max_iter": 5},
    "in order": {"shuffle": False, "batch_size": 32, "max_iter": 5},
    "one batch": {"batch_size": 150, "max_iter": 5},
    "batch too large": {"batch_size": 500, "max_iter": 5},
    "for ever": {"n_iter_no_change": np.inf, "max_iter": 12},
    "two hidden layers": {"hidden_layer_sizes": (6, 5), "activation": "tanh", "max_iter": 5, "alpha": 1.0},
    "no hidden layer": {"hidden_layer_sizes": (), "activation": "logistic", "max_iter": 5},
}


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("setting", SETTINGS)
def test_attributes_and_warnings_are_the_same(name, setting):
    X, labels, values = data()
    y = labels if name == "MLPClassifier" else values
    (ours, our_warnings), (theirs, their_warnings) = both(name, X, y, **SETTINGS[setting])
    for attribute in ATTRIBUTES:
        mine, other = getattr(ours, attribute), getattr(theirs, attribute)
        if isinstance(other, (list, float)):
            np.testing.assert_allclose(mine, other, rtol=1e-8, err_msg=attribute)
        else:
            assert mine == other, attribute
    assert our_warnings == their_warnings
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], atol=1e-9)
    np.testing.assert_array_equal(
        *(np.round(m.predict(X), 9) if y is values else m.predict(X) for m in (ours, theirs))
    )


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_partial_fit_and_mixed_sequences(name):
    X, labels, values = data()
    y = labels if name == "MLPClassifier" else values
    for fits in (("partial_fit",) * 4, ("fit", "partial_fit", "partial_fit")):
        (ours, _), (theirs, _) = both(name, X, y, fits, max_iter=3)
        np.testing.assert_allclose(ours.coefs_[1], theirs.coefs_[1], atol=1e-12)
        assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_)


def test_warm_start_without_the_moments_is_scikit_learns():
    X, labels, _ = data()
    ours = glassnet.MLPClassifier((8,), warm_start=True, keep_moments=False, max_iter=3, random_state=0)
    theirs = scikit.MLPClassifier((8,), warm_start=True, max_iter=3, random_state=0)
    for model in (ours, theirs):
        for _ in range(3):
            with pytest.warns(ConvergenceWarning):
                model.fit(X, labels)
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], atol=1e-12)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sample_weights(solver):
    X, _, values = data()
    weight = np.random.RandomState(1).uniform(0.1, 3, len(X))
    fitted = []
    for module in (glassnet, scikit):
        model = module.MLPRegressor(
            hidden_layer_sizes=(8,), solver=solver, max_iter=30, batch_size=40, random_state=0, alpha=0.5
        )
        with pytest.warns(ConvergenceWarning):
            fitted.append(model.fit(X, values, sample_weight=weight))
    np.testing.assert_allclose(fitted[0].coefs_[0], fitted[1].coefs_[0], atol=1e-9)
    assert fitted[0].loss_ == pytest.approx(fitted[1].loss_)


def test_a_random_state_object_is_drawn_from_in_step():
    X, labels, _ = data()
    states = [np.random.RandomState(5), np.random.RandomState(5)]
    for module, state in zip((glassnet, scikit), states, strict=True):
        model = module.MLPClassifier((4,), max_iter=2, random_state=state, early_stopping=True)
        with pytest.warns(ConvergenceWarning):
            model.fit(X, labels)
    assert states[0].randint(10**9) == states[1].randint(10**9)


def test_float32_is_kept_and_gives_the_same_within_its_precision():
    X, labels, _ = data()
    (ours, _), (theirs, _) = both("MLPClassifier", X.astype(np.float32), labels, max_iter=10)
    assert ours.coefs_[0].dtype == np.float32
    assert ours.predict_proba(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], atol=1e-5)
