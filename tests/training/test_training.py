"""The training loop: what it computes, records and refuses."""

import threading
from itertools import chain

import numpy as np
import pytest

import glassnet as gn
from glassnet.callbacks import Callback


def table(n=50, width=4, seed=0):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, width))
    return X, (X[:, 0] + X[:, 1] > 0).astype(int)


def classifier(seed=0, **options):
    return gn.Network([gn.Dense(8, activation="relu"), gn.Dense(2)], seed=seed, **options)


FIT = {"loss": "softmax_cross_entropy", "optimizer": "adam", "epochs": 3, "batch_size": 16}


class Rows(Callback):
    """Remembers which rows every step saw (the first feature is the row's number)."""

    def __init__(self):
        self.steps = []

    def on_step_end(self, training, loss):
        inputs = training.memory.contexts[0].saved["inputs"]
        self.steps.append(inputs[:, 0].astype(int).tolist())


def test_every_row_once_an_epoch_in_a_new_order_with_the_last_partial_batch():
    X = np.arange(50.0)[:, None]
    seen = Rows()
    classifier().fit(X, np.zeros(50, int), **FIT | {"optimizer": gn.SGD(1e-9), "callbacks": [seen]})
    assert [len(step) for step in seen.steps] == [16, 16, 16, 2] * 3
    orders = [list(chain(*seen.steps[i : i + 4])) for i in (0, 4, 8)]
    for order in orders:
        assert sorted(order) == list(range(50))
    assert orders[0] != list(range(50))
    assert orders[0] != orders[1] != orders[2]


def test_without_shuffling_rows_come_in_order():
    seen = Rows()
    X = np.arange(20.0)[:, None]
    classifier().fit(
        X, np.zeros(20, int), **FIT | {"optimizer": gn.SGD(1e-9), "callbacks": [seen], "shuffle": False}
    )
    assert list(chain(*seen.steps[:2])) == list(range(20))


def test_one_sgd_step_equals_the_hand_driven_one():
    X, y = table(dtype := 20)
    net, hand = classifier(dtype="float64"), classifier(dtype="float64")
    loss = gn.SoftmaxCrossEntropy()
    net.fit(X, y, loss=loss, optimizer=gn.SGD(0.1), epochs=2, batch_size=None)
    state = None
    for _ in range(2):
        _, gradient = loss.value_and_gradient(hand.forward(X, training=True), y)
        hand.backward(gradient)
        state = state or gn.SGD(0.1).create_state(hand.parameters.values)
        gn.SGD(0.1).update(hand.parameters.values, hand.parameters.gradients, state)
    np.testing.assert_allclose(net.parameters.values, hand.parameters.values, rtol=1e-13)
    assert dtype == 20


@pytest.mark.parametrize("optimizer", sorted(gn.optimizers.BY_NAME))
def test_the_same_seed_gives_the_same_bits_and_another_does_not(optimizer):
    X, y = table()
    layers = [gn.Dense(8, activation="relu"), gn.BatchNorm(), gn.Dense(2)]
    if optimizer != "lbfgs":
        layers.insert(2, gn.Dropout(0.3))
    runs = []
    for seed in (1, 1, 2):
        net = gn.Network(layers, seed=seed)
        history = net.fit(X, y, **FIT | {"optimizer": optimizer, "validation_fraction": 0.2})
        runs.append((net.parameters.values.copy(), history["loss"]))
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]
    assert (runs[0][0] != runs[2][0]).any()


@pytest.mark.parametrize(
    ("activation", "probabilities", "logits", "targets"),
    [
        ("softmax", "categorical_cross_entropy", "softmax_cross_entropy", "labels"),
        ("softmax", "categorical_cross_entropy", "softmax_cross_entropy", "one_hot"),
        ("sigmoid", "binary_cross_entropy", "sigmoid_cross_entropy", "one_hot"),
    ],
)
@pytest.mark.parametrize("as_layer", [False, True])
def test_fused_training_equals_the_logits_form(activation, probabilities, logits, targets, as_layer):
    X, y = table()
    y = y if targets == "labels" else np.eye(2)[y]
    hidden = gn.Dense(8, activation="relu")
    initializer = "xavier_uniform"
    ended = (
        [hidden, gn.Dense(2, initializer=initializer), gn.Activation(activation)]
        if as_layer
        else [hidden, gn.Dense(2, activation=activation, initializer=initializer)]
    )
    a = gn.Network(ended, seed=0, dtype="float64")
    b = gn.Network([hidden, gn.Dense(2, initializer=initializer)], seed=0, dtype="float64")
    options = {"optimizer": "adam", "epochs": 3, "metrics": ["accuracy"], "validation_data": (X, y)}
    first = a.fit(X, y, loss=probabilities, **options)
    second = b.fit(X, y, loss=logits, **options)
    np.testing.assert_array_equal(a.parameters.values, b.parameters.values)
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert first[name] == second[name]
    # What predict returns are probabilities in one case, logits in the other.
    assert (a.predict(X) >= 0).all()
    assert (b.predict(X) < 0).any()


