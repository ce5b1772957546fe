"""Targets: classes or values, by a written rule; encoded for a loss, decoded to what they were."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from glassnet.errors import DataError, HyperparameterError, NotBuiltError, ShapeError
from glassnet.tabular import TargetEncoder

NAN = float("nan")


@pytest.mark.parametrize(
    ("values", "is_classification"),
    [
        (["a", "b", "a"], True),
        ([True, False], True),
        (pd.Series([1.5, 2.5, 1.5, 2.5], dtype="category"), True),
        (pa.array([1, 2, 3, 1, 2, 3]).dictionary_encode(), True),
        ([0, 1, 1, 0], True),
        ([0, 7], True),
        ([1.0, 0.0, 0.0], True),
        ([0, 1, 2] * 4, True),
        (list(range(20)) * 4, True),
        (list(range(21)) * 4, False),
        (list(range(20)) * 3, False),
        ([0, 1, 2] * 3, False),
        ([0.5, 1.5], False),
        ([0.5, 1.0] * 50, False),
        (list(range(1000)), False),
        (["0", "1", "1"], True),
        (["1.5", "2.5", "3"], False),
        ([str(i) for i in range(100)], False),
        ([dt.timedelta(seconds=1.5), dt.timedelta(seconds=1)], False),
    ],
)
def test_the_rule_of_auto(values, is_classification):
    target = TargetEncoder().fit(values)
    assert target.is_classification == is_classification
    assert target.task == "auto"


@pytest.mark.parametrize(
    ("values", "classes", "counts"),
    [
        (["b", "a", "b"], ("a", "b"), (1, 2)),
        ([True, False, True], (False, True), (1, 2)),
        ([10, 9, 10, 9], (9, 10), (2, 2)),
        (np.array([10, 9], np.uint8), (9, 10), (1, 1)),
        ([2**60 + 1, 2**60], (2**60, 2**60 + 1), (1, 1)),
        ([1.0, 0.0], (0.0, 1.0), (1, 1)),
        (["10", "9"], ("10", "9"), (1, 1)),
        (pd.Series(["b", "a"], dtype=pd.CategoricalDtype(["c", "b", "a"])), ("a", "b"), (1, 1)),
        (pd.Series([1, 0, 1], dtype="Int64"), (0, 1), (1, 2)),
        (pa.array(["x", "y"]), ("x", "y"), (1, 1)),
    ],
)
def test_classes_are_sorted_counted_and_of_their_own_type(values, classes, counts):
    target = TargetEncoder().fit(values)
    assert target.classes == classes
    assert list(map(type, target.classes)) == list(map(type, classes))
    assert target.counts == counts
    labels = target.encode(values)
    assert labels.dtype == np.int64
    assert labels.shape == (len(values),)
    assert np.bincount(labels).tolist() == list(counts)
    decoded = target.decode_labels(labels)
    assert decoded.tolist() == list(values.tolist() if isinstance(values, np.ndarray) else pd.Series(values))
    assert decoded.dtype == {str: np.dtype(object)}.get(type(classes[0]), np.array(classes).dtype)


def test_explicit_classification_of_fractions():
    target = TargetEncoder(task="classification").fit([0.5, 1.5, 0.5])
    assert target.classes == (0.5, 1.5)
    assert target.encode([1.5, 0.5]).tolist() == [1, 0]


def test_classes_are_compared_by_their_spelling():
    assert TargetEncoder().fit(["0", "1", "x"] * 2).encode([1, 0.0]).tolist() == [1, 0]
    assert TargetEncoder().fit([0, 1, 1]).encode(["1", "0"]).tolist() == [1, 0]
    assert TargetEncoder().fit(["true", "false"]).encode([True]).tolist() == [1]


def test_regression_is_standardised_by_hand_and_back():
    target = TargetEncoder().fit([1.5, 2.0, 4.0])  # mean 2.5, variance (1 + 0.25 + 2.25) / 3
    std = (3.5 / 3) ** 0.5
    assert target.mean == pytest.approx(2.5)
    assert target.std == pytest.approx(std)
    encoded = target.encode([2.5, 3.5])
    assert encoded.dtype == np.float32
    np.testing.assert_allclose(encoded, [[0], [1 / std]], rtol=1e-6)
    decoded = target.decode(encoded)
    assert decoded.dtype == np.float64
    np.testing.assert_allclose(decoded, [2.5, 3.5], rtol=1e-6)
    np.testing.assert_array_equal(target.decode(encoded[:, 0]), decoded)


@pytest.mark.parametrize("values", [[True, False, True], ["1", "2.5"], pd.Series([1, 2], dtype="category")])
def test_regression_on_request(values):
    target = TargetEncoder(task="regression").fit(values)
    assert not target.is_classification
    np.testing.assert_allclose(target.encode(values).mean(), 0, atol=1e-6)


def test_fit_encode():
    assert TargetEncoder().fit_encode(["b", "a"], "y").tolist() == [1, 0]


def test_probabilities_are_decoded():
    target = TargetEncoder().fit(["a", "b", "c"] * 2)
    assert target.decode([[0.1, 0.2, 0.7], [0.4, 0.3, 0.3]]).tolist() == ["c", "a"]
    assert target.decode(np.zeros((0, 3))).tolist() == []
    two = TargetEncoder().fit([5, 7])
    assert two.decode([[0.4], [0.6], [0.5]]).tolist() == [5, 7, 5]
    assert two.decode([0.4, 0.6]).tolist() == [5, 7]
    assert two.decode([[0.4, 0.6]]).tolist() == [7]
    assert TargetEncoder().fit([True, False]).decode([0.9]).dtype == bool


@pytest.mark.parametrize("shape", [(2, 2), (2, 1), (3,), (), (1, 3, 1)])
def test_outputs_of_another_shape_are_refused(shape):
    target = TargetEncoder().fit(["a", "b", "c"] * 2, "kind")
    with pytest.raises(ShapeError, match=r"'kind' must have shape \(n, 3\), got"):
        target.decode(np.zeros(shape))


def test_values_of_another_shape_are_refused():
    with pytest.raises(ShapeError, match=r"must have shape \(n, 1\), got \(4, 2\)"):
        TargetEncoder().fit([0.5, 1.5]).decode(np.zeros((4, 2)))


def test_nan_is_no_class():
    with pytest.raises(DataError, match=r"output is NaN at row 1 \(counting from 0\)"):
        TargetEncoder().fit(["a", "b"]).decode([[0.5, 0.5], [NAN, 0.1]])


@pytest.mark.parametrize("values", [["a", None, "b", ""], [1.0, NAN, 2.0, NAN], pa.array([1, None, 2, None])])
def test_missing_values_are_counted_and_the_first_is_named(values):
    message = r"Target 'y' has 2 missing values, the first at row 1 \(counting from 0\); leave such rows out"
    with pytest.raises(DataError, match=message):
        TargetEncoder().fit(values, "y")
    for complete in (["a", "b"], [0.5, 1.5]):
        with pytest.raises(DataError, match=message):
            TargetEncoder().fit(complete, "y").encode([*complete[:1], None, *complete[1:], None])


def test_text_that_says_nan_among_numbers_is_missing():
    with pytest.raises(DataError, match="1 missing value, the first at row 2"):
        TargetEncoder().fit(["1.5", "2.5", "nan"])
    with pytest.raises(DataError, match="1 missing value, the first at row 0"):
        TargetEncoder().fit([0.5, 1.5]).encode(["nan"])


@pytest.mark.parametrize(
    ("values", "task", "message"),
    [
        ([], "auto", r"Target 'y' has no rows"),
        ([None, None], "auto", r"Target 'y' has 2 missing values"),
        (["a", "a"], "auto", r"Target 'y' holds 'a' alone in all 2 rows; there is nothing to learn"),
        ([3] * 8, "auto", r"holds 3 alone in all 8 rows"),
        ([3.5] * 8, "auto", r"holds 3\.5 alone"),
        ([3.5] * 8, "classification", r"holds 3\.5 alone"),
        ([True], "auto", r"holds True alone"),
        (
            list("abcdefgh"),
            "auto",
            r"has 8 classes in 8 rows, such as 'a': .* identifier\? .*task=\"regression\"",
        ),
        (list("abcdabc"), "auto", r"has 4 classes in 7 rows"),
        ([0.5, 1.5, 2.5], "classification", r"has 3 classes in 3 rows, such as 0\.5"),
        ([1.0, float("inf")], "auto", r"holds inf at row 1"),
        ([1.0, float("-inf"), 2.0], "classification", r"holds -inf at row 1"),
        (
            ["1.5", "x", "y"] * 2,
            "regression",
            r"'y' must hold numbers for regression, but row 1 .* holds 'x'",
        ),
        (
            [dt.date(2020, 1, 1), dt.date(2020, 1, 2)],
            "auto",
            r"must hold numbers for regression, but it holds dates",
        ),
        (
            [dt.date(2020, 1, 1), dt.date(2020, 1, 2)],
            "classification",
            r"holds dates; predict a number or a class",
        ),
        ([[1], [2]], "auto", r"Column 'y' holds list values"),
    ],
)
def test_targets_that_cannot_be_learnt(values, task, message):
    with pytest.raises(DataError, match=message) as caught:
        TargetEncoder(task=task).fit(values, "y")
    assert "\n" not in str(caught.value)


def test_two_classes_may_have_one_row_each():
    assert TargetEncoder().fit(["a", "b"]).counts == (1, 1)


@pytest.mark.parametrize(
    ("seen", "later", "message"),
    [
        (
            ["a", "b"],
            ["a", "z"],
            r"'y' holds 'z' at row 1 .*, a class that training had not; it knows 'a', 'b'",
        ),
        ([0, 1], [0, 2], r"'y' holds 2 at row 1"),
        ([0, 1], [0.5], r"'y' holds 0\.5 at row 0"),
        (["a", "b"], [dt.date(2020, 1, 1)], r"held classes in training, but it holds dates"),
        ([0.5, 1.5], ["0.5", "x"], r"'y' must hold numbers for regression, but row 1 .* holds 'x'"),
        ([0.5, 1.5], [float("inf")], r"'y' holds inf at row 0"),
    ],
)
def test_later_targets_that_do_not_fit(seen, later, message):
    target = TargetEncoder().fit(seen, "y")
    with pytest.raises(DataError, match=message):
        target.encode(later)


def test_no_rows_encode_to_no_rows():
    assert TargetEncoder().fit(["a", "b"]).encode([]).shape == (0,)
    assert TargetEncoder().fit([0.5, 1.5]).encode([]).shape == (0, 1)


def test_what_a_target_lacks_says_so():
    with pytest.raises(DataError, match="'y' holds values, not classes"):
        _ = TargetEncoder().fit([0.5, 1.5], "y").classes
    with pytest.raises(DataError, match="'y' holds classes, which have no mean"):
        _ = TargetEncoder().fit(["a", "b"], "y").std
    calls = [
        lambda t: t.encode([1]),
        lambda t: t.decode([1]),
        lambda t: t.decode_labels([0]),
        lambda t: t.classes,
        lambda t: t.counts,
        lambda t: t.mean,
        lambda t: t.to_dict(),
    ]
    for call in calls:
        with pytest.raises(NotBuiltError, match=r"not fitted yet; call fit\(values\) first"):
            call(TargetEncoder())


def test_fitting_anew_forgets_the_old_task():
    target = TargetEncoder().fit(["a", "b"]).fit([0.5, 1.5])
    assert not target.is_classification
    assert target.fit(["a", "b"]).is_classification


@pytest.mark.parametrize("task", ["classify", None, 1])
def test_unknown_tasks_are_refused(task):
    with pytest.raises(HyperparameterError, match="TargetEncoder task"):
        TargetEncoder(task=task)


def test_a_stray_text_is_named_where_classes_are_refused():
    values = [*map(str, np.arange(59) + 0.5), "oops"]
    message = r"too few rows for each\. 59 of 60 values of 'y' are numbers, but 'oops' in row 59 "
    with pytest.raises(DataError, match=message):
        TargetEncoder().fit(values, "y")
