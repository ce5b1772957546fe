"""The examples with a layer and a loss of one's own: they run, check their gradients, and learn."""

import re
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def run(name, *arguments):
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_custom_layer():
    printed = run("custom_layer.py", "--epochs", "150")
    assert printed.count("The gradients agree with central differences") == 2
    assert "waves1.frequency" in printed
    assert "predictions are the same to the last bit" in printed
    found = dict(re.findall(r"^(with Waves|without) +mean squared error on new points (\S+)$", printed, re.M))
    assert float(found["with Waves"]) < 0.02 < 0.1 < float(found["without"])


def test_custom_loss():
    printed = run("custom_loss.py")
    assert printed.count("The gradients agree with central differences") == 2
    lines = dict(re.findall(r"^(LogCosh|MeanSquaredError) +y = (\S+) x", printed, re.M))
    assert abs(float(lines["LogCosh"]) - 1.5) < 0.15
    assert abs(float(lines["MeanSquaredError"]) - 1.5) > 0.3


def test_the_layer_is_about_twenty_lines():
    source = (EXAMPLES / "custom_layer.py").read_text(encoding="utf-8")
    body = source[source.index("class Waves") : source.index("parser =")]
    assert sum(bool(line.strip()) for line in body.splitlines()) <= 25
