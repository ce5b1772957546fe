"""What the loop offers to those who call it directly: sparse features, a regulariser, parts of a batch."""

import numpy as np
import pytest
import scipy.sparse as sp

import glassnet as gn
from glassnet.training import Training
from glassnet.training.batches import Batches, Data
from glassnet.training.evaluation import Objective

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(50, 4)) * (RANDOM.random((50, 4)) > 0.5)
Y = X[:, :1] - X[:, 1:2]


def batches(features, size=8, rows=None, dtype="float64"):
    return Batches(Data(features, Y, None), rows, size, np.dtype(dtype))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("features", [X, np.asfortranarray(X), sp.csr_array(X), sp.csr_matrix(X)])
def test_every_kind_of_features_gives_the_same_batches(features, dtype):
    rows = np.arange(0, 50, 2)
    for chosen in (None, rows):
        made = batches(features, rows=chosen, dtype=dtype)
        made.shuffle(np.random.default_rng(1))
        for batch in made:
            assert batch.inputs.dtype == dtype
            assert batch.inputs.flags.c_contiguous
            np.testing.assert_array_equal(batch.inputs, X[made.order][batch.rows].astype(dtype))


def test_the_buffer_of_sparse_batches_is_reused():
    made = iter(batches(sp.csr_array(X)))
    first = next(made).inputs
    assert np.shares_memory(first, next(made).inputs)


def network():
    return gn.Network([gn.Dense(5, activation="tanh", l2=0.01), gn.Dense(1)], seed=0, dtype="float64").build(
        4
    )


def run(optimizer, size, **options):
    net = network()
    objective = Objective(net, gn.MeanSquaredError())
    training = Training(net, objective, optimizer, batches(X, size), epochs=5, **options)
    training.run()
    return net.parameters.values, training


def test_lbfgs_on_parts_is_lbfgs_on_the_whole():
    whole, one = run(gn.LBFGS(), 50)
    parts, many = run(gn.LBFGS(), 7)
    np.testing.assert_allclose(parts, whole, atol=1e-10)
    assert one.minimized.iterations == many.minimized.iterations == 5


def test_a_regularizer_adds_to_loss_and_gradient():
    def ridge(parameters, weight):
        w = parameters.values[: parameters.decaying]
        parameters.gradients[: parameters.decaying] += 3.0 * w / weight
        return 1.5 * float(w @ w) / weight

    def fitted_by_layers():
        net = gn.Network(
            [gn.Dense(5, activation="tanh", l2=0.07), gn.Dense(1, l2=0.06)], seed=0, dtype="float64"
        )
        net.fit(X, Y, loss="mse", optimizer=gn.SGD(0.1), epochs=5, batch_size=50, shuffle=False)
        return net.parameters.values

    values, training = run(gn.SGD(0.1), 50, regularizer=ridge)
    np.testing.assert_allclose(values, fitted_by_layers(), atol=1e-12)
    assert len(training.history["loss"]) == 5


def test_an_optimizer_state_is_gone_on_with():
    optimizer = gn.Adam(0.01)
    net = network()
    objective = Objective(net, gn.MeanSquaredError())
    state = None
    for _ in range(5):
        training = Training(
            net, objective, optimizer, batches(X), epochs=1, shuffle=False, optimizer_state=state
        )
        training.run()
        state = training.optimizer_state
    assert state.step == 35
    np.testing.assert_array_equal(net.parameters.values, run(optimizer, 8, shuffle=False)[0])
