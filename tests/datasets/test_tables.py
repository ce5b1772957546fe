import builtins
import datetime
import gzip
import io
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from glassnet.datasets import read_table, tables
from glassnet.errors import DataError, MissingDependencyError


@pytest.fixture
def read(tmp_path):
    def read_bytes(content, name="table.csv"):
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_table(file)

    return read_bytes


@pytest.fixture
def refused(read, tmp_path):
    def message_of(content, name="table.csv"):
        with pytest.raises(DataError) as caught:
            read(content, name)
        message = str(caught.value)
        assert str(tmp_path / name) in message
        assert "\n" not in message
        return message.replace(str(tmp_path / name), "FILE")

    return message_of


def types(table):
    return {field.name: str(field.type) for field in table.schema}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_each_delimiter_and_line_end_is_found(read, delimiter, newline):
    lines = ["age,height,name", "30,1.8,Ann", "41,1.75,Bob"]
    table = read(newline.join(line.replace(",", delimiter) for line in lines) + newline)
    assert table.to_pydict() == {"age": [30, 41], "height": [1.8, 1.75], "name": ["Ann", "Bob"]}
    assert types(table) == {"age": "int64", "height": "double", "name": "string"}


def test_one_column_and_no_last_line_end(read):
    assert read("x\n1\n2").to_pydict() == {"x": [1, 2]}
    assert read("x\n1\n\n2\n\n").to_pydict() == {"x": [1, 2]}


def test_the_delimiter_is_the_one_that_splits_evenly(read):
    text = "name;remark\nAnn;one, two\nBob;three\n"
    assert read(text).column_names == ["name", "remark"]
    text = "a,b;c\n1,2;3\n4,5;6\n7,8\n"
    assert read(text).column_names == ["a", "b;c"]


def test_quoted_cells_hold_delimiters_line_breaks_and_quotes(read):
    table = read('"a, b","c\nd"\n"1,5","say ""hi""\nthere"\n')
    assert table.to_pydict() == {"a, b": ["1,5"], "c\nd": ['say "hi"\nthere']}
    assert read('size,n\n5" pipe,1\n').to_pydict() == {"size": ['5" pipe'], "n": [1]}


def test_a_byte_order_mark_is_not_part_of_the_first_name(read):
    assert read(b"\xef\xbb\xbfid,x\n1,2\n").column_names == ["id", "x"]
    assert read(b'\xef\xbb\xbf"id",x\n1,2\n').column_names == ["id", "x"]


@pytest.mark.parametrize(
    "word", ["", "NA", "NaN", "nan", "null", "NULL", "N/A", "?", " ", " ?", '""', '"NA"']
)
def test_missing_cells_are_null_in_every_type(read, word):
    table = read(f"i,f,s,b\n1,1.5,x,true\n{word},{word},{word},{word}\n2,2.5,y,false\n")
    assert types(table) == {"i": "int64", "f": "double", "s": "string", "b": "bool"}
    assert [column.null_count for column in table.columns] == [1, 1, 1, 1]


def test_a_column_without_values_is_null(read):
    assert types(read("x,y\n1,\n2,?\n")) == {"x": "int64", "y": "null"}


@pytest.mark.parametrize("header", ["5.1,3.5", "1,2", "-1,1e3,0", "7", "5;3\n1,5;2"])
def test_a_header_of_numbers_is_a_warning(read, header):
    with pytest.warns(
        UserWarning, match=r"The first row of .*table\.csv is all numbers; .* add a header row\."
    ):
        read(header + "\n" + header.splitlines()[-1] + "\n")


@pytest.mark.parametrize("header", ["0,1,2", "1,2,3", "1,b,3", "a,b,c", "nan,1,2", "2019_a,2020,2021"])
def test_a_header_that_numbers_or_names_the_columns_is_none(read, header):
    assert read(header + "\n1,2,3\n").column_names == header.split(",")


def test_a_header_of_equal_numbers_is_told_to_be_data(refused):
    assert refused("1,2,2\n3,4,5\n").endswith("Its first row is all numbers: is a header row lacking?")


def test_spaces_around_names_and_cells_are_dropped(read):
    table = read("age, work \n39, State-gov\n50 ,? \n 38, Private \n")
    assert table.to_pydict() == {"age": [39, 50, 38], "work": ["State-gov", None, "Private"]}


def test_a_decimal_comma_is_read_in_semicolon_files_only(read):
    assert read("a;b\n1,5;2\n-2,25;3\n").to_pydict() == {"a": [1.5, -2.25], "b": [2, 3]}
    assert types(read("a;b\n1,5;2.5\n")) == {"a": "string", "b": "double"}
    assert types(read("a\tb\n1,500\t2\n")) == {"a": "string", "b": "int64"}


