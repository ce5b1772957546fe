"""docs/mistakes.md: its tables are what its script measures, its tests exist, its lines are Python."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "tools" / "mistakes.py"
PAGE = (ROOT / "docs" / "mistakes.md").read_text(encoding="utf-8")
SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
TEST = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`")


def run(*arguments):
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-W", "error", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )


def test_the_tables_are_what_the_script_measures():
    done = run("--check")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "The page is what the script prints." in done.stdout


def test_a_changed_figure_is_noticed(tmp_path):
    changed = PAGE.replace("71.9 %", "71.8 %")
    assert changed != PAGE
    page = tmp_path / "mistakes.md"
    page.write_text(changed, encoding="utf-8")
    done = run("momentum-zero", "--check", "--page", page)
    assert done.returncode == 1
    assert "momentum, coefficient 0 " in done.stdout
    assert "python tools/mistakes.py --write" in done.stdout


def test_there_are_fourteen_sections_in_order():
    assert [section.split(".")[0] for section in SECTIONS] == [str(i) for i in range(1, 15)]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.splitlines()[0])
def test_every_section_is_whole(section):
    """The wrong line, its effect in figures, the right formula, and a test that exists."""
    for part in ("```python", "<!-- figures: ", "\n| ", "\nRight", "\nCaught by "):
        assert part in section, f"no {part!r}"
    for snippet in re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL):
        ast.parse(snippet)
    named = TEST.findall(section.split("\nCaught by ")[1])
    assert named
    for file, name in named:
        assert (ROOT / file).is_file(), f"{file} does not exist"
        assert name in functions_in(ROOT / file), f"{file} has no test {name}"


def functions_in(file):
    names = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
    return names


def test_every_test_named_anywhere_is_looked_up():
    assert PAGE.count("`tests/") == len(TEST.findall(PAGE))


def test_every_picture_is_there_and_small():
    pictures = re.findall(r"!\[.+?\]\((.+?)\)", PAGE)
    assert len(pictures) == len(set(pictures)) == 2
    for name in pictures:
        size = (ROOT / "docs" / name).stat().st_size
        assert 1_000 < size < 100_000


def test_every_link_of_the_contents_leads_to_a_section():
    anchors = {
        re.sub(r"[^\w\- ]", "", section.splitlines()[0].lower()).replace(" ", "-") for section in SECTIONS
    }
    links = re.findall(r"\]\(#(.+?)\)", PAGE)
    assert set(links) == anchors
