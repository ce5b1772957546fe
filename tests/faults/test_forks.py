"""Forked children, and joblib's, import nothing anew, predict the same bits and train the same weights."""

import multiprocessing

import numpy as np
import pytest

import glassnet as gn


def data():
    X = np.random.default_rng(0).normal(size=(600, 40)).astype(np.float32)
    return X, (X[:, 0] > 0).astype(int)


def fitted(seed=0):
    net = gn.Network(
        [gn.Dense(64, activation="relu"), gn.BatchNorm(), gn.Dropout(0.1), gn.Dense(2)], seed=seed
    )
    X, y = data()
    net.fit(X, y, loss="softmax_cross_entropy", epochs=3)
    return net


def in_a_child(net, seed):
    X, _ = data()
    return net.predict(X).tobytes(), fitted(seed).parameters.values.tobytes()


def send(net, seed, pipe):
    pipe.send(in_a_child(net, seed))
    pipe.close()


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_forked_children_predict_and_fit():
    net = fitted()  # the linear algebra library has its threads, the network its buffers
    net.predict(data()[0])
    context = multiprocessing.get_context("fork")
    expected = [in_a_child(net, seed) for seed in range(3)]
    ends, children = [], []
    for seed in range(3):
        ours, theirs = context.Pipe(duplex=False)
        children.append(context.Process(target=send, args=(net, seed, theirs)))
        ends.append(ours)
    for child in children:
        child.start()
    for end, answer in zip(ends, expected, strict=True):
        assert end.poll(60), "a child hangs"
        assert end.recv() == answer
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    net.fit(*data(), loss="softmax_cross_entropy", epochs=1)  # the parent is as it was


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_joblib_predicts_and_fits(backend):
    from joblib import Parallel, delayed

    net = fitted()
    expected = [in_a_child(net, seed) for seed in range(2)]
    found = Parallel(n_jobs=2, backend=backend)(delayed(in_a_child)(net, seed) for seed in range(2))
    assert found == expected
