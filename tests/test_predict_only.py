"""Prediction in an environment that has NumPy, safetensors and glassnet, and nothing else."""

import importlib.util
import json
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn

TABLE = {
    "size": [1.0, 2.5, None, 8.0, 9.0, 7.5],
    "city": ["Oslo", "Rome", "Rome", "Bonn", None, "Oslo"],
    "member": [True, False, True, None, True, False],
    "since": ["2024-01-01", "2024-03-01", "2024-07-09", "2023-05-05", "2022-02-02", "2021-12-24"],
}
KIND = ["cat", "cat", "cow", "cow", "cat", "cow"]

SCRIPT = """
import importlib.util, json, sys
import numpy as np
import glassnet as gn
for name in ("scipy", "sklearn", "joblib", "threadpoolctl", "pyarrow", "pandas", "onnx", "typer"):
    assert importlib.util.find_spec(name) is None, name
net = gn.predict_only.load("net.safetensors")
assert type(net) is gn.Network
outputs = net.predict(np.load("X.npy"))
model = gn.predict_only.load("model.safetensors")
with open("table.json") as file:
    table = json.load(file)
classes, p = model.predict(table).astype(str), model.predict_proba(table)
np.savez("answers.npz", outputs=outputs, classes=classes, p=p)
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The Python of a new environment, into which only the packages named are linked."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    place = Path(subprocess.check_output([python, "-c", ask], text=True).strip())
    for name in ("numpy", "safetensors", "glassnet"):
        home = Path(importlib.util.find_spec(name).origin).parent
        for one in (home, home.with_name(f"{name}.libs")):
            if one.exists():
                (place / one.name).symlink_to(one)
    return python


@pytest.fixture
def files(tmp_path):
    layers = [gn.Dense(8, activation="gelu"), gn.BatchNorm(), gn.Dropout(0.2)]
    net = gn.Network([*layers, gn.Residual([gn.LayerNorm(), gn.Dense(8, activation="mish")])], seed=0).build(
        3
    )
    net.save(tmp_path / "net.safetensors")
    X = np.random.default_rng(0).normal(size=(5, 3)) * 3
    np.save(tmp_path / "X.npy", X)
    encoder = gn.tabular.TabularEncoder().fit(TABLE)
    target = gn.tabular.TargetEncoder().fit(KIND, "kind")
    net2 = gn.Network([gn.Dense(6, activation="gelu"), gn.Dense(2)], seed=0).build(encoder.n_features)
    model = gn.tabular.TabularModel(net2, target, encoder=encoder)
    model.save(tmp_path / "model.safetensors")
    (tmp_path / "table.json").write_text(json.dumps(TABLE))
    return tmp_path, net.predict(X), model


def test_numpy_and_safetensors_are_enough(bare, files):
    folder, outputs, model = files
    done = subprocess.run(
        [bare, "-W", "error", "-c", SCRIPT],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with np.load(folder / "answers.npz") as answers:
        np.testing.assert_allclose(answers["outputs"], outputs, rtol=1e-6, atol=1e-7)  # GELU without SciPy
        np.testing.assert_allclose(answers["p"], model.predict_proba(TABLE), rtol=1e-6)
        assert answers["classes"].tolist() == model.predict(TABLE).tolist()


def test_it_gives_what_the_file_holds(files):
    folder, _, model = files
    assert type(gn.predict_only.load(folder / "net.safetensors")) is gn.Network
    loaded = gn.predict_only.load(folder / "model.safetensors")
    assert type(loaded) is gn.tabular.TabularModel
    np.testing.assert_array_equal(loaded.predict_proba(TABLE), model.predict_proba(TABLE))


def test_bad_files_are_refused(tmp_path, files):
    with pytest.raises(FileNotFoundError, match="There is no model file"):
        gn.predict_only.load(tmp_path / "none.safetensors")
    net = gn.Network([gn.Dense(2)], seed=0).build(3)
    gn.files.save_network(net, tmp_path / "odd.safetensors", sections={"tabular": {"format": 1}})
    with pytest.raises(gn.FileFormatError, match=r"odd.safetensors: tabular"):
        gn.predict_only.load(tmp_path / "odd.safetensors")


def test_heavy_packages_are_not_imported():
    names = ["scipy", "sklearn", "joblib", "threadpoolctl", "safetensors"]
    code = f"import sys, glassnet.predict_only; sys.exit(any(n in sys.modules for n in {names}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
