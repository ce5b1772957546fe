"""Exact resume: a run that is broken and resumed ends bit for bit like an unbroken one."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import glassnet as gn
from glassnet.callbacks import Callback
from glassnet.files.checkpoint import previous_of

TIMES = ("seconds", "samples_per_second")


class Break(Callback):
    """Ends the run as a kill would: without a chance to finish anything, after a given update."""

    acts_last = True

    def __init__(self, step):
        self.step = step

    def on_step_end(self, training, loss):
        if training.optimizer_state.step == self.step:
            raise KeyboardInterrupt


class KeepState(Callback):
    """Keeps the optimiser's arrays as training leaves them."""

    def on_fit_end(self, training):
        state = training.optimizer_state
        self.kept = {name: slot.copy() for name, slot in state.slots.items()} | {"step": state.step}


def data():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(90, 5)).astype("float32")
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


def run(path=None, resume=None, stop_at=None, **changes):
    X, y = data()
    layers = [gn.Dense(12, activation="relu"), gn.BatchNorm(), gn.Dropout(0.2), gn.Dense(2)]
    net = gn.Network(layers, seed=changes.pop("seed", 3))
    keep = KeepState()
    callbacks = [
        keep,
        gn.EarlyStopping(patience=4),
        gn.ReduceOnPlateau(patience=2, factor=0.5),
        *([gn.Checkpoint(path, every_steps=changes.pop("every_steps", 1))] if path else []),
        *([Break(stop_at)] if stop_at else []),
    ]
    options = {
        "loss": "softmax_cross_entropy",
        "optimizer": gn.Adam(gn.schedules.OneCycle(0.02, steps=120)),
        "epochs": 12,
        "batch_size": 16,
        "validation_fraction": 0.2,
        "metrics": ["accuracy"],
        "callbacks": callbacks,
        "resume": resume,
    } | changes
    X = options.pop("X", X)
    try:
        history = net.fit(X, y, **options)
    except KeyboardInterrupt:
        return None
    columns = {name: column for name, column in history.items() if name not in TIMES}
    return net.parameters.values, net.parameters.statistics.flat, keep.kept, columns, history.stop_reason


def assert_same(a, b):
    np.testing.assert_array_equal(a[0], b[0])
    np.testing.assert_array_equal(a[1], b[1])
    for name in a[2]:
        np.testing.assert_array_equal(a[2][name], b[2][name])
    assert a[3] == b[3]
    assert a[4] == b[4]


@pytest.fixture(scope="module")
def unbroken():
    return run()


# 72 training rows in batches of 16 are 5 steps an epoch: 5, 6 and 10 lie at the borders of epochs.
@pytest.mark.parametrize("step", [1, 2, 4, 5, 6, 9, 10, 23, 31])
@pytest.mark.parametrize("every_steps", [1, 3])
def test_broken_after_any_step_it_ends_like_an_unbroken_run(tmp_path, unbroken, step, every_steps):
    path = tmp_path / "run.checkpoint"
    assert run(path, stop_at=step, every_steps=every_steps) is None
    assert_same(run(path, resume=path, every_steps=every_steps), unbroken)


def test_broken_many_times(tmp_path, unbroken):
    path = tmp_path / "run.checkpoint"
    for step in (3, 8, 8 + 5, 22, 23):
        assert run(path, resume=path, stop_at=step) is None
    assert_same(run(path, resume=path), unbroken)


@pytest.mark.parametrize("optimizer", sorted(set(gn.optimizers.BY_NAME) - {"lbfgs"}))
def test_every_optimizer_resumes_exactly(tmp_path, optimizer):
    path = tmp_path / "run.checkpoint"
    expected = run(optimizer=optimizer)
    assert run(path, stop_at=12, optimizer=optimizer, every_steps=5) is None
    assert_same(run(path, resume=path, optimizer=optimizer), expected)


def test_a_damaged_checkpoint_is_recognised_and_the_previous_one_used(tmp_path, unbroken):
    path = tmp_path / "run.checkpoint"
    assert run(path, stop_at=9) is None
    whole = path.read_bytes()
    for damaged in (whole[:-3], whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:], b""):
        path.write_bytes(damaged)
        with pytest.warns(UserWarning, match="is damaged: .* The previous checkpoint is used instead"):
            assert_same(run(None, resume=path), unbroken)
    path.write_bytes(b"")
    previous_of(path).write_bytes(whole[:50])
    with pytest.raises(gn.FileFormatError, match=r"damaged: .*damaged: "):
        run(None, resume=path)