def test_history():
    X, y = table()
    history = classifier().fit(X, y, **FIT, metrics=["accuracy"], validation_fraction=0.2)
    expected = {
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "learning_rate",
        "seconds",
        "samples_per_second",
    }
    assert set(history) == expected
    assert all(len(column) == 3 for column in history.values())
    assert history["learning_rate"] == [0.001] * 3
    assert history["loss"][2] < history["loss"][0]
    with pytest.raises(KeyError, match="No column 'val_r2' in the history; it has: loss"):
        history["val_r2"]


def test_epoch_loss_is_the_mean_over_rows_and_metrics_match_a_recount():
    X, y = table(20)
    net = classifier(dtype="float64")
    net.build(4)
    start = net.evaluate(X, y, loss="softmax_cross_entropy", metrics=["accuracy"])
    history = net.fit(X, y, **FIT | {"optimizer": gn.SGD(1e-15), "epochs": 1, "metrics": ["accuracy"]})
    assert history["loss"][0] == pytest.approx(start["loss"], rel=1e-12)
    assert history["accuracy"][0] == start["accuracy"]


def test_learning_rate_schedules_count_updates_from_zero():
    X, y = table()
    rate = gn.schedules.InverseTime(1.0, decay=1e-3)
    history = classifier().fit(X, y, **FIT | {"optimizer": gn.SGD(rate)})
    steps_at_the_end_of_each_epoch = [3, 7, 11]
    assert history["learning_rate"] == [1 / (1 + 1e-3 * s) for s in steps_at_the_end_of_each_epoch]


def test_sample_weights_zero_rows_are_left_out_and_whole_weights_repeat_rows():
    X, y = table(30)
    weights = np.repeat([0.0, 1.0, 2.0], 10)
    repeated = np.concatenate([np.arange(10, 30), np.arange(20, 30)])
    a, b = classifier(dtype="float64"), classifier(dtype="float64")
    options = {"loss": "softmax_cross_entropy", "optimizer": gn.SGD(0.1), "epochs": 5, "batch_size": None}
    first = a.fit(X, y, sample_weight=weights, **options)
    second = b.fit(X[repeated], y[repeated], **options)
    np.testing.assert_allclose(a.parameters.values, b.parameters.values, rtol=1e-12)
    np.testing.assert_allclose(first["loss"], second["loss"], rtol=1e-12)


def test_class_weight_equals_sample_weight():
    X, y = table(40)
    counts = np.bincount(y)
    balanced = (40 / (2 * counts))[y]
    results = []
    for options in (
        {"class_weight": "balanced"},
        {"class_weight": {0: 40 / (2 * counts[0]), 1: 40 / (2 * counts[1])}},
        {"sample_weight": balanced},
    ):
        net = classifier(dtype="float64")
        net.fit(X, y, **FIT, **options)
        results.append(net.parameters.values)
    np.testing.assert_allclose(results[0], results[1])
    np.testing.assert_allclose(results[0], results[2])


def test_l_bfgs_trains_full_batch_and_ends_when_converged():
    X, y = gn.datasets.spiral(n_per_class=40, seed=0)
    net = gn.Network([gn.Dense(24, activation="tanh"), gn.Dense(3)], seed=0, dtype="float64")
    history = net.fit(X, y, loss="softmax_cross_entropy", optimizer="lbfgs", epochs=150)
    assert history["loss"][-1] < 0.2 * history["loss"][0]
    assert (np.diff(history["loss"]) <= 1e-9).all()
    with pytest.raises(gn.HyperparameterError, match="cannot train with Dropout"):
        gn.Network([gn.Dropout(0.5), gn.Dense(3)]).fit(X, y, loss="softmax_cross_entropy", optimizer="lbfgs")


def test_exploding_training_names_epoch_step_and_layer():
    X, y = table()
    net = gn.Network([gn.Dense(8, activation="relu"), gn.Dense(1)], seed=0)
    with pytest.raises(
        gn.NonFiniteError, match=r"epoch \d+, step \d+ .*layer dense\d.*Lower the learning rate"
    ):
        net.fit(X, y * 1.0, loss="mse", optimizer=gn.SGD(1e4), epochs=50)


def test_float32_overflow_in_the_loss_is_not_silent():
    with pytest.raises(gn.NonFiniteError, match=r"epoch 1, step 1 .*float32"):
        gn.Network([gn.Dense(1)], seed=0).fit(np.ones((4, 1)), np.full(4, 1e30), loss="mse")


def test_the_network_is_usable_after_an_interrupt():
    class Interrupt(Callback):
        ended = False

        def on_step_end(self, training, loss):
            raise KeyboardInterrupt

        def on_fit_end(self, training):
            self.ended = True

    X, y = table()
    net, interrupt = classifier(), Interrupt()
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, y, **FIT, callbacks=[interrupt])
    assert interrupt.ended
    net.fit(X, y, **FIT)


