import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from glassnet.cli.app import run


@pytest.fixture(autouse=True)
def terminal(monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("GLASSNET_KERNELS", "numpy")  # loading compiled ones takes longer than these fits
    monkeypatch.delenv("GLASSNET_TRACEBACK", raising=False)
    monkeypatch.chdir(tmp_path)


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def refused(self, *words):
        """Assert that it failed as bad input must: one clear line on stderr, nothing else there."""
        assert self.code == 2, self.err or self.out
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("Error: ")
        assert "Traceback" not in self.err + self.out
        for word in words:
            assert word in self.err
        return self


@pytest.fixture
def glassnet(capsys):
    """Run a command in this process."""

    def call(*words):
        code = run([str(word) for word in words])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


def start(*words, **more):
    environment = {**os.environ, "COLUMNS": "100", "TERM": "dumb"} | more.pop("env", {})
    return subprocess.Popen(
        [sys.executable, "-m", "glassnet", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        # A test run in the background has SIGINT ignored, and would hand that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **more,
    )


@pytest.fixture(name="start")
def start_fixture():
    """Start the real command in a process of its own."""
    return start


@pytest.fixture
def process(tmp_path):
    """Run the real command in a process of its own."""

    def call(*words, **more):
        child = start(*words, cwd=tmp_path, **more)
        out, err = child.communicate(timeout=120)
        return Result(child.returncode, out, err)

    return call


@pytest.fixture(scope="session")
def people():
    """A table with every kind of column; `kind` is a class, `income` a value."""
    rng = np.random.default_rng(0)
    lines = ["id,age,city,member,since,income,kind"]
    for i in range(120):
        age, city = rng.integers(18, 80), rng.choice(["Oslo", "Rome", "Bonn"])
        member, day = rng.choice(["true", "false"]), rng.integers(1, 28)
        income = 100 + 3 * age + (50 if city == "Rome" else 0) + rng.normal(0, 5)
        kind = "old" if age > 48 else "young"
        shown = "" if i % 17 == 0 else age
        lines.append(f"n{i:03},{shown},{city},{member},2023-{1 + i % 12:02}-{day:02},{income:.2f},{kind}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def table(tmp_path, people):
    path = tmp_path / "people.csv"
    path.write_text(people)
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory, people):
    """The folder of a quick training on `people`, shared by tests that only read it."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "people.csv").write_text(people)
    words = [
        "train",
        folder / "people.csv",
        "--drop",
        "id",
        "--epochs",
        "40",
        "--out",
        folder / "run",
        "--quiet",
    ]
    assert run(list(map(str, words))) == 0
    return folder / "run"
