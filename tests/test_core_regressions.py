"""Regression tests of the core: each stands for a bug that a review once found."""

from __future__ import annotations

import contextlib
import gc
import json
import tracemalloc
import weakref
from dataclasses import dataclass

import numpy as np
import pytest

import glassnet as gn
from glassnet.training.batches import Batches, Data


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(40, 4)).astype("f4")


@pytest.fixture
def labels():
    return np.random.default_rng(1).integers(0, 3, 40)


@pytest.fixture
def values(X):
    return X @ np.array([1, 2, 3, 4.0])  # float64, as users have them


# -- custom losses (the documented minimal one) ----------------------------------------


class FourthPower(gn.losses.Loss):
    def value_and_gradient(self, outputs, targets, sample_weight=None):
        residual = outputs - targets
        return float((residual**4).mean()), 4 * residual**3 / residual.size


@pytest.mark.parametrize("shape", [(-1, 1), (-1,)])
def test_documented_custom_loss_trains_on_float64_targets(X, values, shape):
    net = gn.Network([gn.Dense(4, activation="relu"), gn.Dense(1)], seed=0)
    history = net.fit(X, values.reshape(shape), loss=FourthPower(), epochs=3, optimizer=gn.Adam(0.01))
    assert history["loss"][-1] < history["loss"][0]
    np.testing.assert_allclose(
        net.evaluate(X, values.reshape(shape), loss=FourthPower())["loss"],
        np.mean((net.predict(X)[:, 0] - values) ** 4),
        rtol=1e-4,
    )


class Total(gn.losses.Loss):
    def value_and_gradient(self, outputs, targets, sample_weight=None):
        return float((outputs * targets).sum()), targets


def test_gradient_that_aliases_the_targets_leaves_the_callers_y_alone(X):
    y = np.full((40, 1), 3, "f4")
    gn.Network([gn.Dense(1, activation="tanh")], seed=0).fit(X, y, loss=Total(), epochs=1, shuffle=False)
    assert (y == 3).all()


class Mean(gn.losses.Loss):
    def value_and_gradient(self, outputs, targets, sample_weight=None):
        return float(outputs.mean()), np.broadcast_to(np.float32(1 / outputs.size), outputs.shape)


def test_read_only_gradient_of_a_custom_loss_trains(X, values):
    gn.Network([gn.Dense(1, activation="tanh")], seed=0).fit(X, values[:, None], loss=Mean(), epochs=1)


class WrongShape(gn.losses.Loss):
    def value_and_gradient(self, outputs, targets, sample_weight=None):
        return 0.0, np.zeros(len(outputs), "f4")


def test_gradient_of_wrong_shape_names_the_loss(X, values):
    with pytest.raises(gn.GlassnetError, match="WrongShape"):
        gn.Network([gn.Dense(2)], seed=0).fit(X, values, loss=WrongShape(), epochs=1)


# -- custom layers ----------------------------------------


@dataclass(frozen=True)
class Times(gn.layers.Layer):
    factor: float = 2.0

    def forward(self, inputs, context):
        return inputs * self.factor

    def backward(self, gradient, context):
        return gradient * self.factor


def test_layer_that_returns_another_dtype_trains(X, values):
    net = gn.Network([Times(np.float64(2)), gn.Dense(1)], seed=0)
    net.fit(X, values, loss="mse", epochs=1)
    assert net.predict(X).dtype == np.float32


@dataclass(frozen=True)
class Forgets(gn.layers.Layer):
    def forward(self, inputs, context):
        return None


def test_layer_that_returns_nothing_is_named(X, values):
    with pytest.raises(gn.GlassnetError, match="forgets1"):
        gn.Network([Forgets(), gn.Dense(1)], seed=0).build(4).predict(X)


@dataclass(frozen=True)
class OneRow(gn.layers.Layer):
    def forward(self, inputs, context):
        return inputs * 1

    def backward(self, gradient, context):
        return gradient[:1]


def test_input_gradient_of_wrong_shape_is_no_silent_broadcast(X, values):
    net = gn.Network([gn.Dense(3), gn.Residual([OneRow()]), gn.Dense(1)], seed=0)
    with pytest.raises(gn.GlassnetError, match="onerow1"):
        net.fit(X, values, loss="mse", epochs=1)


@dataclass(frozen=True)
class Plain(gn.layers.Layer):
    initializer: object = 1.0

    def build(self, n_inputs, scope):
        scope.parameter("factor", (n_inputs,), self.initializer)
        return n_inputs

    def forward(self, inputs, context):
        return inputs * context.parameters["factor"]


