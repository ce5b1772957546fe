"""glassnet export."""

import json
import sys

import numpy as np
import onnx
import onnxruntime
import pytest

import glassnet as gn


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model file of a table of numbers."""
    path = tmp_path_factory.mktemp("export") / "model.safetensors"
    rng = np.random.default_rng(0)
    columns = {"size": rng.normal(50, 9, 40), "weight": rng.normal(3e3, 99, 40)}
    encoder = gn.tabular.TabularEncoder().fit(columns)
    target = gn.tabular.TargetEncoder().fit(["cat", "cow"] * 20, "kind")
    net = gn.Network([gn.Dense(4, activation="gelu"), gn.Dense(2)], seed=0).build(2)
    gn.tabular.TabularModel(net, target, encoder=encoder).save(path)
    return path


def test_the_real_command(process, model, tmp_path):
    result = process("export", model, "--onnx", "model.onnx")
    assert result.code == 0, result.err
    assert result.err == ""
    assert "X are the table's columns" in result.out
    assert "probabilities of 'kind'" in result.out
    assert "model.onnx" in result.out
    onnx.checker.check_model(str(tmp_path / "model.onnx"), full_check=True)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    outputs = session.run(["Y"], {"X": np.array([[50.0, 3e3], [20.0, 2e3]])})[0]
    expected = gn.predict_only.load(model).predict_proba({"size": [50.0, 20.0], "weight": [3e3, 2e3]})
    np.testing.assert_allclose(outputs, expected, rtol=1e-5)
    process("export", model, "--onnx", "model.onnx").refused("model.onnx exists already", "--force")
    assert process("export", model, "--onnx", "model.onnx", "--force", "--quiet").code == 0


def test_a_trained_run_with_categories(glassnet, trained, tmp_path):
    result = glassnet("export", trained / "model.safetensors", "--onnx", tmp_path / "model.onnx")
    assert result.code == 0, result.err
    assert "encoded features" in result.out
    metadata = {p.key: p.value for p in onnx.load(tmp_path / "model.onnx").metadata_props}
    assert metadata["input"] == "encoded"
    assert json.loads(metadata["classes"]) == ["old", "young"]


def test_a_network_alone(glassnet, tmp_path):
    gn.Network([gn.Dense(2)], seed=0).build(3).save(tmp_path / "net.safetensors")
    result = glassnet("export", "net.safetensors", "--onnx", "net.onnx")
    assert result.code == 0
    assert "3 features, Y its 2 outputs" in result.out


def test_errors(glassnet, model, tmp_path, monkeypatch):
    glassnet("export", model).refused("--onnx", "glassnet export --help")
    glassnet("export", "none.safetensors", "--onnx", "a.onnx").refused("There is no model file")
    glassnet("export", model, "--onnx", tmp_path).refused("is a folder; give --onnx a file")
    glassnet("export", model, "--onnx", "none/a.onnx").refused("There is no folder none")
    glassnet("export", model, "--onnx", model, "--force").refused("is what is read")
    (tmp_path / "text.csv").write_text("a,b\n1,2\n")
    glassnet("export", "text.csv", "--onnx", "a.onnx").refused("text.csv is not a safetensors file")
    monkeypatch.setitem(sys.modules, "onnx", None)
    glassnet("export", model, "--onnx", "a.onnx").refused('pip install "glassnet[onnx]"')
    assert [p.name for p in tmp_path.iterdir()] == ["text.csv"]
