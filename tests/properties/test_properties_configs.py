"""Configs, over every registered class: plain JSON that turns back into an equal object or network."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from drawn import HUGE, few, instances, objects
from hypothesis import given
from hypothesis import strategies as st

import glassnet as gn
from glassnet.layers import Layer
from glassnet.registry import KINDS, from_config, table

CLASSES = sorted(
    {(kind, cls) for kind in KINDS for cls in table(kind)[1].values()},
    key=lambda pair: (pair[1].__name__, pair[0]),
)


def through_json(config):
    return json.loads(json.dumps(config, allow_nan=False))


@pytest.mark.parametrize(("kind", "cls"), CLASSES, ids=lambda value: getattr(value, "__name__", value))
@given(data=st.data())
@few(12)
def test_any_object_comes_back_equal_from_its_config(data, kind, cls):
    thing = data.draw(instances(cls, span=HUGE, depth=3))
    twin = from_config(kind, through_json(thing.config()))
    assert twin == thing
    assert hash(twin) == hash(thing)
    assert twin.config() == thing.config()


@st.composite
def any_network(draw):
    """A built network of any layers with any hyperparameters that leave its weights finite."""
    layers = draw(st.lists(objects("layer", span=3.0, depth=3), min_size=1, max_size=4))
    seed, dtype = draw(st.integers(0, 2**64)), draw(st.sampled_from(["float32", "float64"]))
    return gn.Network(layers, seed=seed, dtype=dtype).build(draw(st.integers(1, 4)))


@given(net=any_network())
@few(60)
def test_any_network_comes_back_equal_from_its_config(net):
    twin = gn.Network.from_config(through_json(net.config()))
    assert twin.layers == net.layers
    assert twin.config() == net.config()
    assert list(twin.parameters) == list(net.parameters)
    np.testing.assert_array_equal(twin.parameters.values, net.parameters.values)
    np.testing.assert_array_equal(twin.parameters.statistics.flat, net.parameters.statistics.flat)


@given(net=any_network(), seed=st.integers(0, 2**32), rows=st.integers(1, 20))
@few(60)
def test_any_network_predicts_the_same_bits_after_saving_and_loading(net, seed, rows):
    generator = np.random.default_rng(seed)
    for flat in (net.parameters.values, net.parameters.statistics.flat):
        flat += generator.uniform(0, 1, flat.size).astype(flat.dtype)  # as training would have moved them
    X = generator.normal(size=(rows, net.n_features))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.safetensors"
        net.save(path)
        twin = gn.load(path)
    assert twin.layers == net.layers
    np.testing.assert_array_equal(twin.parameters.values, net.parameters.values)
    np.testing.assert_array_equal(twin.parameters.statistics.flat, net.parameters.statistics.flat)
    np.testing.assert_array_equal(twin.predict(X), net.predict(X))


def test_every_layer_is_drawn():
    seen = set()

    def look(layer: Layer):
        seen.add(type(layer))
        for inner in getattr(layer, "layers", ()):
            look(inner)

    @given(layers=st.lists(objects("layer"), max_size=5))
    @few(50)
    def draw(layers):
        for layer in layers:
            look(layer)

    draw()
    assert seen == set(table("layer")[1].values())
