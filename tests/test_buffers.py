"""Memory: where arrays start, and that networks keep theirs there."""

import copy
import pickle

import numpy as np
import pytest

import glassnet as gn
from glassnet.buffers import Buffers, aligned


def starts(array):
    return array.__array_interface__["data"][0] % 64


@pytest.mark.parametrize("shape", [(0,), (1,), (7, 3), (4, 0), (1000, 33)], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_aligned_arrays_start_at_a_line_of_the_cache(shape, dtype):
    for fill in (None, 2):
        array = aligned(shape, dtype, fill)
        assert (array.shape, array.dtype) == (shape, np.dtype(dtype))
        assert starts(array) == 0 or array.size == 0
        assert array.flags.c_contiguous
        assert array.flags.writeable
    assert (array == 2).all()


def test_buffers_and_all_that_training_holds_are_aligned():
    assert starts(Buffers("float32").get("z", (5, 7))) == 0
    net = gn.Network([gn.Dense(3), gn.BatchNorm()], seed=0).build(5)
    state = gn.Adam().create_state(net.parameters.values)
    held = (net.parameters.values, net.parameters.gradients, *state.slots.values())
    assert [starts(array) for array in held] == [0, 0, 0, 0]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_of_a_network_are_aligned_too(copied):
    net = gn.Network([gn.Dense(3)], seed=0).build(5)
    twin = copied(net)
    assert starts(twin.parameters.values) == starts(twin.parameters.gradients) == 0
    assert np.array_equal(twin.parameters.values, net.parameters.values)
    assert np.shares_memory(twin.parameters["dense1.weight"], twin.parameters.values)
    assert not np.shares_memory(twin.parameters.values, net.parameters.values)
