"""A small task, and a callback that writes the figures that the tested ones shall see."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn


class Script(gn.callbacks.Callback):
    """Adds the column "score" with one value after the other."""

    def __init__(self, values, name="score"):
        self.values, self.name = list(values), name

    def on_epoch_end(self, training, logs):
        logs[self.name] = self.values[training.epoch - 1]


@pytest.fixture
def script():
    return Script


@pytest.fixture
def data():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(40, 3)).astype(np.float32)
    return X, (X[:, 0] > 0).astype(int)


@pytest.fixture
def make_network():
    def make(*, seed=0):
        return gn.Network([gn.Dense(4, activation="relu"), gn.BatchNorm(), gn.Dense(2)], seed=seed)

    return make


@pytest.fixture
def fit(data, make_network):
    """Fit a fresh network (or the one given) with these callbacks; return network and history."""

    def run(*callbacks, network=None, epochs=5, **options):
        net = network or make_network()
        options = {"loss": "softmax_cross_entropy", "batch_size": 16} | options
        history = net.fit(*data, epochs=epochs, callbacks=list(callbacks), **options)
        return net, history

    return run


@pytest.fixture
def watch_scores(fit, script):
    """Fit as many epochs as there are scores, the callback seeing them; return network and history."""

    def run(callback, scores, *more, **options):
        return fit(script(scores), callback, *more, epochs=len(scores), **options)

    return run
