"""The encoder: columns to float32 features, fitted on the training part alone."""

import copy
import datetime as dt
import math
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from glassnet.errors import DataError, GlassnetError, HyperparameterError, NotBuiltError
from glassnet.tabular import ColumnSummary, TabularEncoder, UnknownCategoryWarning

NAN = float("nan")
INF = float("inf")
MIXED = {
    "age": [20.0, NAN, 40.0, 30.0],
    "rooms": [1, 2, 3, 4],
    "city": ["Rome", "Oslo", None, "Rome"],
    "new": [True, False, False, True],
    "sold": [dt.datetime(2024, 1, 1), dt.datetime(2024, 3, 2, 6), None, dt.datetime(2023, 12, 30)],
    "zip": ["10.5", "2", "", "7"],
    "price": [1.0, 2.0, 3.0, 4.0],
}


def fitted(**columns):
    return TabularEncoder().fit(columns)


def test_numbers_are_standardised_by_hand():
    encoder = fitted(x=[1, 2, 3, 6])  # mean 3, variance (4 + 1 + 0 + 9) / 4
    expected = np.array([-2, -1, 0, 3]) / math.sqrt(3.5)
    np.testing.assert_allclose(encoder.transform({"x": [1, 2, 3, 6]})[:, 0], expected, rtol=1e-7)
    np.testing.assert_allclose(encoder.transform({"x": [10]}), [[7 / math.sqrt(3.5)]], rtol=1e-7)


def test_numbers_against_scikit_learn():
    rng = np.random.default_rng(0)
    values = rng.normal([3, -1e6, 1e-8], [1, 1e-2, 1e-9], (500, 3))
    table = {f"x{i}": values[:, i] for i in range(3)}
    matrix = TabularEncoder().fit_transform(table)
    np.testing.assert_allclose(matrix, StandardScaler().fit_transform(values), rtol=1e-5, atol=1e-6)


def test_categories_against_scikit_learn():
    values = np.random.default_rng(0).choice(["red", "green", "blue"], 50).astype(object)
    oracle = OneHotEncoder(sparse_output=False)
    matrix = TabularEncoder().fit_transform({"c": values})
    np.testing.assert_array_equal(matrix, oracle.fit_transform(values[:, None]))


def test_missing_numbers_become_the_mean_with_an_indicator():
    encoder = fitted(x=[1.0, None, 3.0], y=[1.0, 2.0, 3.0])
    assert encoder.feature_names_out() == ["x", "x:missing", "y"]
    matrix = encoder.transform({"x": [None, 3.0], "y": [NAN, 2.0]})
    np.testing.assert_allclose(matrix, [[0, 1, 0], [1, 0, 0]], atol=1e-7)


def test_categories_are_sorted_and_one_hot():
    encoder = fitted(c=["b", "a", None, "b"])
    assert encoder.feature_names_out() == ["c=a", "c=b", "c:missing"]
    matrix = encoder.transform({"c": ["a", "b", None, ""]})
    np.testing.assert_array_equal(matrix, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]])


def test_a_missing_category_without_an_indicator_is_all_zeros_and_no_stranger():
    encoder = fitted(c=["a", "b"])
    np.testing.assert_array_equal(encoder.transform({"c": [None, "b"]}), [[0, 0], [0, 1]])
    assert encoder.unknown_counts == {}


def test_declared_categories_are_those_that_training_saw():
    values = pd.Series(["b", "a"], dtype=pd.CategoricalDtype(["z", "b", "a"]))
    encoder = TabularEncoder().fit(pd.DataFrame({"c": values}))
    assert encoder.feature_names_out() == ["c=a", "c=b"]


@pytest.mark.parametrize("values", [[3, 1, 2], [0.5, 2.5, 1.5], [True, False, True]])
def test_categories_keep_their_type_and_order(values):
    encoder = TabularEncoder().fit(pd.DataFrame({"c": pd.Series(values, dtype="category")}))
    assert encoder.summary()[0].categories == tuple(sorted(set(values)))
    assert {type(c) for c in encoder.summary()[0].categories} == {type(values[0])}


def test_booleans_are_0_and_1_and_missing_ones_the_share_of_true():
    encoder = fitted(b=[True, None, True, False], c=[True, False, True, True])
    assert encoder.feature_names_out() == ["b", "b:missing", "c"]
    matrix = encoder.transform({"b": [True, False, None], "c": [False, None, True]})
    np.testing.assert_allclose(matrix, [[1, 0, 0], [0, 0, 0.75], [2 / 3, 1, 1]], rtol=1e-6)