@pytest.mark.parametrize(
    ("early", "late", "expected"),
    [("1", "1.5", "double"), ("1", "many", "string"), ("1.5", "many", "string"), ("", "7", "int64")],
)
def test_a_column_that_changes_its_type_late_in_the_file(read, monkeypatch, early, late, expected):
    monkeypatch.setattr(tables, "_BLOCK", 1 << 12)
    table = read("x,n\n" + f"{early},1\n" * 20_000 + f"{late},1\n")
    assert types(table) == {"x": expected, "n": "int64"}
    assert len(table) == 20_001
    assert str(table["x"][-1].as_py()) == late


def test_dates_and_large_numbers(read):
    table = read("day,big\n2024-01-31,99999999999999999999\n2024-02-01,1\n")
    assert table["day"].to_pylist() == [datetime.date(2024, 1, 31), datetime.date(2024, 2, 1)]
    assert types(table)["big"] == "double"


def test_numbers_come_back_exactly(read):
    values = np.random.default_rng(0).standard_normal(1000)
    table = read("x\n" + "".join(f"{value!r}\n" for value in values.tolist()))
    np.testing.assert_array_equal(table["x"].to_numpy(), values)


def test_a_wide_table(read):
    n = 5000
    table = read(",".join(f"feature_{i}" for i in range(n)) + "\n" + ",".join("1" * n) + "\n")
    assert table.shape == (1, n)


def test_gzip_is_told_by_its_bytes(read, refused):
    packed = gzip.compress(b"a,b\n1,2\n")
    assert read(packed, "table.csv.gz").to_pydict() == {"a": [1], "b": [2]}
    assert read(packed, "table.csv").to_pydict() == {"a": [1], "b": [2]}
    assert read(b"a,b\n1,2\n", "table.csv.gz").to_pydict() == {"a": [1], "b": [2]}
    assert "cut-off gzip" in refused(packed[:-6], "table.csv.gz")
    assert refused(gzip.compress(b"a,b\n1,2\n3\n"), "t.gz") == "FILE, line 3: 1 cell, but the header has 2."


def test_a_gzip_file_may_unpack_only_so_far(refused, monkeypatch):
    monkeypatch.setattr(tables, "_MOST_UNPACKED", 1000)
    assert "unpacks to more than" in refused(gzip.compress(b"x\n" + b"1\n" * 500), "table.csv.gz")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "FILE is empty."),
        ("\n\n", "FILE is not a CSV file: it has no header row."),
        ("a,b\n", "FILE has a header, but no rows."),
        ("a,b", "FILE has a header, but no rows."),
        ("a\n\n\n", "FILE has a header, but no rows."),
        ("a,b,a\n1,2,3\n", "FILE has 2 columns called 'a'; give every column its own name."),
        ("a,b, a\n1,2,3\n", "FILE has 2 columns called 'a'; give every column its own name."),
        (",a\n1,2\n", "FILE: column 1 of 2 has no name in the header."),
        ("a,b,\n1,2,3\n", "FILE: column 3 of 3 has no name in the header."),
        ("a,b\n1,2\n3\n", "FILE, line 3: 1 cell, but the header has 2."),
        ("a,b\n1,2\n3,4,5\n", "FILE, line 3: 3 cells, but the header has 2."),
        ('a,b\n"1\n1",2\n3,4,5\n', "FILE, line 4: 3 cells, but the header has 2."),
        ("a,b\r1,2\r3\r", "FILE, line 3: 1 cell, but the header has 2."),
        ('a,b\n1,2\n3,"4\n5,6\n', "FILE, line 3: a cell's quote is never closed."),
        ('a,b\n1,"2\n', "FILE, line 2: a cell's quote is never closed."),
        (
            "a,b\n1,Zo\xeb\n".encode("latin-1"),
            "FILE, line 2: not UTF-8 (Latin-1, perhaps); convert the file to UTF-8.",
        ),
        (
            "a,Stra\xdfe\n1,2\n".encode("latin-1"),
            "FILE, line 1: not UTF-8 (Latin-1, perhaps); convert the file to UTF-8.",
        ),
        ("a,b\n1,2\n".encode("utf-16"), "FILE is not a CSV file in UTF-8; export it again as CSV, in UTF-8."),
        (b"PK\3\4 a workbook", "FILE is not a CSV file in UTF-8; export it again as CSV, in UTF-8."),
        (b"a,b\n1,\0\n", "FILE is not a CSV file in UTF-8; export it again as CSV, in UTF-8."),
    ],
)
def test_bad_csv_files_get_one_clear_line(refused, content, message):
    assert refused(content) == message


def test_text_that_is_not_utf8_beyond_the_sample(refused, monkeypatch):
    monkeypatch.setattr(tables, "_SAMPLE", 1000)
    message = refused(b"a,b\n" + b"1,x\n" * 1000 + b"2,\xe9\n")
    assert message == "FILE, line 1002: not UTF-8 (Latin-1, perhaps); convert the file to UTF-8."