@pytest.mark.parametrize("initializer", [1.0, "orthogonal"])
def test_parameter_initializer_is_not_silently_zeros(initializer):
    if initializer == 1.0:
        with pytest.raises(gn.HyperparameterError, match=r"plain1\.factor initializer"):
            gn.Network([Plain(initializer)], seed=0).build(3)
    else:
        net = gn.Network([Plain(initializer)], seed=0).build(3)
        assert net.parameters["plain1.factor"].any()


@dataclass(frozen=True)
class Twice(gn.layers.Layer):
    def build(self, n_inputs, scope):
        scope.parameter("w", (n_inputs,), gn.initializers.Constant(1.0))
        scope.parameter("w", (n_inputs, 2), gn.initializers.Constant(1.0))
        return n_inputs


def test_parameter_declared_twice_is_an_error():
    with pytest.raises(gn.GlassnetError, match="w"):
        gn.Network([Twice()], seed=0).build(3)


@dataclass(frozen=True)
class Dense1(Plain):
    initializer: object = gn.initializers.Constant(1.0)


def test_names_of_layers_never_collide():
    net = gn.Network([Dense1()] + [gn.Dense(1)] * 11, seed=0).build(1)
    assert sum(view.size for _, view in net.parameters.items()) == net.parameters.values.size
    assert net.layer_names == [context.name for context in net.new_pass().contexts]


@dataclass(frozen=True)
class InPlace(gn.layers.Layer):
    def forward(self, inputs, context):
        inputs *= 2
        return inputs


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_layer_that_writes_on_its_inputs_does_not_reach_the_callers_X(X, values, shuffle):
    kept = X.copy()
    net = gn.Network([InPlace(), gn.Dense(1)], seed=0)
    with contextlib.suppress(ValueError):  # without shuffling it is given a read-only view of X
        net.fit(X, values, loss="mse", epochs=1, shuffle=shuffle)
    net.build(4).predict(X)
    assert (kept == X).all()


# -- gradient check ----------------------------------------


@dataclass(frozen=True)
class WrongGradient(gn.layers.Layer):
    factor: float = 1.5

    def build(self, n_inputs, scope):
        scope.parameter("factor", (n_inputs,), gn.initializers.Constant(2.0))
        return n_inputs

    def forward(self, inputs, context):
        context.saved["x"] = inputs
        return inputs * context.parameters["factor"]

    def backward(self, gradient, context):
        np.sum(gradient * context.saved["x"], axis=0, out=context.gradients["factor"])
        context.gradients["factor"] *= self.factor
        return gradient * context.parameters["factor"]


@pytest.mark.parametrize("loss", ["mae", "quantile"])
@pytest.mark.parametrize("factor", [1.5, 1.01, -1.0, 0.0])
def test_wrong_gradient_under_a_piecewise_linear_loss_is_no_kink(loss, factor):
    for seed in range(20):
        X = np.random.default_rng(seed).normal(size=(12, 3))
        report = gn.check_gradients(gn.Network([WrongGradient(factor)], seed=0), X, 3 * X + 1, loss)
        assert not report, seed


@pytest.mark.parametrize("weight", [5e-6, 2e-6, -8e-6])
def test_right_gradient_beside_a_kink_is_no_error(weight):
    net = gn.Network([gn.Dense(1, activation="relu", bias=False)], seed=0, dtype="float64").build(1)
    net.parameters.values[...] = weight
    assert gn.check_gradients(net, np.ones((1, 1)), np.ones((1, 1)), "mse")


# -- non-finite values ----------------------------------------


def test_non_finite_error_names_the_layer_where_it_began(X, values):
    huge = gn.Dense(5, initializer=gn.initializers.Constant(3e38))
    net = gn.Network([gn.Dense(5, activation="tanh"), huge, gn.Dense(1)], seed=0)
    with pytest.raises(gn.NonFiniteError, match="dense2"):
        net.fit(X, values, loss="mse")


def test_non_finite_error_tells_the_rate_that_was_used(X, values):
    class Lower(gn.callbacks.Callback):
        def on_fit_start(self, training):
            training.optimizer_state.learning_rate_factor = 0.5

    net = gn.Network([gn.Dense(1)], seed=0)
    with pytest.raises(gn.NonFiniteError, match=r"now 1e\+19"):
        net.fit(X, values, loss="mse", optimizer=gn.SGD(2e19), epochs=50, callbacks=[Lower()])


def test_weights_that_overflow_in_the_last_update_are_an_error(X, values):
    with pytest.raises(gn.NonFiniteError):
        gn.Network([gn.Dense(1)], seed=0).fit(
            X, values, loss="mse", optimizer=gn.SGD(1e39), epochs=1, batch_size=None
        )


