"""Kinds: settled by what text says in training, kept at prediction whatever the file reader guessed."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from glassnet.errors import DataError
from glassnet.tabular.columns import column_of
from glassnet.tabular.kinds import category_codes, category_index, coerce, settle


def settled(values):
    column = settle(column_of("x", values))
    return column.kind, [
        None if gone else v for v, gone in zip(column.values.tolist(), column.missing, strict=True)
    ]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["12.5", " 3 ", "-1e-3", None, ""], "number", [12.5, 3.0, -0.001, None, None]),
        (["007", "+7", "nan"], "number", [7.0, 7.0, None]),
        (["1", 2, 2.5, "3"], "number", [1.0, 2.0, 2.5, 3.0]),
        (["1_000", "2"], "category", [0, 1]),
        (["1,5", "2"], "category", [0, 1]),
        (["12.5", "x"], "category", [0, 1]),
        (["0x10"], "category", [0]),
        (["True", "False"], "category", [0, 1]),
        (["1970-01-02", None], "datetime", [1.0, None]),
        (
            ["1970-01-02T12:00:00Z", "1970-01-02 13:00:00+01:00", "1970-01-02 06:00"],
            "datetime",
            [1.5, 1.5, 1.25],
        ),
        (["1970-01-01T00:00:00.0864"], "datetime", [1e-6]),
        (["1970-01-02", "someday"], "category", [0, 1]),
        (["1970-13-02"], "category", [0]),
        (["0001-01-01T00:00:00+23:00"], "category", [0]),
        (["1970-W01-1"], "category", [0]),
        (["19700102"], "number", [19_700_102.0]),
    ],
)
def test_text_settles_to_what_all_of_it_says(values, kind, expected):
    assert settled(values) == (kind, expected)


def test_declared_categories_stay_categories():
    assert settled(pd.Series(["1", "2"], dtype="category")) == ("category", [0, 1])
    assert settled(pd.Series([1, 2], dtype="category")) == ("category", [0, 1])


def coerced(values, kind):
    column = coerce(column_of("x", values), kind)
    assert column.kind == kind
    return [None if gone else v for v, gone in zip(column.values.tolist(), column.missing, strict=True)]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, 2.5], "number", [1.0, 2.5]),
        ([True, None], "number", [1.0, None]),
        (["1", " 2.5", "", "nan"], "number", [1.0, 2.5, None, None]),
        (pd.Series(["1", "x"], dtype="category")[:1], "number", [1.0]),
        ([0, 1.0, None], "boolean", [False, True, None]),
        (["true", "FALSE", "1", "0", None], "boolean", [True, False, True, False, None]),
        (["1970-01-02", None], "datetime", [1.0, None]),
        (pd.Series(["1970-01-02", "x"], dtype="category")[:1], "datetime", [1.0]),
        ([dt.date(1970, 1, 2)], "datetime", [1.0]),
    ],
)
def test_other_kinds_are_accepted_where_they_say_the_same(values, kind, expected):
    assert coerced(values, kind) == expected


@pytest.mark.parametrize("kind", ["number", "boolean", "datetime", "category"])
@pytest.mark.parametrize("values", [[], [None, None], [np.nan, np.nan], pd.Series([None], dtype="category")])
def test_a_column_without_values_fits_every_kind(values, kind):
    assert coerced(values, kind) == [None] * len(values)


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (
            [1, None, "abc", "d"],
            "number",
            r"held numbers in training, but row 2 \(counting from 0\) holds 'abc'",
        ),
        ([dt.date(2020, 1, 1)], "number", r"held numbers in training, but it holds dates"),
        ([0, 1, 2], "boolean", r"held true or false in training, but row 2 .* holds 2\."),
        (["true", "maybe"], "boolean", r"held true or false in training, but row 1 .* holds 'maybe'"),
        ([dt.date(2020, 1, 1)], "boolean", r"held true or false in training, but it holds dates"),
        ([3.5], "datetime", r"held dates in training, but it holds numbers"),
        ([True], "datetime", r"held dates in training, but it holds true or false"),
        (["2020-01-01", "someday"], "datetime", r"held dates in training, but row 1 .* holds 'someday'"),
        ([dt.date(2020, 1, 1)], "category", r"held categories in training, but it holds dates"),
    ],
)
def test_misfits_name_column_row_and_value(values, kind, message):
    with pytest.raises(DataError, match=f"Column 'x' {message}"):
        coerce(column_of("x", values), kind)


@pytest.mark.parametrize(
    ("categories", "values", "expected"),
    [
        (("1", "2", "a"), [2, 1, 1], [1, 0, 0]),
        (("1", "2", "a"), [2.0, np.nan], [1, -1]),
        (("1.0", "2.5"), [1.0, 2.5], [0, 1]),
        ((1, 2), ["2", "1"], [1, 0]),
        ((1.0, 2.5), [1, 2], [0, -1]),
        ((False, True), ["True", "no"], [1, -1]),
        (("false", "maybe", "true"), [True, False], [2, 0]),
        (("FALSE", "TRUE", "x"), [True, False], [1, 0]),
        (("a", "b"), ["b", None, "c", ""], [1, -1, -1, -1]),
    ],
)
def test_categories_are_compared_by_their_spelling(categories, values, expected):
    column = column_of("x", values)
    positions, unknown = category_codes(column, category_index(categories))
    assert positions.tolist() == expected
    assert unknown.tolist() == [p < 0 and not gone for p, gone in zip(expected, column.missing, strict=True)]
