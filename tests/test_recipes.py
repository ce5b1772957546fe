"""The recipes, run small as a user runs them, and the figures they must show."""

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(*arguments, cwd):
    environment = os.environ | {"PYTHONWARNINGS": "error", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=environment,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def numbers(pattern, text):
    return [float(found) for found in re.findall(pattern, text)]


def test_six_optimizers(tmp_path):
    shown = run(EXAMPLES / "six_optimizers.py", "--epochs", 4, "--out", tmp_path, cwd=tmp_path)
    for part in (
        "h0",
        "a1 = h0 W1 + b1",
        "h1 = relu(a1)",
        "a2 = h1 W2 + b2",
        "h2 = softmax(a2)",
        "gradient norm",
    ):
        assert part in shown
    table = shown[shown.index("loss after each") :].splitlines()[1:7]
    assert [line.split()[0] for line in table] == ["SGD", "momentum", "Nesterov", "RMSprop", "Adam", "NAdam"]
    first, last = (np.array([float(line.split()[i]) for line in table]) for i in (1, 3))
    assert (last < first).all()
    assert (last[3:] < 1.5).all()  # the adaptive ones have learned by now
    assert (tmp_path / "six_optimizers.png").stat().st_size > 10_000


def write_idx(path, array):
    kind = b"\0\0\x08" + bytes([array.ndim])
    path.write_bytes(kind + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes())


def test_six_optimizers_on_mnist_files(tmp_path):
    generator = np.random.default_rng(0)
    for part, n in (("train", 64), ("t10k", 32)):
        labels = (np.arange(n) % 10).astype(np.uint8)
        images = generator.integers(0, 50, (n, 28, 28)).astype(np.uint8)
        write_idx(tmp_path / f"{part}-images-idx3-ubyte", images)
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte", labels)
    for script in ("six_optimizers.py", "deep_batchnorm.py"):
        shown = run(EXAMPLES / script, "--mnist", tmp_path, "--epochs", 1, "--out", tmp_path, cwd=tmp_path)
        assert "(784, 128)" in shown or "normal(0.01)" in shown


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "rmsprop", "adam"])
def test_two_class_images(tmp_path, optimizer):
    options = ["--optimizer", optimizer, "--epochs", 12, "--print-every", 4, "--out", tmp_path]
    shown = run(EXAMPLES / "two_class_images.py", *options, "--learning-rate", 0.01, cwd=tmp_path)
    costs = numbers(r"cost (\d\.\d+)", shown)
    assert len(costs) == 4
    assert costs[-1] < costs[0]
    assert (tmp_path / "cost.png").exists()
    assert (tmp_path / "image.png").exists()


def test_two_class_images_on_cifar_files(tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for name in [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]:
        records = generator.integers(0, 256, (20, 3073)).astype(np.uint8)
        records[:, 0] = np.arange(20) % 10
        (folder / name).write_bytes(records.tobytes())
    shown = run(
        EXAMPLES / "two_class_images.py", "--cifar10", folder, "--epochs", 1, "--out", tmp_path, cwd=tmp_path
    )
    assert "(32, 32, 3)" in shown
    assert "Training 3072-32-1" in shown


def test_spiral(tmp_path):
    shown = run(EXAMPLES / "spiral.py", "--epochs", 200, "--out", tmp_path, cwd=tmp_path)
    (difference,) = numbers(r"largest difference of all gradients (\S+)", shown)
    assert difference < 1e-15
    separate, fused = numbers(r"softmax: +loss (\d\.\d{12})", shown)
    assert separate == pytest.approx(fused, abs=1e-12)
    assert shown.count("epoch   200") == 4
    rates = numbers(r"epoch   200 .*rate (\S+)", shown)
    np.testing.assert_allclose(rates, [1 / 1.2, 1 / 1.02] * 2, atol=1e-5)
    assert min(numbers(r"epoch   200 .*accuracy (\S+)", shown)) > 0.7
    assert "MeanSquaredError     0.070000" in shown  # (0.01 + 0.04 + 0.16) / 3
    assert "BinaryCrossEntropy   0.279777" in shown  # -(ln 0.9 + ln 0.8 + ln 0.6) / 3
    assert (tmp_path / "spiral.png").stat().st_size > 10_000


def test_deep_batchnorm(tmp_path):
    shown = run(EXAMPLES / "deep_batchnorm.py", "--out", tmp_path, cwd=tmp_path)
    accuracy = numbers(r"loss \d\.\d+   test accuracy (\S+)", shown)
    assert accuracy[0] < 0.2  # weights of 0.01 do not train this depth
    assert accuracy[2] > 0.85  # He and batch normalisation do
    assert "x_hat" in shown
    assert (tmp_path / "deep_batchnorm.png").exists()


def test_by_hand(tmp_path):
    shown = run(EXAMPLES / "by_hand.py", cwd=tmp_path)
    for name in (
        "Z1 = A0 W1 + b1   (10, 10)",
        "A3 = softmax(Z3)   (10, 4)",
        "dW3 = A2^T dZ3   (10, 4)",
        "db1 =",
    ):
        assert name in shown
    (loss,) = numbers(r"loss = -mean over samples of .* = (\d\.\d+)", shown)
    assert numbers(r"before: (\d\.\d+)", shown) == [loss]
    assert numbers(r"after the update: (\d\.\d+)", shown)[0] < loss


def test_the_command_line_runs_and_lists_recipes(tmp_path):
    shown = run("-m", "glassnet", "recipe", "by-hand", "--seed", 3, cwd=tmp_path)
    assert "loss after the update" in shown
    listed = run("-m", "glassnet", "recipe", cwd=tmp_path)
    for path in EXAMPLES.glob("*.py"):
        assert path.stem.replace("_", "-") in listed


def test_recipes_write_apart_from_runs(tmp_path):
    run("-m", "glassnet", "recipe", "spiral", "--epochs", 20, cwd=tmp_path)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["recipes"]
    assert (tmp_path / "runs" / "recipes" / "spiral" / "spiral.png").exists()
    for path in EXAMPLES.glob("*.py"):
        text = path.read_text()
        assert "--out" not in text or f'Path("runs/recipes/{path.stem.replace("_", "-")}")' in text
