"""glassnet train --resume: a killed run ends like an unbroken one."""

import os
import subprocess
import sys
import time

import numpy as np

import glassnet as gn

SCRIPT = """
import sys
import glassnet.cli.train as train
train.CHECKPOINT_SECONDS = 0.02
from glassnet.cli import main
main(sys.argv[1:])
"""


def start(folder, *words):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "train", "digits", "--epochs", "40", "--patience", "0", "-q", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )


def finish(child):
    out, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    return out


def test_a_killed_training_is_resumed_exactly(tmp_path):
    finish(start(tmp_path, "--out", "whole"))
    child = start(tmp_path, "--out", "broken", "--resume")
    kept = tmp_path / "broken.checkpoint"
    deadline = time.monotonic() + 60
    while not kept.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.15)
    child.kill()
    child.communicate()
    assert not (tmp_path / "broken").exists()
    finish(start(tmp_path, "--out", "broken", "--resume"))
    whole, resumed = (gn.load(tmp_path / name / "model.safetensors") for name in ("whole", "broken"))
    np.testing.assert_array_equal(resumed.parameters.values, whole.parameters.values)
    assert sorted(os.listdir(tmp_path)) == ["broken", "whole"]  # the checkpoint is gone


def test_resume_needs_a_folder_and_the_same_settings(glassnet, tmp_path, monkeypatch):
    glassnet("train", "iris", "--resume").refused("--resume needs --out")
    child = start(tmp_path, "--out", "run", "--resume")
    while not (tmp_path / "run.checkpoint").exists() and child.poll() is None:
        time.sleep(0.01)
    child.kill()
    child.communicate()
    glassnet("train", "digits", "--out", "run", "--resume", "--seed", "5").refused("another network", "seed")
    assert (tmp_path / "run.checkpoint").exists()
