"""glassnet against PyTorch's own answers, stored beside this file; PyTorch itself is not needed.

float64: every number within 1e-10 + 1e-10 |expected|. float32: the largest error of an array at most
1e-5 of its largest expected magnitude. `make oracle` asks PyTorch again.
"""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.registry import KINDS, table

NOT_IN_PYTORCH = {
    "Lion": "PyTorch has no Lion; its rule is checked against the paper's in tests/optimizers.",
    "Quantile": "PyTorch has no pinball loss; it is checked against scikit-learn's in tests/losses.",
}
"""Registered classes without a case, and why."""

WHERE = {
    "activation": ("activations",),
    "layer": ("layers",),
    "loss": ("losses",),
    "optimizer": ("optimizers", "networks"),  # L-BFGS has no single step, only minima
    "schedule": ("schedules",),
}
"""The families in which each kind must have its cases; initialisers draw random numbers."""


def test_glassnet_says_what_pytorch_says(golden, family, case, dtype):
    answers = golden.run(family, case, dtype)
    assert set(answers) == set(case["expected"])
    for name, expected in case["expected"].items():
        if dtype == "float64":
            np.testing.assert_allclose(answers[name], expected, **golden.TOLERANCE_64, err_msg=name)
        else:
            assert golden.scaled_error(answers[name], expected) <= golden.TOLERANCE_32, name


def test_answers_have_the_precision_that_was_asked_for(golden, documents):
    for family, name in (("activations", "a"), ("losses", "gradient"), ("optimizers", "last")):
        case = documents[family]["cases"][0]
        assert golden.run(family, case, "float32")[name].dtype == np.float32
        assert golden.run(family, case, "float64")[name].dtype == np.float64


def classes_in(value):
    """Yield the class of every config anywhere in a case."""
    if isinstance(value, dict):
        if isinstance(value.get("class"), str):
            yield value["class"]
        for item in value.values():
            yield from classes_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from classes_in(item)


@pytest.mark.parametrize("kind", WHERE)
def test_everything_registered_has_a_case_or_a_reason(kind, documents):
    cases = [case for family in WHERE[kind] for case in documents[family]["cases"]]
    covered = {name for case in cases for name in classes_in(case)}
    registered = {cls.__name__ for cls in table(kind)[1].values()}
    missing = registered - covered - set(NOT_IN_PYTORCH)
    assert not missing, f"no golden vectors for {missing}: add them in tools/torch_oracle, or say why not"
    assert not covered & set(NOT_IN_PYTORCH)


def test_every_kind_is_looked_at_and_every_reason_is_needed():
    assert set(KINDS) - set(WHERE) == {"initializer"}
    registered = {cls.__name__ for kind in WHERE for cls in table(kind)[1].values()}
    assert set(NOT_IN_PYTORCH) <= registered


@pytest.mark.parametrize("kind", ["layer", "loss", "optimizer"])
def test_whole_networks_are_trained_with_each_of_them(kind, documents):
    covered = {name for case in documents["networks"]["cases"] for name in classes_in(case)}
    registered = {cls.__name__ for cls in table(kind)[1].values()}
    assert registered - set(NOT_IN_PYTORCH) <= covered


def test_float32_is_asked_nearly_everywhere(documents):
    spared = [
        case for document in documents.values() for case in document["cases"] if case.get("float64_only")
    ]
    assert [case["name"] for case in spared] == ["BatchNorm, 2 rows, 1 step", "BatchNorm, 2 rows, 10 steps"]


def test_the_files_are_of_one_pytorch_and_small(golden, documents):
    assert {document["torch"] for document in documents.values()} == {"2.13.0"}
    files = [*golden.FOLDER.glob("*.json"), *golden.FOLDER.glob("*.npz")]
    assert len(files) == 2 * len(documents)
    assert sum(file.stat().st_size for file in files) < 1.5e6


def test_files_can_be_written_and_read_again(golden, documents, tmp_path):
    for family, document in documents.items():
        golden.write(family, document, tmp_path)
        assert (tmp_path / f"{family}.json").read_text() == (golden.FOLDER / f"{family}.json").read_text()
        np.testing.assert_equal(golden.read(family, tmp_path), document)


def test_a_wrong_answer_is_told(golden):
    expected = np.array([1000.0, 1.0])
    assert golden.scaled_error(np.array([1000.0, 1.02]), expected) == pytest.approx(2e-5)
    assert golden.scaled_error(np.array([1e-3]), np.zeros(1)) == 1e-3
    assert golden.scaled_error(np.array([1e-38]), np.array([2e-38])) < 1e-5
    assert golden.scaled_error(np.array([np.nan, 1.0]), expected) == np.inf
    assert golden.scaled_error(np.ones(3), expected) == np.inf
