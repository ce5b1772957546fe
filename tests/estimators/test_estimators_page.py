"""The page "coming from scikit-learn": its examples run, its tables are those that the scripts print."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "from_sklearn.md").read_text(encoding="utf-8")
ISSUES = [9113, 6175, 26912, 14571, 18748, 18507, 24411, 25693, 12505, 6091, 9468]


def test_the_examples_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert len(blocks) > 12
    names = {}
    for block in blocks:
        exec(compile(block, "docs/from_sklearn.md", "exec"), names)
    assert (tmp_path / "model.safetensors").exists()
    assert "val_score" in capsys.readouterr().out


@pytest.mark.parametrize("number", ISSUES)
def test_every_request_is_named(number):
    assert f"({number})" in PAGE


def test_the_agreement_table_has_a_row_for_every_case_of_the_script():
    spec = importlib.util.spec_from_file_location("agreement_script", ROOT / "tools" / "agreement.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for problem, *_ in script.problems():
        for solver in script.SOLVERS:
            assert f"| {problem} | {solver} | " in PAGE
