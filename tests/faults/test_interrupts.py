"""Ctrl-C at any moment leaves a network that can be used, trained and saved."""

import linecache
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn

HERE = Path(__file__).parent
MOMENTS = int(os.environ.get("GLASSNET_INTERRUPTS", "40"))


def test_interrupts_at_random_moments(tmp_path):
    command = [
        sys.executable,
        "-W",
        "error",
        HERE / "interrupted.py",
        str(MOMENTS),
        "0",
        tmp_path / "m.safetensors",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    counts = [int(word) for word in done.stdout.split()]
    assert sum(counts) == MOMENTS
    assert all(counts)
    assert [name for name in os.listdir(tmp_path) if not name.startswith(".")] == ["m.safetensors"]


def interrupt_at(number):
    """Return a trace function that raises at the given line run in glassnet's own source."""
    left = number

    def trace(frame, event, _):
        nonlocal left
        if "glassnet" not in frame.f_code.co_filename:
            return None
        # The claim is given back without a call, so that no true interrupt can come before these lines.
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        if event == "line" and 'claims["training"]' not in line:
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    return trace


@pytest.mark.parametrize("first", range(7))
def test_interrupts_at_every_seventh_line_of_a_fit(first):
    if sys.gettrace() is not None:
        pytest.skip("something else traces this run")
    X, y = np.random.default_rng(0).normal(size=(8, 3)), np.arange(8) % 2
    options = {"loss": "softmax_cross_entropy", "epochs": 1, "batch_size": 4, "validation_fraction": 0.25}
    net, number, interrupted = gn.Network([gn.Dense(3), gn.BatchNorm(), gn.Dense(2)], seed=0), 1 + first, 0
    net.fit(X, y, **options)
    while True:
        sys.settrace(interrupt_at(number))
        try:
            net.fit(X, y, **options)
        except KeyboardInterrupt:
            interrupted += 1
        else:
            break
        finally:
            sys.settrace(None)
        number += 7
        assert np.isfinite(net.parameters.values).all()
        assert np.isfinite(net.predict(X)).all()
    assert interrupted > 20
    net.fit(X, y, **options)
