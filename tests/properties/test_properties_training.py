"""Training: which rows it takes, where random networks start, and that no step loops over rows in Python."""

import sys
from pathlib import Path

import numpy as np
import pytest
from drawn import ACTIVATIONS, LAYERS, LOSSES, drawn_targets, few, layer_of, problems
from hypothesis import given
from hypothesis import strategies as st

import glassnet as gn
from glassnet import activations
from glassnet.callbacks import Callback

PACKAGE = str(Path(gn.__file__).parent)


class Rows(Callback):
    """Remembers the first feature of every row that a step saw."""

    def __init__(self):
        self.epochs = []

    def on_epoch_start(self, training):
        self.epochs.append([])

    def on_step_end(self, training, loss):
        inputs = training.memory.contexts[0].saved["inputs"]
        self.epochs[-1].extend(inputs[:, 0].astype(int).tolist())


@given(
    n=st.integers(3, 60),
    batch_size=st.integers(1, 70),
    fraction=st.floats(0, 0.6),
    seed=st.integers(0, 2**32),
    shuffle=st.booleans(),
)
@few(40)
def test_every_training_row_is_used_once_and_no_validation_row(n, batch_size, fraction, seed, shuffle):
    X, y = np.arange(1.0, n + 1)[:, None], np.arange(n) % 2  # a row of 0 would give a tie at first
    net, seen = gn.Network([gn.Dense(2)], seed=seed, dtype="float64"), Rows()
    history = net.fit(
        X,
        y,
        loss="softmax_cross_entropy",
        optimizer=gn.SGD(1e-12),
        epochs=2,
        batch_size=batch_size,
        shuffle=shuffle,
        validation_fraction=fraction,
        metrics=["accuracy"],
        callbacks=[seen],
    )
    used = sorted(seen.epochs[0])
    assert used == sorted(seen.epochs[1]) == sorted(set(used))
    held_out = sorted(set(range(1, n + 1)) - set(used))
    assert len(held_out) == (max(1, round(n * fraction)) if fraction else 0)
    for name, rows in (("", used), ("val_", held_out)):
        if rows:
            part = np.array(rows) - 1
            figures = net.evaluate(X[part], y[part], loss="softmax_cross_entropy", metrics=["accuracy"])
            assert history[f"{name}accuracy"][-1] == figures["accuracy"]
            assert history[f"{name}loss"][-1] == pytest.approx(figures["loss"], rel=1e-6)
        else:
            assert f"{name}accuracy" not in history


@given(
    activation=st.sampled_from(["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh"]),
    widths=st.lists(st.integers(40, 120), min_size=3, max_size=7),
    seed=st.integers(0, 2**32),
)
@few(40)
def test_first_weights_carry_the_signal_through_deep_networks(activation, widths, seed):
    generator = np.random.default_rng(seed)
    X, y = generator.normal(size=(64, 50)), generator.integers(0, 10, 64)
    layers = [gn.Dense(width, activation=activation) for width in widths]
    seen = gn.trace(gn.Network([*layers, gn.Dense(10)], seed=seed), X, y, gn.SoftmaxCrossEntropy())
    # Weights of 0.01 would divide the signal by about ten at each of these layers, and the gradient too.
    for i in range(len(widths)):
        assert 0.02 < seen[f"dense{i + 1}"].a.std() < 5
    sizes = [np.abs(seen[f"dense{i + 1}"].dz).mean() for i in range(len(widths))]
    assert 0.02 < sizes[0] / sizes[-1] < 50


def lines_executed(work):
    """How many lines of glassnet run in `work`: a loop over rows shows as more lines for more rows."""
    count = 0

    def look(frame, event, argument):
        nonlocal count
        count += event == "line"
        return look if frame.f_code.co_filename.startswith(PACKAGE) else None

    before = sys.gettrace()
    sys.settrace(look)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("loss_class", LOSSES, ids=lambda cls: cls.__name__)
@given(data=st.data())
@few(3)
def test_no_loss_loops_over_rows(data, loss_class):
    problem = data.draw(problems(loss_class))
    counts = []
    for n in (200, 400):
        y = drawn_targets(data.draw, problem, n)
        outputs = np.random.default_rng(n).dirichlet(np.ones(problem.n_outputs), n)
        outputs = outputs if problem.n_outputs > 1 else outputs * 0.5
        counts.append(lines_executed(lambda o=outputs, t=y: problem.loss.value_and_gradient(o, t)))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("layer_class", LAYERS, ids=lambda cls: cls.__name__)
@given(data=st.data())
@few(10)
def test_no_layer_loops_over_rows(data, layer_class):
    check_lines(data.draw(layer_of(layer_class)))


@pytest.mark.parametrize("name", sorted(activations.BY_NAME))
def test_no_activation_loops_over_rows(name):
    check_lines(gn.Activation(name))


@given(activation=ACTIVATIONS)
@few(10)
def test_no_dense_layer_loops_over_rows(activation):
    check_lines(gn.Dense(3, activation=activation))


def check_lines(layer):
    """A pass forward and back through the layer runs the same lines for 200 rows as for 400."""
    counts = []
    for n in (200, 400):
        net = gn.Network([gn.Dense(3), layer, gn.Dense(2)], seed=0, dtype="float64")
        X = np.random.default_rng(0).normal(size=(n, 4))

        def there_and_back(net=net, X=X):
            net.backward(net.forward(X, training=True))

        there_and_back()  # whatever is only done once is done
        counts.append(lines_executed(there_and_back))
    assert counts[0] == counts[1]