def test_a_missing_checkpoint_starts_afresh_only_if_this_run_writes_it(tmp_path, unbroken):
    path = tmp_path / "run.checkpoint"
    assert_same(run(path, resume=path), unbroken)
    with pytest.raises(FileNotFoundError, match=r"no checkpoint .* to resume from.*add callbacks="):
        run(None, resume=tmp_path / "other.checkpoint")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 4}, r"another network \(seed: 3 there, 4 here\)\. Build it with seed=3"),
        ({"optimizer": gn.Adam(0.02)}, r"another optimizer \(learning_rate: .*OneCycle.* there, 0.02 here\)"),
        ({"optimizer": "sgd"}, r"another optimizer \(class: 'Adam' there, 'SGD' here"),
        ({"loss": gn.SoftmaxCrossEntropy(label_smoothing=0.1)}, r"another loss \(label_smoothing: 0.0 there"),
        ({"batch_size": 8}, "batch_size was 16 in the checkpoint and is 8 here"),
        ({"metrics": []}, r"metrics was \['accuracy'\]"),
        ({"X": data()[0] + 1}, "made with other training data"),
        ({"validation_fraction": 0.3}, "made with other training data"),
        ({"callbacks": []}, r"callbacks was \[\{'class': 'EarlyStopping'.*'ReduceOnPlateau'"),
        (
            {"callbacks": [gn.EarlyStopping(patience=4), gn.ReduceOnPlateau(patience=3, factor=0.5)]},
            "callbacks was .*'patience': 2.* and is .*'patience': 3",
        ),
        (
            {"epochs": 1, "stop_at": 8},
            "in epoch 2 already; epochs must be at least that, got 1",
        ),
        ({"shuffle": False}, "shuffle was True"),
    ],
)
def test_other_data_network_or_hyperparameters_are_refused(tmp_path, change, message):
    path = tmp_path / "run.checkpoint"
    change = dict(change)
    run(path, stop_at=change.pop("stop_at", 4))
    with pytest.raises(gn.HyperparameterError, match=message):
        run(None, resume=path, **change)


def test_more_epochs_go_on_from_where_it_was(tmp_path):
    X, y = data()

    def train(epochs, **options):
        net = gn.Network([gn.Dense(4, activation="tanh"), gn.Dense(2)], seed=0)
        net.fit(X, y, loss="softmax_cross_entropy", epochs=epochs, **options)
        return net.parameters.values

    path = tmp_path / "run.checkpoint"
    train(3, callbacks=[gn.Checkpoint(path, every_steps=2)])
    np.testing.assert_array_equal(train(7, resume=path), train(7))


def test_bad_checkpoints_are_refused_before_the_first_step(tmp_path):
    with pytest.raises(gn.DataError, match="there is no folder"):
        run(tmp_path / "absent" / "x")
    with pytest.raises(gn.HyperparameterError, match=r"every_steps must lie in \[1, inf\), got 0"):
        gn.Checkpoint("x", every_steps=0)
    with pytest.raises(gn.HyperparameterError, match="cannot serve L-BFGS"):
        gn.Network([gn.Dense(1)]).fit(
            *data(), loss="mse", optimizer="lbfgs", callbacks=[gn.Checkpoint(tmp_path / "x")]
        )


class Remember(Callback):
    """A callback of the user's own, with memory of kinds that JSON does not know."""

    def on_fit_start(self, training):
        self.seen = []

    def on_epoch_end(self, training, logs):
        self.seen.append((np.float32(logs["loss"]), np.int64(training.epoch), float("nan")))

    def state(self):
        return {"seen": self.seen} if self.seen else {}

    def restore(self, state):
        self.seen = [tuple(item) for item in state.get("seen", [])]