@pytest.mark.filterwarnings("ignore")
def test_features_too_large_for_float32_are_named_at_the_door():
    big = np.full((2, 4), 1e300)
    with pytest.raises(gn.DataError, match="float32"):
        gn.Network([gn.Dense(1)], seed=0).build(4).predict(big)
    with pytest.raises(gn.DataError, match="float32"):
        gn.Network([gn.Dense(1)], seed=0).fit(big, [1, 2], loss="mse")


# -- weights, classes, validation ----------------------------------------


def _held_out(X, y, **options):
    seen = []

    class Look(gn.callbacks.Callback):
        def on_fit_start(self, training):
            seen.append(np.array(training.validation[1]))

    net = gn.Network([gn.Dense(1)], seed=0)
    for _ in range(2):
        net.fit(X, y, loss="mse", validation_fraction=0.2, epochs=1, callbacks=[Look()], **options)
    return seen


def test_a_second_fit_holds_the_same_rows_out(X, values):
    first, second = _held_out(X, values)
    assert (first == second).all()


@pytest.mark.parametrize("part", ["training", "validation"])
def test_a_part_whose_weights_are_all_zero_is_refused(X, values, part):
    held = _held_out(X, values)[0]
    weights = np.zeros(40)
    weights[held] = 1
    if part == "validation":
        weights = 1 - weights
    with pytest.raises(gn.DataError, match="weight"):
        gn.Network([gn.Dense(1)], seed=0).fit(
            X, values, loss="mse", sample_weight=weights, validation_fraction=0.2, epochs=2
        )


def test_class_and_sample_weights_that_leave_nothing_are_refused(X, labels):
    with pytest.raises(gn.GlassnetError, match="weight"):
        gn.Network([gn.Dense(3)], seed=0).fit(
            X,
            labels,
            loss="softmax_cross_entropy",
            sample_weight=(labels == 0) * 1.0,
            class_weight={0: 0, 1: 1, 2: 1},
            epochs=1,
        )


def test_class_weight_that_is_no_number_is_refused_clearly(X, labels):
    with pytest.raises(gn.HyperparameterError, match="class_weight"):
        gn.Network([gn.Dense(3)], seed=0).fit(
            X, labels, loss="softmax_cross_entropy", class_weight={0: "a", 1: 1, 2: 1}
        )


def test_sample_weight_that_is_no_number_is_refused_clearly(X, labels):
    with pytest.raises(gn.DataError, match="sample_weight"):
        gn.Network([gn.Dense(3)], seed=0).fit(
            X, labels, loss="softmax_cross_entropy", sample_weight=["a"] * 40
        )


def test_large_sample_weights_still_train(X, values):
    history = gn.Network([gn.Dense(1)], seed=0).fit(
        X, values, loss="mse", sample_weight=np.full(40, 1e38), epochs=1
    )
    assert history["loss"][0] > 0


def test_class_weights_do_not_bend_the_metrics(X):
    """The same rows, the same weights, must have one accuracy, whichever part they stand in."""
    y = (X[:, 0] > 1).astype(int)
    history = gn.Network([gn.Dense(2)], seed=0).fit(
        X,
        y,
        loss="softmax_cross_entropy",
        class_weight="balanced",
        metrics=["accuracy"],
        optimizer=gn.SGD(1e-12),
        epochs=1,
        validation_data=(X, y),
    )
    assert history["accuracy"] == pytest.approx(history["val_accuracy"])


# -- the door ----------------------------------------


@pytest.mark.parametrize("bad", [{"batch_size": 0}, {"class_weight": {5: 1}}, {"y": "labels of 7"}])
def test_a_refused_fit_changes_nothing(X, labels, bad):
    net = gn.Network([gn.Dense(3)], seed=0)
    before = {name: stream.bit_generator.state for name, stream in net.generators.items()}
    options = {"validation_fraction": 0.2, "loss": "softmax_cross_entropy", **bad}
    y = labels + 7 if options.pop("y", None) else labels
    with pytest.raises(gn.GlassnetError):
        net.fit(X, y, **options)
    assert {name: stream.bit_generator.state for name, stream in net.generators.items()} == before
    assert not net.built


@pytest.mark.parametrize("name", ["callbacks", "metrics"])
def test_none_for_a_list_is_taken(X, values, name):
    gn.Network([gn.Dense(1)], seed=0).fit(X, values, loss="mse", epochs=1, **{name: None})


def test_ragged_rows_are_a_data_error():
    with pytest.raises(gn.DataError):
        gn.Network([gn.Dense(1)], seed=0).fit([[1, 2], [3]], [1, 2], loss="mse")


def test_numpy_bools_are_flags():
    assert gn.Dense(3, bias=np.bool_(False)).bias is False


@pytest.mark.parametrize("make", [lambda: gn.Dropout(10**400), lambda: gn.Dense(10**400)])
def test_numbers_beyond_floats_are_refused_clearly(make):
    with pytest.raises(gn.HyperparameterError):
        make()


