"""The documentation site: it builds without a warning, its links lead somewhere, it fetches nothing."""

import html
import os
import re
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("mkdocs", "material", "mkdocstrings", "mkdocstrings_handlers.python", "latex2mathml")
TAG = re.compile(r"<(?:a|img|script|link|source|iframe)\b[^>]*?\s(href|src)=(\"[^\"]*\"|[^\s>]+)[^>]*>")
ID = re.compile(r"\sid=(?:\"([^\"]+)\"|([^\s>]+))")
MODULES = [
    "network",
    "layers",
    "activations",
    "losses",
    "optimizers",
    "schedules",
    "initializers",
    "callbacks",
    "metrics",
    "datasets",
    "tabular",
    "estimators",
    "inspection",
    "plots",
    "export",
    "files",
    "kernels",
]


def installed(name):
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    missing = [name for name in NEEDED if not installed(name)]
    if missing:
        pytest.skip(f'needs {", ".join(missing)}: pip install "glassnet[docs]"')
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "WARNING" not in done.stderr + done.stdout, done.stderr
    return folder


@cache
def page(path):
    return path.read_text("utf-8")


@cache
def anchors(path):
    return {html.unescape(a or b) for a, b in ID.findall(page(path))}


def pages(site):
    return sorted(site.rglob("*.html"))


def links(path):
    """Yield (kind of tag, address) of every link and picture of a page."""
    for match in TAG.finditer(page(path)):
        yield match[0], html.unescape(match[2].strip('"'))


def test_every_page_of_the_documents_is_there(site):
    for source in (ROOT / "docs").rglob("*.md"):
        path = source.relative_to(ROOT / "docs").with_suffix("")
        place = path.parent if path.name == "index" else path
        assert (site / place / "index.html").is_file(), path


def test_every_internal_link_and_picture_exists(site):
    broken, seen = [], 0
    for path in pages(site):
        if path.name == "404.html":  # its links start at the root of a host
            continue
        for _, address in links(path):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            seen += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            if not target.is_file():
                broken.append((path.relative_to(site).as_posix(), address))
            elif parts.fragment and target.suffix == ".html":
                name = unquote(parts.fragment)
                if name not in anchors(target) and not name.startswith("__"):
                    broken.append((path.relative_to(site).as_posix(), address))
    assert not broken
    assert seen > 1000


def test_nothing_is_fetched_from_another_host(site):
    """Only links that a reader clicks lead away: no script, style, font or picture comes from elsewhere."""
    for path in pages(site):
        for tag, address in links(path):
            if not tag.startswith("<a") and 'rel="canonical"' not in tag and "rel=canonical" not in tag:
                assert not urlsplit(address).netloc, f"{path}: {tag}"
    for path in site.rglob("*.css"):
        text = page(path)
        assert not re.search(r"@import|url\(\s*['\"]?(?:https?:)?//", text), path


@pytest.mark.parametrize("name", MODULES)
def test_the_reference_has_every_public_name(site, name):
    """Each name in a module's `__all__` that has a docstring has a heading on its page."""
    import importlib

    module = importlib.import_module(f"glassnet.{name}")
    known = anchors(site / "api" / name / "index.html")
    for member in module.__all__:
        has_text = getattr(module, member).__class__.__name__ in ("type", "ABCMeta", "function")
        if has_text and not member.startswith("_"):
            ways = {f"glassnet.{name}.{member}", f"glassnet.{name}.{member}.{member}"}
            assert ways & known, f"{name}.{member} is not on its page"


def test_links_in_the_sources_lead_to_files():
    """In a checkout too, and without mkdocs: what a page or README links to is there."""
    for source in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        text = re.sub(r"^(```+).*?^\1", "", source.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
        for address in re.findall(r"\]\(([^)\s]+)\)", text):
            parts = urlsplit(address)
            if not parts.scheme and parts.path:
                assert (source.parent / parts.path).exists(), f"{source.name}: {address}"


def test_pages_of_the_repository_are_made_for_links_that_leave_the_documents(site):
    made = site / "source" / "src" / "glassnet" / "layers" / "dense.py" / "index.html"
    assert "class" in page(made)
    assert "source/src/glassnet/layers/dense.py/" in page(site / "backpropagation" / "index.html")


def test_formulas_need_no_script(site):
    assert page(site / "backpropagation" / "index.html").count("<math") >= 8
    assert not any("language-math" in page(path) for path in pages(site))
