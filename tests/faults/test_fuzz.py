"""A small part of what tools/fuzz.py does, always the same cases."""

import importlib.util
import warnings
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "fuzz.py"


@pytest.mark.parametrize(("target", "cases"), [("model", 700), ("csv", 500), ("cli", 25)])
def test_changed_files_are_taken_or_refused(target, cases, monkeypatch):
    import sys

    pytest.importorskip("pyarrow")
    pytest.importorskip("typer")
    spec = importlib.util.spec_from_file_location("glassnet_fuzz", TOOL)
    tool = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "glassnet_fuzz", tool)
    spec.loader.exec_module(tool)
    with warnings.catch_warnings():
        tally = tool.fuzz([target], seed=0, cases=cases, seconds=None)[target]
    assert not tally.faults, "\n".join(tally.faults)
    assert 0 < tally.taken < tally.cases == cases
