"""Threads: predictions are the same bits, fits do not touch each other, one network has one trainer."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import glassnet as gn

THREADS, CALLS = 8, 10_000


@pytest.fixture(autouse=True)
def eager_switching():
    """Let threads take turns a hundred times as often as they would."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-5)
    yield
    sys.setswitchinterval(before)


def layers():
    return [
        gn.Dense(16, activation="gelu"),
        gn.BatchNorm(),
        gn.Residual([gn.LayerNorm(), gn.Dense(16, activation="relu"), gn.Dropout(0.2)]),
        gn.Dense(3, activation="softmax"),
    ]


def data(seed):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(240, 6)).astype(np.float32)
    return X, (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


def fit(net, seed, **more):
    options = {"loss": "categorical_cross_entropy", "epochs": 6, **more}
    net.fit(*data(seed), **options)
    return net


def test_eight_threads_predict_the_bits_that_one_predicts():
    net = fit(gn.Network(layers(), seed=0), 0)
    X, _ = data(1)
    parts = [X[: 1 + i % 40] for i in range(THREADS * 5)]
    expected = [net.predict(part).tobytes() for part in parts]
    start = threading.Barrier(THREADS)

    def work(number):
        start.wait()
        wrong = 0
        for call in range(CALLS // THREADS):
            i = (number * 7 + call) % len(parts)
            wrong += net.predict(parts[i]).tobytes() != expected[i]
        return wrong

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(work, range(THREADS))) == 0


def test_fits_of_two_networks_in_two_threads_are_those_of_one_thread():
    alone = [fit(gn.Network(layers(), seed=i), i).parameters.values for i in range(2)]
    together = [gn.Network(layers(), seed=i) for i in range(2)]
    start = threading.Barrier(2)

    def work(i):
        start.wait()
        fit(together[i], i)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other.parameters.values)


class Hold(gn.callbacks.Callback):
    """Waits inside a training until it is let go."""

    def __init__(self):
        self.inside, self.go = threading.Event(), threading.Event()

    def on_epoch_start(self, training):
        self.inside.set()
        assert self.go.wait(20)


def test_a_network_in_training_refuses_a_second_trainer_and_is_free_afterwards():
    net, hold = gn.Network(layers(), seed=0), Hold()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(fit, net, 0, callbacks=[hold])
        try:
            assert hold.inside.wait(20)
            with pytest.raises(gn.GlassnetError, match="being trained by another thread; train a copy"):
                fit(net, 1)
        finally:
            hold.go.set()
        running.result()
    expected = fit(gn.Network(layers(), seed=0), 0)
    np.testing.assert_array_equal(net.parameters.values, expected.parameters.values)
    fit(net, 1)


def test_many_threads_make_networks_and_load_them(tmp_path):
    fit(gn.Network(layers(), seed=0), 0).save(tmp_path / "m.safetensors")
    X, _ = data(2)
    expected = gn.load(tmp_path / "m.safetensors").predict(X)

    def work(_):
        return all(
            np.array_equal(gn.load(tmp_path / "m.safetensors").predict(X), expected) for _ in range(20)
        )

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(work, range(THREADS)))
