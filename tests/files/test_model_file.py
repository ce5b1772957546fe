"""The model file: what it keeps, and what it refuses."""

import json
import os
from dataclasses import dataclass

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import glassnet as gn
from glassnet.files import read_model, save_network, write_atomically


def network(dtype="float32"):
    layers = [
        gn.Dense(6, activation=gn.LeakyReLU(0.3), l2=0.01),
        gn.BatchNorm(),
        gn.Residual([gn.LayerNorm(), gn.Dense(6, activation="gelu"), gn.Dropout(0.1)]),
        gn.Dense(3, initializer=gn.initializers.Normal(0.1)),
        gn.Activation("softmax"),
    ]
    net = gn.Network(layers, seed=4, dtype=dtype)
    X = np.random.default_rng(0).normal(size=(30, 4))
    net.fit(X, np.arange(30) % 3, loss="categorical_cross_entropy", epochs=2)
    return net, X


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_round_trip_is_bit_exact(tmp_path, dtype):
    net, X = network(dtype)
    net.save(tmp_path / "model.safetensors")
    twin = gn.load(tmp_path / "model.safetensors")
    assert twin.layers == net.layers
    assert twin.dtype == net.dtype
    np.testing.assert_array_equal(twin.parameters.values, net.parameters.values)
    np.testing.assert_array_equal(twin.parameters.statistics.flat, net.parameters.statistics.flat)
    np.testing.assert_array_equal(twin.predict(X), net.predict(X))
    twin.fit(X, np.arange(30) % 3, loss="categorical_cross_entropy", epochs=1)


def test_sections_come_back(tmp_path):
    net, _ = network()
    sections = {"encoder": {"columns": ["a", "b"]}, "number": 0.1}
    save_network(net, tmp_path / "m.safetensors", sections)
    assert read_model(tmp_path / "m.safetensors")[1] == sections


def test_loading_leaves_random_state_alone_and_needs_no_pickle(tmp_path):
    net, _ = network()
    net.save(tmp_path / "m.safetensors")
    assert b"pickle" not in (tmp_path / "m.safetensors").read_bytes()


@dataclass(frozen=True)
class Doubler(gn.layers.Layer):
    def forward(self, inputs, context):
        return inputs * 2

    def backward(self, gradient, context):
        return gradient * 2


def test_a_custom_layer_loads_only_when_its_class_is_given(tmp_path):
    gn.Network([gn.Dense(2), Doubler()], seed=0).build(2).save(tmp_path / "m.safetensors")
    with pytest.raises(gn.FileFormatError, match=r"Unknown layer class 'Doubler'.*custom="):
        gn.load(tmp_path / "m.safetensors")
    assert gn.load(tmp_path / "m.safetensors", custom={"Doubler": Doubler}).layers[1] == Doubler()


def edited(path, change, tensors=None):
    """Rewrite a model file with its description changed."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        document = json.loads(file.metadata()["glassnet"])
    arrays = load_file(path)
    change(document, arrays)
    save_file(arrays, path, metadata={"glassnet": json.dumps(document)})


def set_in(*keys, value):
    def change(document, _):
        place = document
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_in("format_version", value=99), "written in format 99 .*Upgrade glassnet"),
        (set_in("format_version", value="1"), "format_version must be a whole number"),
        (set_in("network", "layers", 0, "class", value="os.system"), "Unknown layer class 'os.system'"),
        (set_in("network", "layers", 0, "units", value=7), "differ in residual1.projection"),
        (set_in("network", "layers", 3, "units", value=7), r"should be float32 of shape \(7,\), is"),
        (set_in("network", "layers", 3, "units", value=10**9), "should be float32 of shape"),
        (set_in("network", "layers", 0, "units", value=float("nan")), "holds NaN, which is not JSON"),
        (set_in("network", "layers", 0, "colour", value="red"), "Dense has no hyperparameter 'colour'"),
        (set_in("network", "layers", 0, "activation", "class", value="Evil"), "Unknown activation class"),
        (set_in("network", "layers", value={}), "description must have"),
        (set_in("network", "n_features", value=5), "should be float32 of shape"),
        (set_in("network", "n_features", value=-1), "n_features must be a whole number"),
        (set_in("network", "dtype", value="float64"), "should be float64"),
        (set_in("network", "dtype", value="object"), "dtype must be float32 or float64"),
        (set_in("network", "seed", value="x"), "seed must be a whole number"),
        (set_in("network", value=3), "description must have"),
        (set_in("sections", value=3), "sections must be a JSON object"),
        (lambda d, a: a.pop("dense1.bias"), "differ in dense1.bias"),
        (lambda d, a: a.update(extra=np.zeros(3)), "differ in extra"),
    ],
)
def test_a_file_that_does_not_agree_with_itself_is_refused(tmp_path, change, message):
    path = tmp_path / "m.safetensors"
    network()[0].save(path)
    edited(path, change)
    with pytest.raises(gn.FileFormatError, match=message):
        gn.load(path)


def test_damaged_and_foreign_files_are_refused(tmp_path):
    path = tmp_path / "m.safetensors"
    network()[0].save(path)
    whole = path.read_bytes()
    for damaged in (b"", whole[:7], whole[: len(whole) // 2], whole[:-1], b"\x89PNG" + whole, b"{}" * 40):
        path.write_bytes(damaged)
        with pytest.raises(gn.FileFormatError, match=r"is not a safetensors file, or is damaged"):
            gn.load(path)
    save_file({"x": np.zeros(2)}, path)
    with pytest.raises(gn.FileFormatError, match="not a glassnet model"):
        gn.load(path)
    with pytest.raises(gn.FileFormatError, match="is a folder"):
        gn.load(tmp_path)
    with pytest.raises(FileNotFoundError, match="There is no model file"):
        gn.load(tmp_path / "absent")


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def fail(temporary):
        temporary.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.txt"]
    write_atomically(path, lambda temporary: temporary.write_text("new"))
    assert path.read_text() == "new"
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        write_atomically(tmp_path / "absent" / "x", fail)