def test_dates_are_days_and_waves_by_hand():
    days = ["1970-01-01", "1970-01-08", "1970-01-15"]  # all Thursdays, all midnight; mean day 7
    encoder = fitted(d=days)
    assert encoder.feature_names_out() == ["d", "d:year_sin", "d:year_cos"]
    matrix = encoder.transform({"d": [dt.date(1970, 1, 8), dt.date(1970, 1, 1)]})
    angle = 2 * math.pi * 7 / 365.2425
    expected = [[0, math.sin(angle), math.cos(angle)], [-math.sqrt(1.5), 0, 1]]
    np.testing.assert_allclose(matrix, expected, atol=1e-6)


def test_only_the_cycles_that_differ_have_waves():
    encoder = fitted(d=["1970-01-01T06:00", "1970-01-02T18:00", None])
    names = ["d", *(f"d:{c}_{w}" for c in ("year", "week", "day") for w in ("sin", "cos")), "d:missing"]
    assert encoder.feature_names_out() == names
    matrix = encoder.transform({"d": ["1970-01-01T06:00", None]})
    np.testing.assert_allclose(matrix[0, 5:], [1, 0, 0], atol=1e-6)  # a quarter of the day: sin 1, cos 0
    np.testing.assert_array_equal(matrix[1], [0, 0, 0, 0, 0, 0, 0, 1])
    assert fitted(d=["2024-01-01T10:20", "2024-01-08T10:20"]).feature_names_out() == names[:3]


def test_text_that_is_all_numbers_is_numbers():
    encoder = fitted(x=["1", "2.5", ""], c=["1", "2.5", "x"])
    assert [s.kind for s in encoder.summary()] == ["number", "category"]
    assert encoder.feature_names_out() == ["x", "x:missing", "c=1", "c=2.5", "c=x"]
    assert encoder.transform({"x": [2.5], "c": [2.5]}).tolist() == [[1.0, 0.0, 0.0, 1.0, 0.0]]


@pytest.mark.parametrize(
    "values", [[5, 5, 5], [0.1] * 3, ["a"] * 3, [True] * 3, ["2020-01-01"] * 3, [1e300] * 3, [-1e-320] * 3]
)
def test_columns_of_one_value_are_dropped_without_a_warning(values):
    encoder = fitted(same=values, x=[1, 2, 3])
    assert encoder.feature_names_out() == ["x"]
    assert encoder.needed_columns == ["x"]
    assert encoder.summary()[0].features == ()
    assert encoder.transform({"x": [1]}).shape == (1, 1)
    assert encoder.fit_transform({"same": values, "x": [1, 2, 3]}).shape == (3, 1)


@pytest.mark.parametrize("values", [[5, None], ["a", None], [True, None], ["2020-01-01", None]])
def test_one_value_and_gaps_leave_the_indicator(values):
    encoder = fitted(gaps=values)
    assert encoder.feature_names_out() == ["gaps:missing"]
    np.testing.assert_array_equal(encoder.transform({"gaps": values}), [[0], [1]])


def test_summary_tells_what_was_understood():
    encoder = TabularEncoder().fit({**MIXED, "same": [1] * 4}, exclude=["price"])
    summary = {s.name: s for s in encoder.summary()}
    assert list(summary) == ["age", "rooms", "city", "new", "sold", "zip", "same"]
    kinds = ["number", "number", "category", "boolean", "datetime", "number", "number"]
    assert [s.kind for s in summary.values()] == kinds
    assert [s.n_missing for s in summary.values()] == [1, 0, 1, 0, 1, 1, 0]
    expected = ColumnSummary(
        "city", "category", 1, ("Oslo", "Rome"), ("city=Oslo", "city=Rome", "city:missing")
    )
    assert summary["city"] == expected
    assert summary["same"].features == ()
    assert encoder.n_features == len(encoder.feature_names_out()) == 17
    assert encoder.n_rows == 4


def as_frame(table):
    return pd.DataFrame(table)


def as_nullable_frame(table):
    return pd.DataFrame(table).convert_dtypes()