def test_bad_dtype_of_any_kind_is_refused():
    with pytest.raises(gn.HyperparameterError, match="dtype"):
        gn.Network([gn.Dense(1)], dtype="f4,,,")


def test_a_model_file_with_absurd_numbers_is_a_format_error(tmp_path):
    from safetensors import safe_open
    from safetensors.numpy import save_file

    gn.Network([gn.Dropout(0.1), gn.Dense(1)], seed=0).build(2).save(tmp_path / "good.safetensors")
    with safe_open(tmp_path / "good.safetensors", "numpy") as file:
        document = json.loads(file.metadata()["glassnet"])
        tensors = {name: file.get_tensor(name) for name in ("dense1.weight", "dense1.bias")}
    document["network"]["layers"][0]["rate"] = 10**400
    save_file(tensors, tmp_path / "bad.safetensors", metadata={"glassnet": json.dumps(document)})
    with pytest.raises(gn.FileFormatError):
        gn.load(tmp_path / "bad.safetensors")


# -- L-BFGS ----------------------------------------


def test_lbfgs_does_not_ignore_max_norm(X, values):
    with pytest.raises(gn.HyperparameterError, match="max_norm"):
        gn.Network([gn.Dense(1, max_norm=0.1)], seed=0).fit(X, values, loss="mse", optimizer="lbfgs")


def test_lbfgs_that_starts_at_the_minimum_has_a_history(X):
    net = gn.Network([gn.Dense(1, initializer="zeros")], seed=0)
    assert net.fit(X, np.zeros(40), loss="mse", optimizer="lbfgs")["loss"] == [0.0]


def test_lbfgs_of_a_network_without_parameters_has_a_history(X):
    assert gn.Network([gn.Activation("tanh")], seed=0).fit(X, X, loss="mse", optimizer="lbfgs", epochs=2)[
        "loss"
    ]


def test_lbfgs_calls_every_moment_of_a_callback(X, values):
    seen = []

    class Look(gn.callbacks.Callback):
        def on_epoch_start(self, training):
            seen.append("start")

        def on_step_end(self, training, loss):
            seen.append("step")

        def on_epoch_end(self, training, logs):
            seen.append("end")

    gn.Network([gn.Dense(1)], seed=0).fit(
        X, values, loss="mse", optimizer="lbfgs", epochs=2, callbacks=[Look()]
    )
    assert seen[:6] == ["start", "step", "end"] * 2


# -- numbers and memory ----------------------------------------


def test_batch_norm_of_a_million_rows_in_float32():
    X = (np.random.default_rng(0).normal(size=(1_000_000, 2)) + 1000).astype("f4")
    net = gn.Network([gn.BatchNorm(momentum=0.0)], seed=0)
    outputs = net.forward(X, training=True)
    assert net.parameters.statistics["batchnorm1.mean"] == pytest.approx(1000, rel=1e-4)
    assert outputs.std(dtype="f8") == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("order", ["F", "strided"])
def test_a_batch_never_copies_the_whole_data(order):
    X = np.random.default_rng(0).normal(size=(50_000, 20)).astype("f4")
    X = {"F": np.asfortranarray(X), "strided": np.repeat(X, 2, axis=0)[::2]}[order]
    batches = Batches(Data(X, np.zeros(len(X)), None), None, 100, np.dtype("f4"))
    batches.shuffle(np.random.default_rng(0))
    for _ in batches:
        break
    tracemalloc.start()
    try:
        for _ in zip(batches, range(3), strict=False):
            pass
        assert tracemalloc.get_traced_memory()[1] < X.nbytes / 10
    finally:
        tracemalloc.stop()


def test_predict_does_not_keep_the_callers_array_alive(X):
    net = gn.Network([gn.Dense(1)], seed=0).build(4)
    mine = X.copy()
    alive = weakref.ref(mine)
    net.predict(mine)
    del mine
    gc.collect()
    assert alive() is None


def test_backward_does_not_depend_on_what_becomes_of_X(X):
    net = gn.Network([gn.Dense(1)], seed=0)
    mine = X.copy()
    outputs = net.forward(mine, training=True)
    mine[...] = 0
    net.backward(np.ones_like(outputs))
    np.testing.assert_allclose(net.gradients["dense1.weight"][:, 0], X.sum(axis=0), rtol=1e-4)


def test_column_sum_of_a_million_rows_in_float32():
    from glassnet import reductions

    a = (np.random.default_rng(0).normal(size=(1_000_000, 2)) + 1000).astype("f4")
    out = np.empty(2, "f4")
    reductions.column_sum(a, out)
    np.testing.assert_allclose(out, a.sum(axis=0, dtype="f8"), rtol=1e-5)
