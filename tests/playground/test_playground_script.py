import os
import re
import subprocess
import sys

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import HyperparameterError
from glassnet.playground.desk import Desk
from glassnet.playground.exports import exported
from glassnet.playground.uploads import Uploads


def run_script(content, folder):
    path = folder / "playground.py"
    path.write_bytes(content)
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    rows = [dict(re.findall(r"(\w+) (\S+?)(?:,|$)", line)) for line in done.stdout.splitlines()]
    return {name: [float(row[name]) for row in rows] for name in rows[0] if name not in ("epoch",)}


SETUPS = {
    "the default": {},
    "everything on a plane": {
        "data": {"name": "circles", "factor": 0.4, "n": 150, "noise": 0.15},
        "features": ["x", "y", "x2", "y2", "xy", "sinx", "siny"],
        "layers": [
            {"units": 9, "batch_norm": True, "dropout": 0.3, "initializer": "orthogonal"},
            {"units": 7, "activation": "leaky_relu", "initializer": "uniform"},
        ],
        "loss": "binary_cross_entropy",
        "optimizer": {
            "name": "sgd",
            "learning_rate": 0.05,
            "momentum": 0.9,
            "nesterov": True,
            "clip_norm": 1,
        },
        "schedule": {"name": "cosine", "steps": 100, "warmup": 5},
        "l1": 1e-4,
        "l2": 1e-3,
        "seed": 5,
        "data_seed": 6,
        "train_share": 0.65,
        "batch_size": 17,
    },
    "values": {"data": {"name": "waves"}, "loss": "huber", "train_share": 1.0},
    "a table of classes": {"data": {"name": "digits"}, "train_share": 0.3, "batch_size": 100},
    "a table of values": {"data": {"name": "diabetes"}, "optimizer": {"name": "adamw"}},
}


@pytest.mark.parametrize("name", SETUPS)
def test_the_script_repeats_the_run_with_the_same_numbers(name, tmp_path):
    desk = Desk({**SETUPS[name], "compare": {"optimizer": {"name": "lion"}}})
    for _ in range(6):
        desk.one_epoch()
    content, filename = exported(desk, "script")
    assert filename == "playground.py"
    history = desk.run.training.history
    for column, values in run_script(content, tmp_path).items():
        assert values == history[column]
    net = gn.load(tmp_path / "playground.safetensors")
    assert np.array_equal(net.parameters.values, desk.run.network.parameters.values)


def test_weights_set_by_hand_are_in_the_script(tmp_path):
    desk = Desk({})
    for i in range(4):
        desk.one_epoch()
        desk.set_weight("dense1.weight", (0, i), 0.1 + i)
        desk.one_step()
        desk.set_weight("dense2.bias", (1,), -0.1 * i)
    desk.one_epoch()
    assert run_script(exported(desk, "script")[0], tmp_path)["loss"] == desk.run.training.history["loss"]


def test_what_was_tuned_is_in_the_script(tmp_path):
    rate = {"name": "adam", "learning_rate": 0.02}
    desk = Desk({"optimizer": {"name": "adam", "learning_rate": 0.03}, "data": {"n": 150}})
    desk.tune({"optimizer": rate})  # before the first step: it begins with that
    desk.one_step()
    desk.tune({"optimizer": {**rate, "beta1": 0.8}})
    desk.one_epoch()
    desk.tune({"schedule": {"name": "cosine", "steps": 40, "warmup": 3}})
    desk.one_epoch()
    desk.one_step()
    desk.set_weight("dense1.weight", (1, 2), -0.7)
    desk.tune({"optimizer": {**rate, "learning_rate": 0.5}})
    desk.one_epoch()
    desk.one_epoch()
    desk.tune({"optimizer": rate})
    desk.rewind(4)  # which takes the last one back
    desk.one_epoch()
    history = desk.run.training.history
    assert history["learning_rate"][0] == 0.02
    content = exported(desk, "script")[0]
    for column, values in run_script(content, tmp_path).items():
        assert values == history[column]
    net = gn.load(tmp_path / "playground.safetensors")
    assert np.array_equal(net.parameters.values, desk.run.network.parameters.values)
    assert content.count(b"gn.Adam(") == 4


def table_of(n, seed=0):
    random = np.random.default_rng(seed)
    age, city = random.normal(40, 12, n), random.choice(["Oslo", "Rome", "Lima"], n)
    lines = ["age,city,height,rich"]
    for i in range(n):
        shown = "" if i % 17 == 3 else f"{age[i]:.3f}"
        rich = "yes" if age[i] + 10 * (city[i] == "Oslo") > 45 else "no"
        lines.append(f"{shown},{city[i]},{1.5 + age[i] / 100:.4f},{'' if i == 5 else rich}")
    return "\n".join(lines).encode()


@pytest.mark.parametrize("target", [None, "height", 'a"""b'])
def test_the_script_of_an_uploaded_table(target, tmp_path):
    content = table_of(90)
    if target and '"' in target:
        content = content.replace(b"age,city", b'"a""""""b",city', 1).replace(b",,", b",1,")
    uploads = Uploads(tmp_path)
    told = uploads.add(content, "people.csv")
    setup = {"data": {"name": "upload", "upload": told["id"], "target": target}, "layers": [{"units": 5}]}
    desk = Desk(setup, tmp_path)
    for _ in range(4):
        desk.one_epoch()
    (tmp_path / "uploaded.csv").write_bytes(content)
    measured = run_script(exported(desk, "script")[0], tmp_path)
    assert measured["loss"] == desk.run.training.history["loss"]
    assert measured["val_loss"] == desk.run.training.history["val_loss"]
    model = exported(desk, "model")[0]
    (tmp_path / "model.safetensors").write_bytes(model)
    predicted = gn.load(tmp_path / "model.safetensors")
    assert predicted is not None


def test_the_script_of_an_uploaded_array(tmp_path):
    random = np.random.default_rng(0)
    X = random.normal(size=(80, 2))
    array = np.column_stack([X, X[:, 0] * X[:, 1] > 0])
    np.save(tmp_path / "uploaded.npy", array)
    told = Uploads(tmp_path).add((tmp_path / "uploaded.npy").read_bytes(), "points.npy")
    desk = Desk({"data": {"name": "upload", "upload": told["id"]}, "features": ["xy"]}, tmp_path)
    assert desk.ready()["kind"] == "plane-classes"  # two columns of numbers are a plane
    for _ in range(4):
        desk.one_epoch()
    measured = run_script(exported(desk, "script")[0], tmp_path)
    assert measured["accuracy"] == desk.run.training.history["accuracy"]


def test_the_model_and_the_onnx_file_answer_like_the_network(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    desk = Desk({"layers": [{"units": 5, "batch_norm": True}]})
    desk.one_epoch()
    inputs = desk.problem.inputs
    wanted = desk.run.network.predict(inputs)
    (tmp_path / "model").write_bytes(exported(desk, "model")[0])
    assert np.array_equal(gn.load(tmp_path / "model").predict(inputs), wanted)
    session = onnxruntime.InferenceSession(exported(desk, "onnx")[0])
    (outputs,) = session.run(None, {"X": inputs})[:1]
    assert np.allclose(outputs, wanted, atol=1e-5)
    with pytest.raises(HyperparameterError, match="script, model, onnx"):
        exported(desk, "pickle")
