"""scikit-learn's MLPClassifier."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.cases import Case
from benchmarks.peers.base import Peer
from benchmarks.timing import Work, calls

warnings.simplefilter("ignore", ConvergenceWarning)


class Scikit(Peer):
    packages = ("scikit-learn", "numpy", "scipy")

    def steps(self, case: Case) -> Work:
        X, y = case.data()

        def run(n: int) -> float:
            model = classifier(case, max_iter=1, warm_start=True).fit(X, y)
            model.set_params(max_iter=n)
            started = time.perf_counter()
            model.fit(X, y)  # goes on with the weights there are, and checks the data once more
            return time.perf_counter() - started

        return Work(run, case.steps_per_epoch)

    def fit(self, case: Case) -> Work:
        X, y = case.data()
        return calls(lambda: classifier(case, max_iter=case.epochs).fit(X, y))

    def predict(self, case: Case) -> Work:
        X = case.features()
        few = np.resize(X, (8, X.shape[1]))
        labels = np.resize(np.arange(case.widths[-1]), 8)
        model = classifier(case, max_iter=1).fit(few, labels)
        return calls(lambda: model.predict_proba(X))


def classifier(case: Case, **settings: Any) -> MLPClassifier:
    return MLPClassifier(
        case.widths[1:-1],
        alpha=0.0,
        batch_size=min(case.batch, case.rows),
        tol=0.0,
        n_iter_no_change=10**9,  # all epochs
        random_state=0,
        **settings,
    )
