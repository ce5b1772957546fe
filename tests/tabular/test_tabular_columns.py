"""The view of a column: its kind, values and missing rows, from whatever library it comes."""

import array
import datetime as dt
import decimal
import fractions
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from glassnet.errors import DataError, MissingDependencyError
from glassnet.tabular import column_names, count_rows, read_column, read_columns, take_rows
from glassnet.tabular.columns import column_of
from glassnet.tabular.kinds import coerce, settle

NAN = float("nan")
DAY = 20_000.5
"""2024-10-04 12:00 UTC in days since 1970."""
NOON = dt.datetime(2024, 10, 4, 12)
CEST = dt.timezone(dt.timedelta(hours=2))


class Label(str):
    """A string of another type."""


def view(values):
    """Return kind, present values as plain Python, and missing flags."""
    column = column_of("x", values)
    decoded = [column.categories[v] if column.is_coded else v for v in column.values.tolist()]
    present = [v for v, gone in zip(decoded, column.missing, strict=True) if not gone]
    assert column.missing.dtype == bool
    assert len(column) == len(column.missing)
    return column.kind, present, column.missing.tolist()


SEQUENCES = {
    "integers": ([1, 2], "number", [1, 2], [False, False]),
    "floats": ([1, 2.5, NAN], "number", [1.0, 2.5], [False, False, True]),
    "floats with none": ([1.5, None], "number", [1.5], [False, True]),
    "integers with none": ([1, None, 3], "number", [1, 3], [False, True, False]),
    "big integers": ([2**63, -1], "number", [2.0**63, -1.0], [False, False]),
    "range": (range(3), "number", [0, 1, 2], [False] * 3),
    "array module": (array.array("f", [1.5]), "number", [1.5], [False]),
    "decimals": ([decimal.Decimal("1.5"), decimal.Decimal("NaN")], "number", [1.5], [False, True]),
    "fractions": ([fractions.Fraction(1, 4), 2], "number", [0.25, 2.0], [False, False]),
    "booleans": ([True, False], "boolean", [True, False], [False, False]),
    "booleans with none": ([True, None], "boolean", [True], [False, True]),
    "booleans and numbers": ([True, 2], "number", [1.0, 2.0], [False, False]),
    "text": (["b", "a", "b"], "text", ["b", "a", "b"], [False] * 3),
    "text with gaps": (["b", None, "", "  ", NAN, pd.NA], "text", ["b"], [False] + [True] * 5),
    "text of a subclass": ([Label("a")], "text", ["a"], [False]),
    "text and numbers": (["a", 1, 2.0, True], "text", ["a", "1", "2", "1"], [False] * 4),
    "tuple": (("a", "b"), "text", ["a", "b"], [False, False]),
    "dates": ([dt.date(1970, 1, 3), None], "datetime", [2.0], [False, True]),
    "datetimes": ([NOON], "datetime", [DAY], [False]),
    "aware datetimes": ([NOON.replace(hour=14, tzinfo=CEST)], "datetime", [DAY], [False]),
    "timestamps": ([pd.Timestamp(NOON), pd.NaT], "datetime", [DAY], [False, True]),
    "datetime64 scalars": (
        [np.datetime64(NOON, "ns"), np.datetime64("NaT")],
        "datetime",
        [DAY],
        [False, True],
    ),
    "durations": ([dt.timedelta(minutes=1), None], "number", [60.0], [False, True]),
    "timedelta64 scalars": ([np.timedelta64(1, "m")], "number", [60.0], [False]),
    "times of day": ([dt.time(1, 1, 1, 500_000)], "number", [3661.5], [False]),
    "numpy scalars": ([np.float32(0.5), np.int8(3)], "number", [0.5, 3.0], [False, False]),
    "numpy flags": ([np.True_, None], "boolean", [True], [False, True]),
    "nothing": ([None, NAN], "empty", [], [True, True]),
    "only none": ([None, None], "empty", [], [True, True]),
    "no rows": ([], "empty", [], []),
}

