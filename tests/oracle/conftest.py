"""The golden vectors as parameters: a test that asks for `case` runs over every one of them."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import pytest


@cache
def load():
    """Return the module golden.py beside this file, which no import path leads to."""
    spec = importlib.util.spec_from_file_location("golden", Path(__file__).with_name("golden.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def document(family):
    return load().read(family)


def pytest_generate_tests(metafunc):
    if "case" not in metafunc.fixturenames:
        return
    golden = load()
    asked = [
        pytest.param(family, case, dtype, id=f"{family}: {case['name']}: {dtype}")
        for family in golden.FAMILIES
        for case in document(family)["cases"]
        for dtype in golden.precisions(case)
    ]
    metafunc.parametrize(("family", "case", "dtype"), asked)


@pytest.fixture(scope="session")
def golden():
    return load()


@pytest.fixture(scope="session")
def documents():
    return {family: document(family) for family in (*load().FAMILIES, "differences")}


@pytest.fixture(scope="session")
def difference(documents):
    """Look up a difference by its name."""
    by_name = {case["name"]: case for case in documents["differences"]["cases"]}
    return by_name.__getitem__
