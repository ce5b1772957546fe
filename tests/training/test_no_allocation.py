"""A warm training step allocates no arrays: every buffer is made once and used again."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import glassnet as gn
from glassnet import kernels

# The smallest arrays, one column of a batch and one layer's weights, have 64 KiB; NumPy's broadcasting takes
# a fixed 32 KiB for a moment, whatever the shapes, and gives them back.
N, BATCH, FEATURES, WIDTH = 32_768, 16_384, 128, 128
SMALLEST = 48 * 1024


class Watch(gn.callbacks.Callback):
    """Notes the most that a step holds above what was there before it, in the second epoch."""

    def __init__(self):
        self.most = 0

    def on_epoch_start(self, training):
        if training.epoch == 1:
            tracemalloc.start()

    def on_step_end(self, training, loss):
        if training.epoch < 1:
            return
        now, peak = tracemalloc.get_traced_memory()
        if training.batch > 1:
            self.most = max(self.most, peak - self.before)
        tracemalloc.reset_peak()
        self.before = now

    def on_fit_end(self, training):
        tracemalloc.stop()


def steps(layers, loss="softmax_cross_entropy", optimizer="adam", y=None, n_outputs=10, **options):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, FEATURES)).astype(np.float32)
    y = rng.integers(0, n_outputs, N) if y is None else y
    watch = Watch()
    net = gn.Network([*layers, gn.Dense(n_outputs)], seed=0)
    options |= {"loss": loss, "optimizer": optimizer, "epochs": 2, "batch_size": BATCH}
    net.fit(X, y, callbacks=[watch], **options)
    return watch


@pytest.fixture(params=["numpy", "numba"])
def kernel_choice(request):
    before = kernels.chosen()
    if request.param == "numba":
        pytest.importorskip("numba")
    kernels.use(request.param)
    yield request.param
    kernels.use(before)


def hidden(**options):
    return [gn.Dense(WIDTH, **options)]


LAYERS = {name: hidden(activation=name) for name in gn.activations.BY_NAME} | {
    "dropout": [*hidden(activation="relu"), gn.Dropout(0.5)],
    "batch norm": [*hidden(), gn.BatchNorm(), gn.Activation("relu")],
    "layer norm": [*hidden(), gn.LayerNorm(), gn.Activation("tanh")],
    "residual": [*hidden(), gn.Residual([gn.Dense(WIDTH, activation="relu"), gn.Dense(WIDTH)])],
    "projection": [gn.Residual([gn.Dense(WIDTH, activation="relu")])],
    "penalties": hidden(activation="relu", l1=1e-4, l2=1e-4, max_norm=2.0),
    "no bias": hidden(activation="relu", bias=False),
}


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_no_layer_allocates_in_a_step(name, kernel_choice):
    assert steps(LAYERS[name]).most < SMALLEST


OPTIMIZERS = {name: name for name in set(gn.optimizers.BY_NAME) - {"lbfgs"}} | {
    "nesterov": gn.SGD(0.01, momentum=0.9, nesterov=True),
    "averaged": gn.SGD(0.01, momentum=0.9, averaged=True),
    "rmsprop, all": gn.RMSprop(momentum=0.9, centered=True),
    "clipped": gn.Adam(clip_norm=1.0, clip_value=0.5, weight_decay=0.01),
    "scheduled": gn.SGD(gn.schedules.InverseTime(0.1, decay=1e-3)),
}


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_no_optimiser_allocates_in_a_step(name, kernel_choice):
    assert steps(hidden(activation="relu"), optimizer=OPTIMIZERS[name]).most < SMALLEST


RNG = np.random.default_rng(1)
SHARES = RNG.dirichlet(np.ones(3), N)
LOSSES = {
    "mse": RNG.normal(size=(N, 3)),
    "mae": RNG.normal(size=(N, 3)),
    "huber": RNG.normal(size=(N, 3)),
    "quantile": RNG.normal(size=(N, 3)),
    "poisson": RNG.poisson(2.0, size=(N, 3)),
    "sigmoid_cross_entropy": RNG.integers(0, 2, size=(N, 3)),
    "softmax_cross_entropy": RNG.integers(0, 3, N),
    "softmax_kullback_leibler": SHARES,
}


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_no_loss_allocates_in_a_step(name, kernel_choice):
    assert steps(hidden(activation="relu"), name, y=LOSSES[name], n_outputs=3).most < SMALLEST


OPTIONS = {"order": {"shuffle": False}, "weights": {"sample_weight": np.ones(N)}}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_other_ways_of_fitting_allocate_nothing_in_a_step(options, kernel_choice):
    assert steps(hidden(activation="relu"), **options).most < SMALLEST


def test_nothing_grows_over_a_thousand_steps(kernel_choice):
    class Grown(gn.callbacks.Callback):
        def on_step_end(self, training, loss):
            if training.optimizer_state.step == 20:
                tracemalloc.start()
                self.first = tracemalloc.get_traced_memory()[0]
            elif training.optimizer_state.step == 1020:
                self.grown = tracemalloc.get_traced_memory()[0] - self.first
                tracemalloc.stop()

    grown = Grown()
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1024 * 8, 4)), rng.integers(0, 3, 1024 * 8)
    layers = [gn.Dense(16), gn.BatchNorm(), gn.Activation("relu"), gn.Dropout(0.2), gn.Dense(3)]
    net = gn.Network(layers, seed=0)
    net.fit(X, y, loss="softmax_cross_entropy", epochs=1, batch_size=8, callbacks=[grown])
    assert grown.grown < 2000
