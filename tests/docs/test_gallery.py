"""The page of recipes is of the scripts as they are."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def gallery():
    spec = importlib.util.spec_from_file_location("gallery_script", ROOT / "tools" / "gallery.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def test_the_page_is_in_step_with_the_scripts(gallery):
    assert gallery.problems() == []


def test_a_changed_script_is_noticed(gallery, tmp_path, monkeypatch):
    page = tmp_path / "gallery.md"
    page.write_text(re.sub(r"(spiral\.py) \w+", r"\1 0", gallery.PAGE.read_text("utf-8")))
    monkeypatch.setattr(gallery, "PAGE", page)
    assert gallery.problems() == ["examples/spiral.py has changed since the page was written"]


def test_a_recipe_still_prints_what_the_page_shows(gallery, tmp_path):
    """The quickest one is run; tests/test_recipes.py runs them all."""
    shown = gallery.excerpt("by-hand", gallery.run("by-hand", tmp_path))
    pattern = re.compile(r"-?\d+\.\d*")
    text = gallery.PAGE.read_text("utf-8")
    known = text[text.index("dA3 =") :].split("\n```")[0]
    assert pattern.sub("#", shown).split() == pattern.sub("#", known).split()
    for ours, theirs in zip(pattern.findall(known), pattern.findall(shown), strict=True):
        assert float(ours) == pytest.approx(float(theirs), abs=2e-4)
