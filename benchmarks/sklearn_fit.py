"""Time fit against scikit-learn's MLPClassifier: same data, same epochs, taken in turns in one run.

Run: OPENBLAS_NUM_THREADS=1 python benchmarks/sklearn_fit.py [--repeats 5]
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings

import numpy as np
from sklearn import neural_network as scikit
from sklearn.datasets import load_digits, make_classification
from sklearn.exceptions import ConvergenceWarning

import glassnet


def cases():
    """Yield (name, X, y, parameters)."""
    X, y = load_digits(return_X_y=True)
    yield "digits, 1,797 x 64, (100,), 30 epochs", X / 16, y, {"max_iter": 30}
    X, y = make_classification(20_000, 50, n_informative=20, n_classes=3, random_state=0)
    yield "20,000 x 50, (100, 50), 5 epochs", X, y, {"max_iter": 5, "hidden_layer_sizes": (100, 50)}
    X32 = X.astype(np.float32)
    yield "the same in float32", X32, y, {"max_iter": 5, "hidden_layer_sizes": (100, 50)}


def seconds(module, X, y, parameters):
    model = module.MLPClassifier(random_state=0, tol=0.0, n_iter_no_change=1000, **parameters)
    started = time.perf_counter()
    model.fit(X, y)
    assert model.n_iter_ == parameters["max_iter"]
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    warnings.simplefilter("ignore", ConvergenceWarning)
    print("| data | glassnet, s | scikit-learn, s | ratio |")
    print("|---|---|---|---|")
    for name, X, y, parameters in cases():
        times = {glassnet: [], scikit: []}
        for module in times:
            seconds(module, X[:400], y[:400], {**parameters, "max_iter": 1})  # imports, first touches
        for _ in range(repeats):
            for module, taken in times.items():
                taken.append(seconds(module, X, y, parameters))
        ours, theirs = (statistics.median(taken) for taken in times.values())
        print(f"| {name} | {ours:.3f} | {theirs:.3f} | {theirs / ours:.2f} |")


if __name__ == "__main__":
    main()
