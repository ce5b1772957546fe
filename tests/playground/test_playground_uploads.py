import gzip
import io
import pickle
import re

import numpy as np
import pytest

from glassnet.errors import DataError
from glassnet.playground.controls import ControlError
from glassnet.playground.desk import Desk
from glassnet.playground.uploads import Uploads, read_upload


def npy(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


@pytest.fixture
def uploads(tmp_path):
    return Uploads(tmp_path, most=3)


def test_a_csv_is_described(uploads):
    told = uploads.add(b"age,city,joined,paid\n30,Oslo,2024-01-02,true\n40,Rome,2024-01-03,false\n", "p.csv")
    assert re.fullmatch("[0-9a-f]{16}", told.pop("id"))
    assert told == {
        "columns": ["age", "city", "joined", "paid"],
        "n_rows": 2,
        "kinds": ["number", "category", "datetime", "boolean"],
        "target": "paid",
    }


def test_an_npy_is_described(uploads):
    told = uploads.add(npy(np.arange(12.0).reshape(4, 3)))
    assert (told["columns"], told["n_rows"]) == (["column1", "column2", "column3"], 4)


def test_the_oldest_goes_when_there_are_too_many(uploads, tmp_path):
    ids = [uploads.add(f"a,b\n{i},2\n3,4\n".encode())["id"] for i in range(5)]
    assert len(list(tmp_path.iterdir())) == 3
    with pytest.raises(DataError, match="upload the file again"):
        read_upload(tmp_path, ids[0])
    assert read_upload(tmp_path, ids[4]) is not None


class Evil:
    def __reduce__(self):
        return print, ("executed",)


def header(shape, dtype="<f8"):
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"a,b\n", "no rows"),
        (b"a,b\n1,2\n3\n", "line 3"),
        (b"a,b\n\xff\xfe,1\n", "UTF-8"),
        (b"PAR1....", "Parquet"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "gzip"),
        (b"PK\x03\x04", "zip"),
        (pickle.dumps(Evil()), "pickle"),
        (
            npy(np.array([[Evil()]], dtype=object), allow_pickle=True),
            r"^mine\.csv holds object; only numbers and",
        ),
        (npy(np.zeros(3)), r"^mine\.csv has 1 axis \(3\); a table has two: rows, columns\.$"),
        (npy(np.zeros((3, 2, 4))), r"^mine\.csv has 3 axes \(3, 2, 4\); a table"),
        (npy(np.float64(3)), r"^mine\.csv has 0 axes \(\)"),
        (npy(np.zeros((2, 0))), "holds nothing: its header tells of 0 columns"),
        (npy(np.zeros((2, 2), "U3")), "holds str96; only numbers and booleans can be taken"),
        (npy(np.zeros((2, 2), complex)), "holds complex128; only"),
        (npy(np.zeros((4, 4)))[:-1], r"^mine\.csv is cut short .* promises 128 bytes, it holds 127\.$"),
        (npy(np.zeros((4, 4))) + b"0", "promises 128 bytes, it holds 129"),
        (header((10**9, 2)), r"^At most 200,000 rows can be taken; mine\.csv has 1,000,000,000\.$"),
        (header((100, 501)), r"^At most 500 columns can be taken; mine\.csv has 501\.$"),
        (header((1000, 100)), "promises 800,000 bytes, it holds 0"),
        (header((2, 2), "|O"), "holds object"),
        (b"\x93NUMPY\x09\x00", r"^mine\.csv is NPY version 9\.0; 1\.0 and 2\.0 can be read\.$"),
        (
            b"\x93NUMPY\x01\x00\x10\x00{'descr': 1}    ",
            r"^The header of mine\.csv cannot be read; save it again",
        ),
        (b"\x93NUMPY\x01\x00\x04\x00((((", "header of mine"),
        (b"\x93NUMPY\x01", "header of mine"),
        (",".join(f"c{i}" for i in range(501)).encode() + b"\n" + b",".join([b"1"] * 501), "500 columns"),
        (b"," * 10**6 + b"\n", "far more"),
        (b"a,b\n" + b"1,2\n" * 200_001, "200,000 rows"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_taken_is_refused_and_not_kept(uploads, tmp_path, content, words, capsys):
    with pytest.raises(DataError, match=words) as caught:
        uploads.add(content, "mine.csv")
    assert str(tmp_path) not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""


def test_a_file_without_a_name_is_called_the_file(uploads):
    with pytest.raises(DataError, match=r"^The file has 1 axis"):
        uploads.add(npy(np.zeros(3)))
    with pytest.raises(DataError, match=r"^The header of the file cannot"):
        uploads.add(b"\x93NUMPY\x01\x00")


@pytest.mark.parametrize("identity", ["../secret", "", "0" * 16, "/etc/passwd", "0" * 15 + "g"])
def test_an_id_is_no_path(tmp_path, identity):
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    (tmp_path / "inner").mkdir()
    with pytest.raises(DataError, match="upload the file again"):
        read_upload(tmp_path / "inner", identity)


def test_errors_of_a_table_stand_at_the_target(uploads, tmp_path):
    told = uploads.add(b"a,b\n1,x\n2,x\n3,x\n4,x\n")
    for target, words in ((None, "nothing to learn"), ("c", "no column 'c'"), ("a", "from")):
        setup = {"data": {"name": "upload", "upload": told["id"], "target": target}}
        with pytest.raises(ControlError, match=words) as caught:
            Desk(setup, tmp_path)
        assert caught.value.control == "data.target"