def test_callbacks_of_ones_own_remember(tmp_path):
    path = tmp_path / "run.checkpoint"

    def train(*more, **options):
        X, y = data()
        remember = Remember()
        net = gn.Network([gn.Dense(2)], seed=0)
        callbacks = [remember, gn.EarlyStopping(patience=9), *more]
        fit = {"loss": "softmax_cross_entropy", "epochs": 4, "batch_size": 30, "callbacks": callbacks}
        with contextlib.suppress(KeyboardInterrupt):
            net.fit(X, y, **fit | options)
        return remember.seen

    whole = train()
    train(gn.Checkpoint(path, every_steps=1), Break(8))
    resumed = train(resume=path)
    assert [item[:2] for item in resumed] == [item[:2] for item in whole]


def test_a_long_history_is_read_back(tmp_path):
    path = tmp_path / "run.checkpoint"
    X, y = data()

    class Long(Callback):
        def on_fit_start(self, training):
            for name in ("loss", "learning_rate", "seconds", "samples_per_second"):
                training.history.replace({**training.history, name: [0.1] * 200_000})

    def train(epochs, *callbacks, **options):
        net = gn.Network([gn.Dense(2)], seed=0)
        fit = {"loss": "softmax_cross_entropy", "epochs": epochs, "batch_size": None}
        return net.fit(X, y, callbacks=list(callbacks), **fit | options)

    train(2, Long(), gn.Checkpoint(path, every_steps=1))
    assert train(3, resume=path).n_epochs == 200_003


def test_the_same_path_written_otherwise_starts_afresh(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X, y = data()
    net = gn.Network([gn.Dense(2)], seed=0)
    callbacks = [gn.Checkpoint("c", every_steps=1)]
    net.fit(X, y, loss="softmax_cross_entropy", epochs=1, resume=tmp_path / "c", callbacks=callbacks)
    net.save("model.safetensors")
    with pytest.raises(gn.FileFormatError, match="but no checkpoint"):
        net.fit(X, y, loss="softmax_cross_entropy", epochs=1, resume="model.safetensors")


SCRIPT = """
import sys, time
import numpy as np
import glassnet as gn
path, out = sys.argv[1:]
X = np.random.default_rng(0).normal(size=(200, 6)).astype("float32")
y = (X[:, 0] * X[:, 1] > 0).astype(int)
layers = [gn.Dense(16, activation="relu"), gn.BatchNorm(), gn.Dropout(0.2), gn.Dense(2)]
net = gn.Network(layers, seed=1)

class Slow(gn.callbacks.Callback):
    def on_step_end(self, training, loss):
        time.sleep(0.001)

history = net.fit(X, y, loss="softmax_cross_entropy", epochs=25, batch_size=16, validation_fraction=0.2,
                  optimizer=gn.Adam(gn.schedules.OneCycle(0.02, steps=250)), metrics=["accuracy"],
                  callbacks=[gn.EarlyStopping(patience=8), Slow(), gn.Checkpoint(path, every_steps=3)],
                  resume=path)
columns = {k: v for k, v in history.items() if k not in ("seconds", "samples_per_second")}
np.savez(out, values=net.parameters.values, statistics=net.parameters.statistics.flat, **columns)
"""


def test_a_real_process_killed_at_random_moments(tmp_path):
    """GLASSNET_KILLS=50 for the exhaustive one (make kills)."""
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(SCRIPT))
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}

    def start(name):
        command = [
            sys.executable,
            str(script),
            str(tmp_path / f"{name}.checkpoint"),
            str(tmp_path / f"{name}.npz"),
        ]
        return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)

    began = time.monotonic()
    assert start("unbroken").wait(120) == 0
    whole = time.monotonic() - began
    chance = random.Random(0)
    kills, wanted, rounds = 0, int(os.environ.get("GLASSNET_KILLS", "5")), 0
    while kills < wanted:
        rounds += 1
        name = f"run{rounds}"
        while True:
            process = start(name)
            try:
                code = process.wait(chance.uniform(0.3, 1.1) * whole if kills < wanted else 120)
                assert code == 0
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                kills += 1
        with np.load(tmp_path / "unbroken.npz") as expected, np.load(tmp_path / f"{name}.npz") as found:
            assert set(expected) == set(found)
            for key in expected:
                np.testing.assert_array_equal(found[key], expected[key])
    print(f"{kills} kills in {rounds} runs, every run ended bit for bit like the unbroken one")