ARRAYS = {
    "int8": (np.array([1, -2], np.int8), "number", [1, -2], [False, False]),
    "uint64": (np.array([2**64 - 1], np.uint64), "number", [2**64 - 1], [False]),
    "float16": (np.array([0.5, NAN], np.float16), "number", [0.5], [False, True]),
    "longdouble": (np.array([0.5], np.longdouble), "number", [0.5], [False]),
    "bool": (np.array([True, False]), "boolean", [True, False], [False, False]),
    "str": (np.array(["b", ""]), "text", ["b"], [False, True]),
    "StringDType": (np.array(["b", "a"], np.dtypes.StringDType()), "text", ["b", "a"], [False, False]),
    "object": (np.array(["b", None], object), "text", ["b"], [False, True]),
    "datetime64[D]": (np.array(["1970-01-02", "NaT"], "M8[D]"), "datetime", [1.0], [False, True]),
    "datetime64[ns]": (np.array([NOON], "M8[ns]"), "datetime", [DAY], [False]),
    "datetime64[Y]": (np.array(["1971"], "M8[Y]"), "datetime", [365.0], [False]),
    "timedelta64[h]": (np.array([1, "NaT"], "m8[h]"), "number", [3600.0], [False, True]),
    "masked numbers": (np.ma.array([1.0, 2.0], mask=[True, False]), "number", [2.0], [True, False]),
    "masked text": (np.ma.array(["a", "b"], mask=[True, False]), "text", ["b"], [True, False]),
    "masked dates": (
        np.ma.array(np.array([NOON, NOON], "M8[s]"), mask=[1, 0]),
        "datetime",
        [DAY],
        [True, False],
    ),
    "masked whole": (np.ma.array([1.0, 2.0], mask=True), "empty", [], [True, True]),
    "strided": (np.arange(6.0)[::3], "number", [0.0, 3.0], [False, False]),
    "backwards bytes": (np.array([1.5], ">f8"), "number", [1.5], [False]),
    "empty": (np.array([]), "number", [], []),
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_columns_of_sequences(name):
    values, *expected = SEQUENCES[name]
    assert view(values) == tuple(expected)


@pytest.mark.parametrize("name", ARRAYS)
def test_columns_of_arrays(name):
    values, *expected = ARRAYS[name]
    assert view(values) == tuple(expected)


PANDAS = {
    "int64": (pd.Series([1, 2], index=[7, 7]), "number", [1, 2], [False, False]),
    "float64": (pd.Series([1.5, None]), "number", [1.5], [False, True]),
    "Int16": (pd.Series([1, None], dtype="Int16"), "number", [1], [False, True]),
    "UInt64": (pd.Series([2**64 - 1, None], dtype="UInt64"), "number", [2**64 - 1], [False, True]),
    "Float32": (pd.Series([1.5, None], dtype="Float32"), "number", [1.5], [False, True]),
    "bool": (pd.Series([True, False]), "boolean", [True, False], [False, False]),
    "boolean": (pd.Series([True, None], dtype="boolean"), "boolean", [True], [False, True]),
    "object booleans": (pd.Series([True, None], dtype=object), "boolean", [True], [False, True]),
    "str": (pd.Series(["b", None, "", "a"]), "text", ["b", "a"], [False, True, True, False]),
    "object": (
        pd.Series(["b", None, NAN, "a"], dtype=object),
        "text",
        ["b", "a"],
        [False, True, True, False],
    ),
    "string[python]": (pd.Series(["b", None], dtype="string[python]"), "text", ["b"], [False, True]),
    "string[pyarrow]": (pd.Series(["b", None], dtype="string[pyarrow]"), "text", ["b"], [False, True]),
    "category": (pd.Series(["b", None, "a"], dtype="category"), "category", ["b", "a"], [False, True, False]),
    "category of integers": (pd.Series([3, 1], dtype="category"), "category", [3, 1], [False, False]),
    "category of floats": (pd.Series([0.5, NAN], dtype="category"), "category", [0.5], [False, True]),
    "category of booleans": (pd.Series([True], dtype="category"), "category", [True], [False]),
    "category of mixed": (
        pd.Series([1, "1", "b"], dtype="category"),
        "category",
        ["1", "1", "b"],
        [False] * 3,
    ),
    "category of nothing": (pd.Series([None], dtype="category"), "empty", [], [True]),
    "category of bins": (
        pd.cut(pd.Series([5, 15]), [0, 10, 20]),
        "category",
        ["(0, 10]", "(10, 20]"],
        [False, False],
    ),
    "datetime64": (pd.Series(pd.to_datetime([NOON, None])), "datetime", [DAY], [False, True]),
    "with zone": (
        pd.Series(pd.to_datetime([NOON, None])).dt.tz_localize("UTC").dt.tz_convert("Asia/Kolkata"),
        "datetime",
        [DAY],
        [False, True],
    ),
    "timedelta64": (pd.Series(pd.to_timedelta(["1min", None])), "number", [60.0], [False, True]),
    "period": (pd.Series(pd.PeriodIndex(["1970-02"], freq="M")), "datetime", [31.0], [False]),
    "sparse": (pd.Series(pd.arrays.SparseArray([0.0, 1.5, NAN])), "number", [0.0, 1.5], [False, False, True]),
    "arrow integers": (pd.Series([1, None], dtype="int64[pyarrow]"), "number", [1], [False, True]),
    "arrow booleans": (pd.Series([True, None], dtype="bool[pyarrow]"), "boolean", [True], [False, True]),
    "arrow dates": (
        pd.Series([dt.date(1970, 1, 2)], dtype=pd.ArrowDtype(pa.date32())),
        "datetime",
        [1.0],
        [False],
    ),
    "index": (pd.Index([3, 4]), "number", [3, 4], [False, False]),
    "object dates": (pd.Series([dt.date(1970, 1, 2), None], dtype=object), "datetime", [1.0], [False, True]),
}


@pytest.mark.parametrize("name", PANDAS)
def test_columns_of_pandas(name):
    values, *expected = PANDAS[name]
    assert view(values) == tuple(expected)


ARROW = {
    "int32": (pa.array([1, None], pa.int32()), "number", [1], [False, True]),
    "beyond float": (pa.array([2**53 + 1, None]), "number", [2**53 + 1], [False, True]),
    "uint8": (pa.array([255], pa.uint8()), "number", [255], [False]),
    "float64": (pa.array([1.5, None, NAN]), "number", [1.5], [False, True, True]),
    "float16": (pa.array(np.array([1.5], np.float16)), "number", [1.5], [False]),
    "decimal": (pa.array([decimal.Decimal("1.25"), None]), "number", [1.25], [False, True]),
    "bool": (pa.array([True, None, False]), "boolean", [True, False], [False, True, False]),
    "null": (pa.nulls(2), "empty", [], [True, True]),
    "string": (pa.array(["b", None, "", "a"]), "text", ["b", "a"], [False, True, True, False]),
    "large_string": (pa.array(["b"], pa.large_string()), "text", ["b"], [False]),
    "string_view": (pa.array(["b", None], pa.string_view()), "text", ["b"], [False, True]),
    "dictionary": (
        pa.array(["b", None, "a"]).dictionary_encode(),
        "category",
        ["b", "a"],
        [False, True, False],
    ),
    "dictionary of integers": (pa.array([7, 5]).dictionary_encode(), "category", [7, 5], [False, False]),
    "dictionary with null inside": (
        pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array([None, "a"])),
        "category",
        ["a"],
        [True, False],
    ),
    "chunked": (pa.chunked_array([[1], [2, None]]), "number", [1, 2], [False, False, True]),
    "chunked without chunks": (pa.chunked_array([], pa.string()), "empty", [], []),
    "chunked dictionaries": (
        pa.chunked_array([pa.array(["b"]).dictionary_encode(), pa.array(["a", "b"]).dictionary_encode()]),
        "category",
        ["b", "a", "b"],
        [False] * 3,
    ),
    "sliced": (pa.array(["x", "b", None]).slice(1), "text", ["b"], [False, True]),
    "date32": (pa.array([dt.date(1970, 1, 2), None]), "datetime", [1.0], [False, True]),
    "date64": (pa.array([dt.date(1970, 1, 2)], pa.date64()), "datetime", [1.0], [False]),
    "timestamp[s]": (pa.array([NOON, None], pa.timestamp("s")), "datetime", [DAY], [False, True]),
    "timestamp[ns]": (pa.array([NOON], pa.timestamp("ns")), "datetime", [DAY], [False]),
    "timestamp with zone": (pa.array([NOON], pa.timestamp("us", "Asia/Kolkata")), "datetime", [DAY], [False]),
    "before 1970": (
        pa.array([-1], pa.int64()).cast(pa.timestamp("ns")),
        "datetime",
        [-1e-6 / 86_400],
        [False],
    ),
    "duration": (pa.array([dt.timedelta(minutes=1), None]), "number", [60.0], [False, True]),
    "time32": (pa.array([dt.time(0, 1), None], pa.time32("s")), "number", [60.0], [False, True]),
    "time64": (pa.array([dt.time(0, 1)], pa.time64("ns")), "number", [60.0], [False]),
}


