"""The network: building, names, passes, prediction, copies, configs."""

import copy
import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import glassnet as gn


def make(seed=0, **options):
    layers = [gn.Dense(6, activation="relu"), gn.BatchNorm(), gn.Dropout(0.2), gn.Dense(3)]
    return gn.Network(layers, seed=seed, **options)


def test_names_shapes_and_layout():
    net = make().build(4)
    assert net.layer_names == ["dense1", "batchnorm1", "dropout1", "dense2"]
    shapes = {name: view.shape for name, view in net.parameters.items()}
    assert shapes == {
        "dense1.weight": (4, 6),
        "dense2.weight": (6, 3),
        "dense1.bias": (6,),
        "batchnorm1.scale": (6,),
        "batchnorm1.shift": (6,),
        "dense2.bias": (3,),
    }
    assert net.parameters.values.size == 24 + 18 + 6 + 6 + 6 + 3
    assert net.parameters.decaying == 24 + 18
    assert net.parameters.values.dtype == np.float32
    assert net.parameters.values.flags.c_contiguous
    for name, view in net.parameters.items():
        assert np.shares_memory(view, net.parameters.values)
        assert np.shares_memory(net.gradients[name], net.parameters.gradients)
        assert net.gradients[name].shape == view.shape


def test_assigning_copies_into_the_flat_array():
    net = make().build(4)
    net.parameters["dense2.bias"] = [1, 2, 3]
    net.parameters["dense2.bias"][0] = 9
    np.testing.assert_array_equal(net.parameters.values[-3:], [9, 2, 3])
    net.parameters.values += 1  # in place, then assigned to itself
    net.parameters.values = net.parameters.values * 2
    np.testing.assert_array_equal(net.parameters["dense2.bias"], [20, 6, 8])
    with pytest.raises(gn.ShapeError, match=r"dense2.bias has shape \(3,\), got an array of shape \(2,\)"):
        net.parameters["dense2.bias"] = [1, 2]
    with pytest.raises(KeyError, match=r"No parameter 'dense9.weight'. There are: dense1.weight"):
        net.parameters["dense9.weight"]


def test_same_seed_same_bits_and_another_seed_not():
    a, b, c = make(5).build(4), make(5).build(4), make(6).build(4)
    np.testing.assert_array_equal(a.parameters.values, b.parameters.values)
    assert (a.parameters.values != c.parameters.values).any()


def test_a_network_without_a_seed_tells_the_one_it_drew():
    net = make(None).build(4)
    again = make(net.seed).build(4)
    np.testing.assert_array_equal(net.parameters.values, again.parameters.values)


def test_global_numpy_state_is_untouched():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make().fit(np.ones((4, 2)), [0, 1, 2, 0], loss="softmax_cross_entropy", epochs=1)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_build_twice():
    net = make().build(4)
    values = net.parameters.values
    assert net.build(4).parameters.values is values
    with pytest.raises(gn.ShapeError, match="built for 4 features and cannot take 5"):
        net.build(5)
    with pytest.raises(gn.ShapeError, match="n_features must be an integer of at least 1, got 0"):
        make().build(0)


def test_before_the_build():
    net = make()
    for use in (lambda: net.parameters, lambda: net.predict([[1.0]]), lambda: net.save("x.safetensors")):
        with pytest.raises(gn.NotBuiltError, match=r"build"):
            use()
    assert "not built" in net.summary()
    with pytest.raises(gn.NotBuiltError, match="needs a forward pass"):
        make().build(4).backward(np.zeros((1, 3)))


def test_outputs_of_forward_belong_to_the_caller():
    net = make().build(2)
    first = net.forward(np.ones((3, 2)))
    kept = first.copy()
    net.forward(np.zeros((3, 2)))
    np.testing.assert_array_equal(first, kept)
    one = net.predict(np.ones((3, 2)))
    net.predict(np.zeros((3, 2)))
    np.testing.assert_array_equal(one, kept)


def test_backward_leaves_the_callers_gradient_alone_and_overwrites_the_old():
    net = gn.Network([gn.Dense(4, activation="relu"), gn.Dense(2)], seed=0).build(3)
    X, gradient = np.ones((5, 3)), np.ones((5, 2), np.float32)
    net.forward(X)
    net.backward(gradient)
    first = net.parameters.gradients.copy()
    net.backward(gradient)
    np.testing.assert_array_equal(net.parameters.gradients, first)
    np.testing.assert_array_equal(gradient, np.ones((5, 2)))
    with pytest.raises(gn.ShapeError, match=r"outputs' shape \(5, 2\), got \(5, 3\)"):
        net.backward(np.ones((5, 3)))