def test_a_network_is_not_trained_by_two_threads_at_once():
    X, y = table()
    net, entered, leave = classifier(), threading.Event(), threading.Event()

    class Wait(Callback):
        def on_step_end(self, training, loss):
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=lambda: net.fit(X, y, **FIT, callbacks=[Wait()]))
    thread.start()
    entered.wait(10)
    try:
        with pytest.raises(gn.GlassnetError, match="being trained by another thread"):
            net.fit(X, y, **FIT)
    finally:
        leave.set()
        thread.join()
    net.fit(X, y, **FIT)


def test_stop_from_a_callback():
    class Stop(Callback):
        def on_step_end(self, training, loss):
            if training.optimizer_state.step == 5:
                training.stop("enough")

    X, y = table()
    history = classifier().fit(X, y, **FIT, metrics=["accuracy"], callbacks=[Stop()])
    assert history.stop_reason == "enough"
    assert history.n_epochs == 2


@pytest.mark.parametrize("prepare", [np.asfortranarray, lambda X: X.astype("float32"), lambda X: X.tolist()])
def test_training_does_not_depend_on_the_layout(prepare):
    X, y = table()
    a, b = classifier(), classifier()
    a.fit(X, y, **FIT)
    b.fit(prepare(X), y, **FIT)
    np.testing.assert_array_equal(a.parameters.values, b.parameters.values)


X4, Y4 = np.ones((4, 2)), np.array([0, 1, 0, 1])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"y": Y4[:3]}, gn.ShapeError, "X has 4 rows but y has 3 rows"),
        ({"X": X4[:0], "y": []}, gn.DataError, "X has no rows"),
        ({"y": [0, 1, 2, 1]}, gn.DataError, "2"),
        ({"y": [0.0, np.nan, 0, 1]}, gn.DataError, "nan"),
        ({"epochs": 0}, gn.HyperparameterError, r"fit epochs must lie in \[1, inf\), got 0"),
        ({"batch_size": 0}, gn.HyperparameterError, r"fit batch_size must lie in \[1, inf\), got 0"),
        ({"loss": "crossentropy"}, gn.HyperparameterError, "Unknown loss 'crossentropy'.*Choose from"),
        ({"optimizer": "adamm"}, gn.HyperparameterError, "Unknown optimizer 'adamm'. Did you mean 'adam'"),
        ({"metrics": ["acuracy"]}, gn.HyperparameterError, "Did you mean 'accuracy'"),
        ({"sample_weight": [1, 1, 1]}, gn.ShapeError, r"sample_weight must have shape \(4,\)"),
        ({"sample_weight": [1, 1, -1, 1]}, gn.DataError, "must not be negative, got -1 at row 2"),
        ({"sample_weight": [0, 0, 0, 0]}, gn.DataError, "zero in every row"),
        ({"class_weight": {0: 1.0}}, gn.HyperparameterError, r"lacks the labels \[1\]"),
        ({"class_weight": "even"}, gn.HyperparameterError, "must be a dict or 'balanced'"),
        ({"validation_fraction": 1.0}, gn.HyperparameterError, r"validation_fraction must lie in \[0, 1\)"),
        ({"validation_fraction": 0.9}, gn.DataError, "leaves nothing to train on"),
        ({"validation_data": X4}, gn.HyperparameterError, r"must be \(X, y\)"),
        ({"validation_data": (X4[:, :1], Y4)}, gn.ShapeError, "validation X has 1 features"),
        ({"validation_data": (X4, Y4), "validation_fraction": 0.5}, gn.HyperparameterError, "not both"),
        ({"callbacks": Callback()}, gn.HyperparameterError, r"write \[Callback\(...\)\]"),
        ({"callbacks": [print]}, gn.HyperparameterError, "must be Callback objects"),
    ],
)
def test_bad_input_gets_a_clear_error_and_changes_nothing(options, error, message):
    net = classifier().build(2)
    before = net.parameters.values.copy()
    arguments = {"X": X4, "y": Y4, **FIT} | options
    with pytest.raises(error, match=message):
        net.fit(arguments.pop("X"), arguments.pop("y"), **arguments)
    np.testing.assert_array_equal(net.parameters.values, before)


@pytest.mark.parametrize(
    ("activation", "loss", "instead"),
    [
        ("softmax", gn.SoftmaxCrossEntropy(), "CategoricalCrossEntropy"),
        ("sigmoid", gn.SigmoidCrossEntropy(), "BinaryCrossEntropy"),
    ],
)
def test_an_activation_that_the_loss_applies_once_more_is_warned_of(activation, loss, instead):
    net = gn.Network([gn.Dense(2, activation=activation)], seed=0)
    with pytest.warns(UserWarning, match=f"applies {activation} once more. Use {instead}"):
        net.fit(X4, np.eye(2)[Y4], loss=loss, epochs=1)