def test_a_header_longer_than_the_sample_and_a_row_longer_than_a_block(refused, monkeypatch):
    monkeypatch.setattr(tables, "_SAMPLE", 1 << 10)
    assert "its first row is longer than" in refused("a" * 2000 + ",b\n1,2\n")
    monkeypatch.undo()
    monkeypatch.setattr(tables, "_BLOCK", 1 << 10)
    assert "has a row of more than" in refused("a,b\n" + "1,2\n" * 400 + "1," + "x" * 9000 + "\n")


def test_a_cell_beyond_the_limit_of_the_csv_module_is_read(read):
    assert read("a,b\n1," + "x" * 200_000 + "\n")["b"][0].as_py() == "x" * 200_000
    with pytest.raises(DataError, match="no header row"):
        read("x" * 200_000 + ",b\n1,2\n")


def test_what_is_no_file(tmp_path):
    for path, message in (
        (tmp_path, "is a folder"),
        (tmp_path / "nowhere.csv", "There is no file"),
        (3, "must be a string"),
        (None, "must be a string"),
        ("null\0byte", "cannot be opened"),
        ("x" * 5000, "cannot be opened"),
    ):
        with pytest.raises(DataError, match=message):
            read_table(path)


def parquet_bytes(table):
    buffer = io.BytesIO()
    parquet.write_table(table, buffer)
    return buffer.getvalue()


def test_parquet(read, refused, tmp_path):
    table = pa.table({"x": [1, None, 3], "kind": ["a", "b", None]})
    content = parquet_bytes(table)
    assert read(content, "table.parquet").equals(table)
    assert read(content, "misnamed.csv").equals(table)
    folder = tmp_path / "year=2024"  # a name that partitioned datasets give a meaning to
    folder.mkdir()
    (folder / "part.parquet").write_bytes(content)
    assert read_table(folder / "part.parquet").column_names == ["x", "kind"]
    assert "does not begin with PAR1" in refused("a,b\n1,2\n", "table.parquet")
    assert "FILE cannot be read: " in refused(content[:-20], "cut.parquet")
    assert "FILE cannot be read: " in refused(b"PAR1", "short.parquet")
    assert "FILE has a header, but no rows." in refused(parquet_bytes(table.slice(0, 0)), "none.parquet")
    assert "FILE has no columns." in refused(parquet_bytes(pa.table({})), "blank.parquet")
    twice = pa.table([[1], [2]], names=["a", "a"])
    assert "FILE has 2 columns called 'a'" in refused(parquet_bytes(twice), "twice.parquet")


def test_without_pyarrow_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    real = builtins.__import__

    def without_pyarrow(name, *arguments, **options):
        if name.split(".")[0] == "pyarrow":
            raise ImportError("No module named 'pyarrow'")
        return real(name, *arguments, **options)

    (tmp_path / "table.csv").write_text("a\n1\n")
    monkeypatch.setattr(builtins, "__import__", without_pyarrow)
    with pytest.raises(MissingDependencyError, match=r'pip install "glassnet\[data\]"'):
        read_table(tmp_path / "table.csv")


SAMPLE = 'name, age;x|y\tz\n"Ann, A.",30;1,5|a\t?\r\nBob\xe9,NA;2,5|"b ""q"""\t2024-01-01\n,,;,|\t\n'.encode()
fraction = st.floats(0, 1)
edits = st.lists(st.tuples(fraction, st.integers(0, 255)), max_size=6)
lenient = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def attempt(file, content):
    file.write_bytes(content)
    try:
        outcome = read_table(file)
    except DataError as error:
        outcome = str(error)
    if isinstance(outcome, str):
        assert str(file) in outcome
        assert "\n" not in outcome
    else:
        assert len(outcome) > 0
        assert len(set(outcome.column_names)) == len(outcome.column_names)
        outcome.validate(full=True)


@pytest.mark.parametrize("packed", [False, True])
@lenient
@given(edits=edits, keep=st.one_of(st.just(1.0), fraction))
def test_mutated_csv_files_give_a_table_or_a_data_error(tmp_path, packed, edits, keep):
    content = bytearray(gzip.compress(SAMPLE) if packed else SAMPLE)
    for where, value in edits:
        content[math.floor(where * (len(content) - 1))] = value
    attempt(tmp_path / "mutated.csv", bytes(content[: math.ceil(keep * len(content))]))


@pytest.mark.filterwarnings("ignore:The first row of")
@lenient
@given(
    pieces=st.lists(
        st.sampled_from([*',;\t|"\n\r', "\r\n", "a", "1", "1.5", "NA", " ", "\xe9", "\ufeff"]), max_size=30
    )
)
@example(pieces=["a", "\n", '"'])
@example(pieces=["\ufeff"])
def test_any_mix_of_csv_pieces_gives_a_table_or_a_data_error(tmp_path, pieces):
    attempt(tmp_path / "pieces.csv", "".join(pieces).encode())


@pytest.mark.filterwarnings("ignore:The first row of")
@lenient
@given(content=st.binary(max_size=60))
def test_any_bytes_give_a_table_or_a_data_error(tmp_path, content):
    attempt(tmp_path / "any.csv", content)
