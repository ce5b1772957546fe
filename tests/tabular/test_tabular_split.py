"""Splits: every row in one part, the same rows for the same seed, classes in proportion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassnet.errors import DataError, HyperparameterError, ShapeError
from glassnet.tabular import split_rows


def test_parts_have_the_sizes_asked_for():
    parts = split_rows(100, validation=0.2, test=0.1)
    assert [len(part) for part in parts] == [70, 20, 10]
    assert [len(part) for part in split_rows(10, validation=0.25)] == [7, 3, 0]
    assert [len(part) for part in split_rows(10, validation=0, test=0)] == [10, 0, 0]
    assert [len(part) for part in split_rows(1, validation=0)] == [1, 0, 0]


def test_equal_seeds_give_equal_parts_and_others_do_not():
    labels = np.arange(100) % 3
    for kwargs in ({}, {"labels": labels}):
        first, again, other = (split_rows(100, test=0.3, seed=seed, **kwargs) for seed in (1, 1, 2))
        assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
        assert not np.array_equal(first.train, other.train)
        generated = split_rows(100, test=0.3, seed=np.random.default_rng(1), **kwargs)
        assert np.array_equal(generated.train, first.train)


def test_the_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - it is what must not change
    split_rows(100, labels=[0, 1] * 50)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


fractions = st.floats(0.0, 0.95)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=80),
    fractions,
    fractions,
    st.booleans(),
    st.integers(0, 9),
)
def test_parts_are_a_partition_and_keep_the_classes_in_proportion(labels, validation, test, by_class, seed):
    n = len(labels)
    labels = np.array(labels)
    try:
        parts = split_rows(
            n, validation=validation, test=test, labels=labels if by_class else None, seed=seed
        )
    except DataError:
        sizes = [int(n * fraction + 0.5) for fraction in (validation, test)]
        assert sum(sizes) >= n or any(f and not s for f, s in zip((validation, test), sizes, strict=True))
        return
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(n))
    for part in parts:
        assert np.all(np.diff(part) > 0)
    classes, counts = np.unique(labels, return_counts=True)
    if by_class and len(parts.train) >= len(classes):
        assert set(labels[parts.train]) == set(labels)
    if by_class and len(parts.train) >= 2 * len(classes):
        for label, count in zip(classes, counts, strict=True):
            share = np.count_nonzero(labels[parts.validation] == label)
            slack = 1 + count * len(classes) / n
            assert abs(share - count * len(parts.validation) / n) <= slack


def test_proportions_are_exact_where_they_can_be():
    labels = np.repeat([0, 1], [900, 100])
    for seed in range(5):
        parts = split_rows(1000, validation=0.2, test=0.1, labels=labels, seed=seed)
        assert abs(int(labels[parts.validation].sum()) - 20) <= 1
        assert abs(int(labels[parts.test].sum()) - 10) <= 1


def test_small_classes_are_drawn_into_validation_as_often_as_large_ones():
    labels = np.repeat(np.arange(26), [50, *[2] * 25])
    shares = [(labels[split_rows(100, labels=labels, seed=s).validation] > 0).mean() for s in range(200)]
    assert abs(np.mean(shares) - 0.5) < 0.03


def test_a_class_of_one_row_trains():
    labels = ["common"] * 20 + ["rare"]
    for seed in range(20):
        assert 20 in split_rows(21, validation=0.4, test=0.4, labels=labels, seed=seed).train


def test_labels_may_be_of_any_type():
    for labels in (["a", "b"] * 10, [True, False] * 10, np.array([1.5, 2.5] * 10)):
        parts = split_rows(20, labels=labels)
        assert [len(part) for part in parts] == [16, 4, 0]
        assert len({labels[row] for row in parts.validation}) == 2


def test_rows_are_drawn_from_everywhere():
    hits = np.zeros(50)
    for seed in range(400):
        hits[split_rows(50, seed=seed).validation] += 1
    assert hits.min() > 40  # 80 expected, standard deviation 8
    assert hits.max() < 120


@pytest.mark.parametrize(
    ("n_rows", "fractions", "message"),
    [
        (
            3,
            {"validation": 0.1},
            r"validation=0\.1 of 3 rows is no row at all; use a larger fraction, 0, or more rows",
        ),
        (3, {"test": 0.1, "validation": 0}, r"test=0\.1 of 3 rows is no row at all"),
        (0, {}, r"validation=0\.2 of 0 rows"),
        (0, {"validation": 0}, r"of 0 rows leave no row for training"),
        (
            10,
            {"validation": 0.6, "test": 0.4},
            r"validation=0\.6 and test=0\.4 of 10 rows leave no row for training",
        ),
        (2, {"validation": 0.9}, r"leave no row for training"),
    ],
)
def test_empty_parts_are_refused(n_rows, fractions, message):
    with pytest.raises(DataError, match=message):
        split_rows(n_rows, **fractions)


@pytest.mark.parametrize("value", [-0.1, 1.0, 1.5, float("nan"), "half", None])
@pytest.mark.parametrize("name", ["validation", "test"])
def test_fractions_out_of_range_are_refused(name, value):
    with pytest.raises(HyperparameterError, match=rf"split {name} fraction must .*\[0, 1\)"):
        split_rows(10, **{name: value})


@pytest.mark.parametrize("labels", [[0, 1], np.zeros((10, 1)), 3])
def test_labels_must_be_one_per_row(labels):
    with pytest.raises(ShapeError, match=r"labels must have shape \(10,\), got"):
        split_rows(10, labels=labels)


def test_a_million_rows_split_quickly():
    labels = np.random.default_rng(0).integers(0, 1000, 1_000_000)
    parts = split_rows(1_000_000, labels=labels)
    assert len(parts.validation) == 200_000