@pytest.mark.parametrize("name", ARROW)
def test_columns_of_arrow(name):
    values, *expected = ARROW[name]
    assert view(values) == tuple(expected)


def test_nanoseconds_before_1970_round_alike_everywhere():
    stamps = np.array([-1, 1999, -1001], "M8[ns]")
    expected = column_of("x", stamps).values
    np.testing.assert_array_equal(column_of("x", pa.array(stamps)).values, expected)
    np.testing.assert_array_equal(column_of("x", pd.Series(stamps)).values, expected)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([[1, 2], [3]], r"list values, the first at row 0"),
        ([None, {"a": 1}], r"dict values, the first at row 1"),
        ([b"a"], r"bytes values"),
        ([1j], r"complex values"),
        (np.array([1j]), r"complex128"),
        (np.array([b"a"]), r"\|S1"),
        (np.zeros((2, 2)), r"one-dimensional, got shape \(2, 2\)"),
        (np.float64(3.0), r"one-dimensional, got shape \(\)"),
        ("abc", r"a sequence or an array, got 'abc'"),
        ({1, 2}, r"a sequence or an array"),
        (5, r"a sequence or an array, got 5"),
        ((i for i in range(3)), r"a sequence or an array"),
        ([dt.date(2020, 1, 1), "soon"], r"mixes datetime and text"),
        ([dt.date(2020, 1, 1), 3], r"mixes datetime and number"),
        ([10**400, 1], r"too large"),
        (np.array([1], "m8[M]"), r"months or years"),
        (pa.array([[1]]), r"list<.*> values"),
        (pa.array([b"a"]), r"binary values"),
        (pd.Series([0.5, float("inf")], dtype="category"), r"infinite category"),
        (pd.Series(pd.interval_range(0, 2)), r"Interval values"),
    ],
)
def test_unusable_columns_are_named(values, what):
    with pytest.raises(DataError, match=f"Column 'x' .*{what}"):
        column_of("x", values)


