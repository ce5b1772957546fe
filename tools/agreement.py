"""Print how far glassnet's estimators and scikit-learn's are apart after the same fit.

Both get the same data, the same hyperparameters and the same random_state, and nothing else: glassnet
draws the same first weights and the same batches from it. Run: python tools/agreement.py
With --checks: count scikit-learn's check_estimator instead, for both libraries.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter

import numpy as np
from sklearn import neural_network as scikit
from sklearn.datasets import load_diabetes, load_digits, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import check_estimator

import glassnet

EPOCHS = 20
SOLVERS = {
    "adam": {"solver": "adam"},
    "sgd, Nesterov": {"solver": "sgd", "learning_rate_init": 0.05},
    "sgd, momentum": {"solver": "sgd", "learning_rate_init": 0.05, "nesterovs_momentum": False},
    "sgd, invscaling": {"solver": "sgd", "learning_rate_init": 0.5, "learning_rate": "invscaling"},
    "lbfgs": {"solver": "lbfgs"},
}


def problems():
    """Yield (name, estimator, X, y, further parameters)."""
    X, y = load_digits(return_X_y=True)
    X = X / 16
    yield "10 classes", "MLPClassifier", X, y, {}
    yield "2 classes", "MLPClassifier", X, np.where(y > 4, "high", "low"), {"activation": "tanh"}
    yield "5 labels", "MLPClassifier", *make_multilabel_classification(500, random_state=0), {}
    X, y = load_diabetes(return_X_y=True)
    X, y = X / X.std(axis=0), (y - y.mean()) / y.std()
    small = {"learning_rate_init": 0.01}
    yield "1 target", "MLPRegressor", X, y, {**small, "activation": "logistic"}
    yield "2 targets", "MLPRegressor", X, np.column_stack([y, X[:, 0] * y]), small
    counts = np.random.RandomState(0).poisson(np.exp(y / 2))
    yield "counts", "MLPRegressor", X, counts, {**small, "loss": "poisson"}


def compare(name, X, y, parameters):
    """Fit both; return (largest weight difference, relative loss difference, both losses)."""
    fitted = []
    for module in (glassnet, scikit):
        model = getattr(module, name)(
            hidden_layer_sizes=(32, 16), max_iter=EPOCHS, tol=1e-6, random_state=7, **parameters
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted.append(model.fit(X, y))
    ours, theirs = fitted
    pairs = zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True)
    weights = max(float(np.abs(a - b).max()) for a, b in pairs)
    return weights, abs(ours.loss_ - theirs.loss_) / abs(theirs.loss_), ours.loss_, theirs.loss_


def rows():
    """Yield one row of the table for every problem and solver."""
    for problem, name, X, y, extra in problems():
        for solver, parameters in SOLVERS.items():
            yield problem, solver, *compare(name, X, y, {**parameters, **extra})


def checks(estimator):
    """Return check_estimator's results: {status: names of the checks}."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, on_fail=None, on_skip=None)
    found = {"passed": [], "skipped": [], "failed": []}
    for result in results:
        found[result["status"]].append(result["check_name"])
    return found


def print_checks():
    print("| | passed | skipped | failed |")
    print("|---|---|---|---|")
    for name in ("MLPClassifier", "MLPRegressor"):
        ours, theirs = (checks(getattr(module, name)(max_iter=100)) for module in (glassnet, scikit))
        print(f"| {name} | {' | '.join(str(len(names)) for names in ours.values())} |")
        if Counter(ours["skipped"]) != Counter(theirs["skipped"]):
            sys.exit(f"{name} skips {ours['skipped']}, scikit-learn's {theirs['skipped']}.")


def main():
    if "--checks" in sys.argv[1:]:
        print_checks()
        return
    print(f"After {EPOCHS} epochs from the same random_state, float64:\n")
    print("| data | solver | largest weight difference | relative loss difference |")
    print("|---|---|---|---|")
    for problem, solver, weights, loss, *_ in rows():
        print(f"| {problem} | {solver} | {weights:.1e} | {loss:.1e} |")


if __name__ == "__main__":
    main()