def test_prediction_in_blocks_equals_row_by_row():
    net = make().build(4)
    X = np.random.default_rng(0).normal(size=(2500, 4))
    whole = net.predict(X)
    np.testing.assert_allclose(
        whole[[0, 1023, 1024, 2499]],
        np.vstack([net.predict(X[[i]]) for i in (0, 1023, 1024, 2499)]),
        rtol=1e-5,
        atol=1e-6,
    )
    assert net.predict(X[:0]).shape == (0, 3)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.ones(4), gn.ShapeError, r"shape \(n_samples, n_features\), got \(4,\).*reshape\(1, -1\)"),
        (np.ones((2, 5)), gn.ShapeError, "X has 5 features, but the network takes 4"),
        ([["a", "b", "c", "d"]], gn.DataError, "must hold numbers.*TabularEncoder"),
        ([[1, 2, 3, None]], gn.DataError, "X holds nan at row 0, column 3"),
        (np.array([[0, 0, 0, 0], [0, np.inf, 0, 0]]), gn.DataError, "X holds inf at row 1, column 1"),
        (np.ones((2, 4), complex), gn.DataError, "must hold numbers, got dtype complex128"),
    ],
)
def test_bad_features(X, error, message):
    with pytest.raises(error, match=message):
        make().build(4).predict(X)


def test_inputs_of_any_layout_and_dtype():
    net = make().build(4)
    X = np.arange(24).reshape(6, 4)
    expected = net.predict(X.astype(np.float32))
    read_only = X.astype(float)
    read_only.flags.writeable = False
    for other in (
        X,
        X.tolist(),
        np.asfortranarray(X),
        X.astype(np.float16),
        np.repeat(X, 2, 0)[::2],
        read_only,
    ):
        np.testing.assert_array_equal(net.predict(other), expected)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_share_no_memory_and_keep_their_views(duplicate):
    net = make().build(4)
    X = np.random.default_rng(0).normal(size=(8, 4))
    net.forward(X, training=True)
    twin = duplicate(net)
    np.testing.assert_array_equal(twin.predict(X), net.predict(X))
    assert not np.shares_memory(twin.parameters.values, net.parameters.values)
    for name, view in twin.parameters.items():
        assert np.shares_memory(view, twin.parameters.values)
        assert np.shares_memory(twin.gradients[name], twin.parameters.gradients)
    for _, view in twin.parameters.statistics.items():
        assert np.shares_memory(view, twin.parameters.statistics.flat)
    y = np.arange(8) % 3
    for one in (net, twin):
        one.fit(X, y, loss=gn.SoftmaxCrossEntropy(), epochs=2, batch_size=3)
    np.testing.assert_array_equal(twin.parameters.values, net.parameters.values)


def test_config_round_trip():
    net = make(7, dtype="float64").build(4)
    twin = gn.Network.from_config(json.loads(json.dumps(net.config())))
    assert twin.layers == net.layers
    assert twin.config() == net.config()
    np.testing.assert_array_equal(twin.parameters.values, net.parameters.values)


def test_many_threads_predict_the_same_bits():
    net = make().build(4)
    X = np.random.default_rng(0).normal(size=(40, 4))
    expected = [net.predict(X[: n + 1]) for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda i: (i % 40, net.predict(X[: i % 40 + 1])), range(400)))
    for i, outputs in results:
        np.testing.assert_array_equal(outputs, expected[i])


@pytest.mark.parametrize(
    ("make_bad", "message"),
    [
        (lambda: gn.Network([]), "at least one layer"),
        (lambda: gn.Network(gn.Dense(3)), "must be a list of layers"),
        (lambda: gn.Network([gn.Dense]), r"Network layers\[0\] must be an object: write Dense\(\)"),
        (lambda: gn.Network([gn.Dense(1)], seed=-1), "seed must be a whole number of at least 0"),
        (lambda: gn.Network([gn.Dense(1)], seed=1.5), "seed must be a whole number of at least 0"),
        (lambda: gn.Network([gn.Dense(1)], dtype="int32"), "dtype must be float32 or float64, got 'int32'"),
    ],
)
def test_bad_networks(make_bad, message):
    with pytest.raises(gn.HyperparameterError, match=message):
        make_bad()


def test_a_layer_that_returns_the_wrong_shape_is_named():
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Halver(gn.layers.Layer):
        def forward(self, inputs, context):
            return inputs[:, ::2]

    with pytest.raises(
        gn.ShapeError, match=r"halver1 \(Halver\) promised outputs of shape \(3, 4\).*returned shape \(3, 2\)"
    ):
        gn.Network([Halver()]).forward(np.ones((3, 4)))