def test_tables_of_every_library_give_the_same_columns():
    mapping = {"a": [1, 2], "b": ["x", "y"]}
    tables = [mapping, pd.DataFrame(mapping), pa.table(mapping), pa.RecordBatch.from_pydict(mapping)]
    for table in tables:
        assert column_names(table) == ["a", "b"]
        assert count_rows(table) == 2
        assert [c.kind for c in read_columns(table)] == ["number", "text"]
        assert read_column(table, "b").categories == ("x", "y")
        taken = take_rows(table, np.array([1, 1, 0]))
        assert type(taken) is type(table)
        assert read_column(taken, "a").values.tolist() == [2, 2, 1]


def test_take_rows_keeps_the_columns_of_a_mapping_what_they_are():
    table = {
        "a": np.arange(3),
        "b": pd.Series(["x", "y", "z"]),
        "c": pa.array([1, 2, 3]),
        "d": ["p", "q", "r"],
    }
    taken = take_rows(table, np.array([2, 0]))
    assert [type(taken[name]) for name in table] == [type(table[name]) for name in table]
    for name, expected in {"a": [2, 0], "c": [3, 1]}.items():
        assert read_column(taken, name).values.tolist() == expected
    assert taken["b"].tolist() == ["z", "x"]
    assert taken["d"] == ["r", "p"]


