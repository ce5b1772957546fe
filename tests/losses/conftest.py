"""The list of losses that the tests of this folder run over, one case for each form of targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from glassnet import losses
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


def pytest_generate_tests(metafunc):
    """Give a test that asks for a `case` every case, and one that asks for a `cls` every loss."""
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", CASES, ids=lambda case: case.name)
    if "cls" in metafunc.fixturenames and "name" not in metafunc.fixturenames:
        classes = sorted(set(losses.BY_NAME.values()), key=lambda cls: cls.__name__)
        metafunc.parametrize("cls", classes)


@pytest.fixture
def all_cases():
    return CASES