def as_arrow_frame(table):
    return pd.DataFrame(table).convert_dtypes(dtype_backend="pyarrow")


def as_arrays(table):
    return {name: np.array(values, dtype=object) for name, values in table.items()}


def as_chunks(table):
    whole = pa.table(table)
    return pa.concat_tables([whole.slice(0, 3), whole.slice(3)])


@pytest.mark.parametrize(
    "convert", [as_frame, as_nullable_frame, as_arrow_frame, as_arrays, as_chunks, pa.table]
)
def test_every_library_gives_the_same_matrix(convert):
    expected = TabularEncoder().fit_transform(MIXED, exclude=["price"])
    encoder = TabularEncoder()
    np.testing.assert_array_equal(encoder.fit_transform(convert(MIXED), exclude=["price"]), expected)
    np.testing.assert_array_equal(encoder.transform(convert(MIXED)), expected)
    np.testing.assert_array_equal(TabularEncoder().fit(MIXED, ["price"]).transform(convert(MIXED)), expected)


def test_the_matrix_is_contiguous_float32_whatever_the_input():
    for dtype in (np.float16, np.float32, np.float64, np.int8, np.uint64):
        matrix = TabularEncoder().fit_transform({"x": np.array([1, 2, 3], dtype), "y": [1, 2, 4]})
        assert matrix.dtype == np.float32
        assert matrix.flags.c_contiguous
        np.testing.assert_allclose(matrix[:, 0], [-math.sqrt(1.5), 0, math.sqrt(1.5)], rtol=1e-6)


def test_order_is_free_and_extra_columns_are_ignored():
    encoder = fitted(a=[1, 2, 4], c=["x", "y", "x"])
    expected = encoder.transform({"a": [1, 4], "c": ["y", "x"]})
    shuffled = {"c": ["y", "x"], "extra": [[1], {}], "a": [1, 4]}
    np.testing.assert_array_equal(encoder.transform(shuffled), expected)


def test_only_the_training_rows_count():
    encoder = fitted(x=[0.0, 2.0], c=["a", "b"])
    before = encoder.to_dict()
    with pytest.warns(UnknownCategoryWarning):
        encoder.transform({"x": [100.0], "c": ["z"]})
    assert encoder.to_dict() == before


def test_zero_rows_give_a_matrix_without_rows():
    encoder = TabularEncoder().fit(MIXED)
    for table in ({name: [] for name in MIXED}, pd.DataFrame(MIXED)[:0], pa.table(MIXED)[:0]):
        assert encoder.transform(table).shape == (0, encoder.n_features)


def test_excluded_columns_are_left_out():
    for exclude in (("price",), ["price"], "price"):
        encoder = TabularEncoder().fit(MIXED, exclude=exclude)
        assert "price" not in encoder.feature_names_out()
    assert TabularEncoder().fit(pd.DataFrame(np.eye(3)), exclude=[2]).feature_names_out() == ["0", "1"]


# Unknown categories


