import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning


@pytest.fixture(scope="session")
def data():
    """Small data of every kind, 240 rows of 6 columns."""
    random = np.random.RandomState(0)
    X = random.normal(size=(240, 6))
    kind = np.digitize(X[:, 0] + 0.5 * X[:, 1] ** 2, [-0.3, 0.9])
    _, labels = make_multilabel_classification(240, 6, n_classes=3, random_state=0)
    return SimpleNamespace(
        X=X,
        binary=np.where(kind > 0, "yes", "no"),
        classes=np.array(["red", "green", "blue"])[kind],
        multilabel=labels,
        values=X[:, 0] - X[:, 2] + 0.1 * random.normal(size=240),
        targets=np.column_stack([X[:, 0], X[:, 1] * 2]),
    )


@pytest.fixture
def fit():
    """Fit without the warning that few epochs give."""

    def fitted(model, *arguments, **options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(*arguments, **options)

    return fitted
