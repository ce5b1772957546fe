"""ONNX files: they pass the checker, and onnxruntime says what glassnet says."""

import json
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
import pytest

import glassnet as gn
from glassnet.export import to_onnx
from glassnet.export.onnx_layers import _EXPORTS
from glassnet.registry import table

ACTIVATIONS = table("activation")[1]
LAYERS = {
    "dense": [gn.Dense(5, bias=False), gn.Dense(3)],
    "activation": [gn.Activation(gn.LeakyReLU(0.3))],
    "batchnorm": [gn.BatchNorm(epsilon=1e-3)],
    "layernorm": [gn.LayerNorm()],
    "dropout": [gn.Dropout(0.5)],
    "residual": [
        gn.Residual(
            [gn.Residual([gn.Dense(4, activation="mish")]), gn.BatchNorm(), gn.Dense(6, activation="gelu")]
        )
    ],
}


def run(path, X):
    """Check the file and return what onnxruntime says."""
    onnx.checker.check_model(str(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(["Y"], {"X": X})[0]


def agrees(outputs, expected):
    assert outputs.shape == expected.shape
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)


def shaken(net):
    """Give every parameter and statistic values of its own."""
    generator = np.random.default_rng(3)
    net.parameters.values = generator.normal(size=net.parameters.values.shape)
    for name, statistic in net.parameters.statistics.items():
        statistic[...] = generator.uniform(0.5, 2, size=statistic.shape) * (1 if "variance" in name else 3)
    return net


def inputs(dtype, n_features=4):
    """Return small rows, large ones, zeros, and rows far from zero."""
    rows = np.random.default_rng(0).normal(size=(40, n_features))
    rows[10:20] *= 1e2
    rows[20:25] *= 1e4
    rows[25] = 0
    rows[30:] += 1e3
    return rows.astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation(tmp_path, name, dtype):
    for layers in ([gn.Activation(name)], [gn.Dense(3, activation=name)]):
        net = gn.Network(layers, seed=0, dtype=dtype).build(4)
        net.to_onnx(tmp_path / "net.onnx")
        X = inputs(dtype)
        outputs = run(tmp_path / "net.onnx", X)
        assert outputs.dtype == dtype
        agrees(outputs, net.predict(X))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", table("layer")[1])
def test_every_layer(tmp_path, name, dtype):
    net = shaken(gn.Network(LAYERS[name], seed=0, dtype=dtype).build(4))
    net.to_onnx(tmp_path / "net.onnx")
    X = inputs(dtype)
    if name == "layernorm" and dtype == "float32":
        X = X[:30]  # in float32 the mean of a row far from zero is uncertain by more than 1e-5
    expected = net.predict(X)
    scale = np.maximum(np.abs(expected).max(axis=1, keepdims=True), 1)  # of each row
    agrees(run(tmp_path / "net.onnx", X) / scale, expected / scale)
    for n in (0, 1):  # any number of rows
        assert run(tmp_path / "net.onnx", X[:n]).shape == (n, net.n_outputs)


def test_every_registered_layer_has_an_export():
    assert set(_EXPORTS) == set(table("layer")[1].values())


def test_features_far_from_zero_keep_their_digits(tmp_path):
    net = gn.Network([gn.BatchNorm()], seed=0).build(4)
    X = (1e5 + np.random.default_rng(0).normal(size=(50, 4))).astype("float32")
    net.parameters.statistics["batchnorm1.mean"] = X.mean(axis=0)
    net.to_onnx(tmp_path / "net.onnx")
    agrees(run(tmp_path / "net.onnx", X), net.predict(X))


def test_a_fitted_network_with_all_of_it(tmp_path):
    layers = [
        gn.Dense(16, activation="silu"),
        gn.BatchNorm(),
        gn.Residual([gn.LayerNorm(), gn.Dense(16, activation="gelu"), gn.Dropout(0.2)]),
        gn.Residual([gn.Dense(8, activation="selu")]),
        gn.Dropout(0.1),
        gn.Dense(3),
        gn.Activation("softmax"),
        gn.Dropout(0.0),
    ]
    net = gn.Network(layers, seed=0)
    X, y = gn.datasets.spiral(seed=0)
    net.fit(X, y, loss="categorical_cross_entropy", epochs=3)
    net.to_onnx(tmp_path / "net.onnx")
    agrees(run(tmp_path / "net.onnx", X.astype("float32")), net.predict(X))


def test_names_are_those_of_the_parameters(tmp_path):
    net = gn.Network(
        [gn.Dense(4, activation="relu"), gn.BatchNorm(), gn.Residual([gn.Dense(2)]), gn.Dropout(0.5)], seed=0
    ).build(3)
    net.to_onnx(tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    arrays = {a.name: onnx.numpy_helper.to_array(a) for a in model.graph.initializer}
    for name, value in (*net.parameters.items(), *net.parameters.statistics.items()):
        np.testing.assert_array_equal(arrays[name], value)
    nodes = {node.name for node in model.graph.node}
    assert {"dense1", "batchnorm1", "residual1", "residual1.dense1", "dropout1"} <= nodes
    assert model.opset_import[0].version >= 17
    (x,), (y,) = model.graph.input, model.graph.output
    assert (x.name, y.name) == ("X", "Y")
    assert [d.dim_param or d.dim_value for d in x.type.tensor_type.shape.dim] == ["batch", 3]
    assert [d.dim_param or d.dim_value for d in y.type.tensor_type.shape.dim] == ["batch", 2]
    metadata = {p.key: p.value for p in model.metadata_props}
    assert metadata == {"glassnet_version": gn.__version__, "input": "features", "output": "outputs"}


def test_the_same_network_gives_the_same_file(tmp_path):
    net = gn.Network([gn.Dense(2, activation="mish")], seed=0).build(3)
    for name in "ab":
        net.to_onnx(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


# -- errors -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Halved(gn.layers.Layer):
    def forward(self, inputs, context):
        return inputs / 2

    def backward(self, gradient, context):
        return gradient / 2


class OwnDense(gn.Dense):
    pass


@dataclass(frozen=True)
class Square(gn.activations.ActivationFunction):
    def forward(self, z, out, buffers):
        np.multiply(z, z, out=out)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (Halved(), ("residual1.halved1", "layer Halved", "Dense, Activation")),
        (OwnDense(4), ("residual1.owndense1", "layer OwnDense")),
        (gn.Dense(4, activation=Square()), ("residual1.dense1", "activation Square", "Linear, ReLU")),
    ],
)
def test_layers_of_ones_own_are_named(tmp_path, layer, words):
    path = tmp_path / "net.onnx"
    path.write_text("old")
    net = gn.Network([gn.Residual([layer])], seed=0).build(4)
    with pytest.raises(gn.GlassnetError) as caught:
        net.to_onnx(path)
    for word in words:
        assert word in str(caught.value)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["net.onnx"]


def test_what_cannot_be_exported(tmp_path, monkeypatch):
    net = gn.Network([gn.Dense(2)], seed=0)
    with pytest.raises(gn.NotBuiltError, match="no parameters yet"):
        net.to_onnx(tmp_path / "net.onnx")
    with pytest.raises(gn.HyperparameterError, match="takes a Network or a TabularModel, got 'x'"):
        to_onnx("x", tmp_path / "net.onnx")
    net.build(3)
    with pytest.raises(gn.HyperparameterError, match="path must be a path, got 3"):
        net.to_onnx(3)
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        net.to_onnx(tmp_path / "none" / "net.onnx")
    monkeypatch.setattr("glassnet.export.graph._LARGEST", 2**20 + 8)
    with pytest.raises(gn.GlassnetError, match="take 32 bytes; an ONNX file holds less than 2 GiB"):
        net.to_onnx(tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


def test_without_onnx_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    net = gn.Network([gn.Dense(2)], seed=0).build(3)
    with pytest.raises(gn.MissingDependencyError, match=r'pip install "glassnet\[onnx\]"'):
        net.to_onnx(tmp_path / "net.onnx")


def test_onnx_is_imported_only_for_an_export():
    code = "import sys, glassnet.export.onnx, glassnet.predict_only; sys.exit('onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# -- tabular models ---------------------------------------------------------------------------------


TABLE = {
    "age": [20.0, 30.0, None, 50.0, 60.0, 41.0, 33.0, 28.0],
    "member": [True, False, True, None, True, False, True, True],
    "since": [1.6e9, 1.6e9 + 500, 1.6e9 + 90, 1.6e9 + 7, 1.6e9 + 1, 1.6e9 + 65, 1.6e9 + 2, 1.6e9 + 3],
    "same": [1.0, 1.0, None, 1.0, 1.0, 1.0, 1.0, 1.0],
    "constant": [1] * 8,
    "size": [1, 2, 3, 4, 5, 6, 7, 8],
}
WEIGHT = [1e9, 1.2e9, 1.1e9, 0.9e9, 1.4e9, 1e9, 1.3e9, 1.25e9]
KIND = ["cat", "dög", "cat", "cow", "cow", "dög", "cat", "cow"]


def tabular(table, values, name, last=None, n_outputs=None, dtype="float32"):
    encoder = gn.tabular.TabularEncoder().fit(table)
    target = gn.tabular.TargetEncoder(task="regression" if name == "weight" else "classification").fit(
        values, name
    )
    n_outputs = n_outputs or (len(target.classes) if target.is_classification else 1)
    layers = [gn.Dense(6, activation="gelu"), gn.Dense(n_outputs, activation=last or "linear")]
    net = shaken(gn.Network(layers, seed=0, dtype=dtype).build(encoder.n_features))
    return gn.tabular.TabularModel(net, target, encoder=encoder)


def raw(model, table):
    """Return the table's columns as the graph takes them."""
    return np.array([table[name] for name in model.columns], np.float64).T


def metadata(path):
    return {p.key: p.value for p in onnx.load(path).metadata_props}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_and_booleans_go_in_as_they_are(tmp_path, dtype):
    model = tabular(TABLE, KIND, "kind", dtype=dtype)
    path = tmp_path / "model.onnx"
    to_onnx(model, path)
    agrees(run(path, raw(model, TABLE)), model.predict_proba(TABLE))
    told = metadata(path)
    assert told["input"] == "columns"
    assert told["output"] == "probabilities"
    assert json.loads(told["feature_names"]) == ["age", "member", "since", "same", "size"]
    assert json.loads(told["classes"]) == ["cat", "cow", "dög"]
    assert told["target"] == "kind"
    assert "booleans are 0 or 1" in onnx.load(path).doc_string
    # missing where training had none
    holes = {**TABLE, "size": [None, *TABLE["size"][1:]]}
    agrees(run(path, raw(model, holes)), model.predict_proba(holes))


def test_without_missing_values(tmp_path):
    table = {"size": TABLE["size"], "flag": [True, False] * 4}
    model = tabular(table, KIND, "kind")
    to_onnx(model, tmp_path / "model.onnx")
    holes = {"size": [None, 3.0], "flag": [True, None]}
    for one in (table, holes):
        agrees(run(tmp_path / "model.onnx", raw(model, one)), model.predict_proba(one))


def test_a_regression_gives_values_in_their_unit(tmp_path):
    model = tabular(TABLE, WEIGHT, "weight")
    path = tmp_path / "model.onnx"
    to_onnx(model, path)
    outputs = run(path, raw(model, TABLE))
    assert outputs.shape == (8, 1)
    np.testing.assert_allclose(outputs[:, 0], model.predict(TABLE), rtol=1e-6)
    assert metadata(path)["output"] == "values"
    assert "classes" not in metadata(path)


@pytest.mark.parametrize(
    ("last", "n_outputs"), [("linear", 1), ("sigmoid", 1), ("linear", 2), ("softmax", 2)]
)
def test_probabilities_of_two_classes(tmp_path, last, n_outputs):
    model = tabular(TABLE, [True, False] * 4, "kind", last, n_outputs)
    to_onnx(model, tmp_path / "model.onnx")
    outputs = run(tmp_path / "model.onnx", raw(model, TABLE))
    agrees(outputs, model.predict_proba(TABLE))
    assert metadata(tmp_path / "model.onnx")["classes"] == "[false, true]"


def test_categories_are_encoded_outside_of_the_graph(tmp_path):
    table = {"size": TABLE["size"], "city": ["Oslo", "Rome"] * 4}
    model = tabular(table, KIND, "kind")
    path = tmp_path / "model.onnx"
    to_onnx(model, path)
    agrees(run(path, model.features(table)), model.predict_proba(table))
    assert metadata(path)["input"] == "encoded"
    assert json.loads(metadata(path)["feature_names"]) == ["size", "city=Oslo", "city=Rome"]
    assert "not part of this graph" in onnx.load(path).doc_string


def test_a_model_without_an_encoder(tmp_path):
    target = gn.tabular.TargetEncoder().fit(KIND)
    net = gn.Network([gn.Dense(3)], seed=0).build(2)
    model = gn.tabular.TabularModel(net, target, feature_names=["a", "b"])
    to_onnx(model, tmp_path / "model.onnx")
    X = inputs("float32", 2)
    agrees(run(tmp_path / "model.onnx", X), model.predict_proba(X))
    assert metadata(tmp_path / "model.onnx")["input"] == "features"