def test_unknown_categories_are_zeros_counted_and_warned_of_once():
    encoder = fitted(c=["a", "b"], d=["p", "q"], x=[1, 2])
    first = r"column 'c' holds 2, such as 'z' at row 1 \(counting from 0\)"
    message = rf"zeros: {first}; column 'd' holds 1, such as 'r' at row 0"
    with pytest.warns(UnknownCategoryWarning, match=message) as caught:
        matrix = encoder.transform({"c": ["a", "z", "y"], "d": ["r", "p", "q"], "x": [1, 1, 1]})
    assert len(caught) == 1
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(matrix[:, :4], [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    encoder.transform({"c": ["w"], "d": ["p"], "x": [1]})  # a second warning would be an error here
    assert encoder.unknown_counts == {"c": 3, "d": 1}


def test_fitting_anew_forgets_unknown_categories():
    encoder = fitted(c=["a", "b"])
    with pytest.warns(UnknownCategoryWarning):
        encoder.transform({"c": ["z"]})
    encoder.fit({"c": ["a", "b"]})
    assert encoder.unknown_counts == {}
    with pytest.warns(UnknownCategoryWarning):
        encoder.transform({"c": ["z"]})


def test_the_warning_is_a_user_warning_that_filters_know():
    encoder = fitted(c=["a", "b"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        encoder.transform({"c": ["z"]})
    assert encoder.unknown_counts == {"c": 1}


def test_a_category_read_as_a_number_by_another_file_is_known():
    encoder = fitted(c=["1", "2", "x"])
    np.testing.assert_array_equal(encoder.transform({"c": [2, 1]}), [[0, 1, 0], [1, 0, 0]])


# Errors


def test_too_many_categories_are_refused():
    names = [f"name {i:04}" for i in range(1200)]
    with pytest.raises(
        DataError, match=r"'who' holds 1,200 different values, such as 'name 0000'.*100.*Drop it"
    ):
        fitted(who=names, x=range(1200))
    with pytest.raises(DataError, match=r"'who'.*The same goes for 'whom'\."):
        fitted(who=names, whom=names)
    assert TabularEncoder(max_categories=1200).fit({"who": names}).n_features == 1200
    assert TabularEncoder(max_categories=2).fit({"c": ["a", "b"], "n": range(2)}).n_features == 3
    with pytest.raises(DataError, match="max_categories=2"):
        TabularEncoder(max_categories=2).fit({"c": ["a", "b", "c"]})


def test_a_refused_column_that_is_nearly_all_numbers_says_what_is_not():
    with pytest.raises(DataError, match=r"Most are numbers: mark 'n/a' as missing"):
        fitted(x=[*map(str, range(200)), "n/a"])


def test_many_numbers_in_text_are_no_categories():
    assert fitted(x=[str(i / 7) for i in range(500)]).feature_names_out() == ["x"]


@pytest.mark.parametrize("value", [0, -1, 1.5, "many", None, True, INF])
def test_max_categories_must_be_a_positive_integer(value):
    with pytest.raises(HyperparameterError, match="TabularEncoder max_categories must"):
        TabularEncoder(max_categories=value)


@pytest.mark.parametrize("value", [INF, -INF])
def test_infinite_numbers_name_column_and_row(value):
    with pytest.raises(DataError, match=rf"'x' holds {value} at row 2 \(counting from 0\)"):
        fitted(x=[1.0, NAN, value])
    with pytest.raises(DataError, match=rf"'x' holds {value} at row 1"):
        fitted(x=[1.0, 2.0]).transform({"x": [1.0, value]})
    with pytest.raises(DataError, match=rf"'x' holds {value} at row 1"):
        fitted(x=["1", str(value)])


def test_all_columns_without_values_are_listed():
    with pytest.raises(DataError, match=r"Columns hold no value at all: 'a', 'b', 'c'\."):
        fitted(x=[1, 2], a=[NAN, NAN], b=[None, None], c=["", "nan"][:1] * 2)
    with pytest.raises(DataError, match=r"Column holds no value at all: 'a'\."):
        fitted(x=[1, 2], a=["nan", "NaN"])


def test_there_must_be_something_to_learn_from():
    with pytest.raises(DataError, match="the table has no columns"):
        TabularEncoder().fit({})
    with pytest.raises(DataError, match="the table has no columns"):
        TabularEncoder().fit({"y": [1, 2]}, exclude=["y"])
    with pytest.raises(DataError, match="the table has no rows"):
        fitted(x=[])
    with pytest.raises(DataError, match="no column has more than one value"):
        fitted(x=[1, 1], c=["a", "a"])
    with pytest.raises(DataError, match="no column has more than one value"):
        fitted(x=[1])


def test_an_excluded_column_must_exist():
    with pytest.raises(DataError, match=r"Cannot leave out 'prise': the table has 'age', .*'price'\."):
        TabularEncoder().fit(MIXED, exclude=["prise"])


def test_a_lacking_column_is_named_at_prediction():
    with pytest.raises(DataError, match="lacks the column 'b'; it has 'a'"):
        fitted(a=[1, 2], b=[1, 2]).transform({"a": [1]})


def test_text_where_numbers_were_names_column_row_and_value():
    encoder = fitted(x=[1.0, 2.0])
    for table in ({"x": ["1", "abc"]}, pd.DataFrame({"x": ["1", "abc"]}), pa.table({"x": ["1", "abc"]})):
        with pytest.raises(DataError, match=r"Column 'x' held numbers in training, but row 1 .* holds 'abc'"):
            encoder.transform(table)


def test_long_values_are_shortened_in_errors():
    with pytest.raises(DataError) as caught:
        fitted(x=[1.0, 2.0]).transform({"x": ["y" * 10_000]})
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


def test_before_fit_everything_says_so():
    encoder = TabularEncoder()
    calls = [
        lambda: encoder.transform(MIXED),
        encoder.feature_names_out,
        encoder.summary,
        encoder.to_dict,
        lambda: encoder.n_features,
        lambda: encoder.n_rows,
        lambda: encoder.needed_columns,
    ]
    for call in calls:
        with pytest.raises(NotBuiltError, match=r"not fitted yet; call fit\(table\) first"):
            call()


def test_a_failed_fit_keeps_what_was_learnt_before():
    encoder = fitted(x=[1, 2])
    before = encoder.to_dict()
    with pytest.raises(GlassnetError):
        encoder.fit({"x": [INF, 1.0]})
    assert encoder.to_dict() == before


# Extremes


@pytest.mark.parametrize("scale", [1e-320, 1e-308, 1e-160, 1e160, 1e307])
def test_tiny_and_huge_numbers_are_standardised_without_overflow(scale):
    matrix = TabularEncoder().fit_transform({"x": np.array([-1.0, 0.0, 1.0]) * scale})
    np.testing.assert_allclose(matrix[:, 0], [-math.sqrt(1.5), 0, math.sqrt(1.5)], rtol=2e-3)


def test_a_value_that_float32_cannot_hold_is_named():
    with pytest.raises(DataError, match=r"'x' holds 1e\+300 at row 1 .* so far from the training values"):
        fitted(x=[1.0, 2.0]).transform({"x": [1.0, 1e300]})


def test_a_small_spread_on_a_large_mean_survives():
    values = 1e9 + np.array([-0.5, 0.5] * 1000)
    np.testing.assert_allclose(TabularEncoder().fit_transform({"x": values})[:2, 0], [-1, 1], rtol=1e-6)


def test_names_and_categories_may_be_any_text():
    table = {"": ["ø", "\0", "\ud800"], "名前 = \n": [1, 2, 3]}
    encoder = TabularEncoder().fit(table)
    assert encoder.transform(table)[:, :3].sum() == 3


# The object


def test_copies_and_pickles_transform_alike():
    encoder = TabularEncoder().fit(MIXED)
    expected = encoder.transform(MIXED)
    for twin in (copy.deepcopy(encoder), pickle.loads(pickle.dumps(encoder))):
        np.testing.assert_array_equal(twin.transform(MIXED), expected)


def test_many_threads_may_transform_at_once():
    encoder = fitted(c=["a", "b"], x=[1, 2])
    table = {"c": ["a", "z"] * 500, "x": [1, 2] * 500}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownCategoryWarning)
        with ThreadPoolExecutor(8) as pool:
            matrices = list(pool.map(encoder.transform, [table] * 40))
    assert all(np.array_equal(m, matrices[0]) for m in matrices)
    assert encoder.unknown_counts == {"c": 40 * 500}


def almost_numbers(*odd, n=60):
    return [*map(str, range(n - len(odd))), *odd]


@pytest.mark.parametrize("learn", ["fit", "fit_transform"])
def test_a_stray_text_among_numbers_is_a_warning(learn):
    message = (
        r"^59 of 60 values of 'b' are numbers, but 'oops' in row 59 \(counting from 0\) is not: "
        r"the column is read as categories; correct or empty what is no number\.$"
    )
    with pytest.warns(UserWarning, match=message) as caught:
        getattr(TabularEncoder(), learn)({"b": almost_numbers("oops")})
    assert caught[0].filename == __file__
    with pytest.warns(
        UserWarning, match=r"57 of 60 values of 'b' are numbers, but 3 are not, such as 'x' in"
    ):
        getattr(TabularEncoder(), learn)({"b": almost_numbers("x", "y", "x")})


def test_no_warning_where_text_is_meant():
    TabularEncoder().fit({"b": almost_numbers(*"abcdefg")})  # 53 of 60: fewer than nine tenths
    declared = pd.Series(almost_numbers("oops"), dtype="category")
    assert TabularEncoder().fit({"b": declared}).n_features == 60
    assert TabularEncoder().fit({"b": [*map(str, range(60)), None, ""]}).n_features == 2


def test_missing_cells_do_not_hide_a_stray_text():
    with pytest.warns(UserWarning, match="59 of 60 values"):
        TabularEncoder().fit({"b": [None] * 100 + almost_numbers("oops")})