def test_names_that_are_no_text_become_text():
    frame = pd.DataFrame(np.eye(2))
    assert column_names(frame) == ["0", "1"]
    assert read_column(frame, "1").values.tolist() == [0.0, 1.0]


def test_a_frame_without_columns_has_no_rows_to_count():
    assert count_rows({}) == 0
    assert read_columns({}) == []


def test_tables_that_speak_arrow_are_read_by_pyarrow():
    class Foreign:
        def __arrow_c_stream__(self, requested_schema=None):
            return pa.table({"a": [1, 2]}).__arrow_c_stream__(requested_schema)

    assert read_column(Foreign(), "a").values.tolist() == [1, 2]


def test_a_foreign_table_without_pyarrow_says_what_to_install(monkeypatch):
    class Foreign:
        def __arrow_c_stream__(self, requested_schema=None):
            raise AssertionError

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        MissingDependencyError, match=r'Foreign needs pyarrow: pip install "glassnet\[data\]"'
    ):
        read_columns(Foreign())


@pytest.mark.parametrize(
    "table", [[[1, 2]], np.eye(2), "data.csv", None, pd.Series([1]), pa.chunked_array([[1]])]
)
def test_what_is_no_table_is_refused(table):
    with pytest.raises(DataError, match="A table must be a pandas DataFrame, a pyarrow Table or a mapping"):
        column_names(table)


def test_two_columns_of_one_name_are_refused():
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    for table in (twice, pa.table([[1], [2]], names=["a", "a"]), {1: [1], "1": [2]}):
        with pytest.raises(DataError, match=r"more than one column named '[a1]'"):
            column_names(table)


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(DataError, match="Column 'b' has 1 rows, but column 'a' has 2"):
        read_columns({"a": [1, 2], "b": [1]})


def test_lacking_columns_are_all_named():
    with pytest.raises(DataError, match="lacks the columns 'p', 'q'; it has 'a'"):
        read_columns({"a": [1]}, ["p", "a", "q"])


def test_reading_changes_nothing_in_the_table():
    values = np.array([1.0, NAN])
    dates = np.array(["2020-01-01", "NaT"], "M8[us]")
    before = values.copy(), dates.copy()
    read_columns({"a": values, "d": dates})
    np.testing.assert_array_equal(values, before[0])
    np.testing.assert_array_equal(dates, before[1])


def test_the_package_imports_neither_pandas_nor_pyarrow_nor_scikit_learn():
    code = (
        "import sys, glassnet.tabular as t; t.TabularEncoder().fit({'a': [1, 2], 'b': ['x', 'y']});"
        "t.split_rows(10, labels=[0, 1] * 5);"
        "print([m for m in ('pandas', 'pyarrow', 'sklearn', 'scipy') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_rows_taken_of_views_keep_their_numbers():
    views = {column.name: column for column in read_columns({"t": ["a", None, "2", "3", "2"], "n": range(5)})}
    some = take_rows(views, np.array([4, 1, 2]))
    again = take_rows(some, np.array([2, 0, 1]))
    text, numbers = read_columns(again)
    assert text.rows.tolist() == [2, 4, 1]
    assert text.categories == ("2",)  # "a" and "3" are in no row that was taken
    assert text.values.tolist() == [0, 0, -1]
    assert text.missing.tolist() == [False, False, True]
    assert text.place(text.missing) == "row 1 (counting from 0)"
    assert numbers.first(numbers.values == 4) == ("row 4 (counting from 0)", "4")
    assert numbers.values.tolist() == [2, 4, 1]


def test_settled_and_coerced_views_keep_their_numbers():
    (texts,) = read_columns({"t": ["x", "1", "2", "true", "2024-01-01"]})
    for rows, kind in (([1, 2], "number"), ([4, 4], "datetime"), ([3, 1], "boolean"), ([0, 1], "category")):
        taken = texts.take(np.array(rows))
        assert coerce(taken, kind).rows.tolist() == rows
    assert settle(texts.take(np.array([2, 1]))).kind == "number"
    assert settle(texts.take(np.array([2, 1]))).rows.tolist() == [2, 1]
    with pytest.raises(DataError, match=r"row 3 \(counting from 0\) holds 'true'"):
        coerce(texts.take(np.array([1, 3])), "number")
