import gzip
import math
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glassnet.datasets import fashion_mnist, fetch, idx, mnist, read_idx
from glassnet.errors import DataError, HyperparameterError

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(array):
    code = CODES[array.dtype.str[1:]]
    big = array.astype(array.dtype.newbyteorder(">"))
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + big.tobytes()


def write_split(folder, n=5, prefix="train", suffix=".gz", sep="-", seed=0):
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (n, 28, 28), dtype=np.uint8)
    images[0, 0, :2] = 0, 255
    labels = random.integers(0, 10, n, dtype=np.uint8)
    for kind, dimensions, array in (("images", 3, images), ("labels", 1, labels)):
        content = idx_bytes(array)
        file = folder / f"{prefix}-{kind}{sep}idx{dimensions}-ubyte{suffix}"
        file.write_bytes(gzip.compress(content, mtime=0) if suffix == ".gz" else content)
    return images, labels


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("packed", [False, True])
def test_every_type_comes_back(tmp_path, kind, packed):
    array = np.arange(-12, 12).astype(kind).reshape(2, 3, 4)
    content = idx_bytes(array)
    file = tmp_path / "some.idx"
    file.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    back = read_idx(file)
    np.testing.assert_array_equal(back, array)
    assert back.dtype == array.dtype
    assert back.dtype.isnative
    assert back.flags.writeable
    assert read_idx(str(file)).shape == (2, 3, 4)


GOOD = idx_bytes(np.arange(6, dtype=np.uint8).reshape(2, 3))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an idx file"),
        (b"\0\0\x08", "not an idx file"),
        (b"\x89PNG and more", "not an idx file: it starts with b'.x89PNG'"),
        (b"\0\0\x0a\x01\0\0\0\x01a", "not an idx file"),
        (b"\0\0\x08\0", "1 to 8 dimensions, its header says 0"),
        (b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"a", "1 to 8 dimensions, its header says 255"),
        (b"\0\0\x08\x02\0\0\0", "cut off inside its header"),
        (b"\0\0\x08\x01\0\0\0\0", "is empty"),
        (GOOD[:-1], "17 bytes; its header promises 6 bytes"),
        (GOOD + b"\0", "19 bytes; its header promises 6 bytes"),
        (b"\0\0\x0e\x08" + b"\xff" * 32, "its header promises"),
        (gzip.compress(GOOD[:-1], mtime=0), "is cut off: its header promises 6 bytes"),
        (gzip.compress(GOOD + b"\0", mtime=0), "goes on after its last item"),
        (gzip.compress(GOOD, mtime=0)[:-9], "cut-off gzip"),
        (gzip.compress(GOOD, mtime=0)[:-4] + b"abcd", "damaged"),
        (b"\x1f\x8b\x08", "cut-off gzip"),
    ],
)
def test_damaged_files_are_refused_by_name(tmp_path, content, message):
    file = tmp_path / "train-images-idx3-ubyte"
    file.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"There is no file .*nowhere"):
        read_idx(tmp_path / "nowhere")
    with pytest.raises(DataError, match="is a folder"):
        read_idx(tmp_path)
    with pytest.raises(DataError, match="must be a string"):
        read_idx(3)
    with pytest.raises(DataError, match="cannot be opened"):
        read_idx("null\0byte")


def test_a_gzip_file_unpacks_no_further_than_its_header_promises(tmp_path, monkeypatch):
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(GOOD + b"\0" * 50_000_000, mtime=0))
    asked = []
    read = gzip.GzipFile.read
    monkeypatch.setattr(gzip.GzipFile, "read", lambda self, size=-1: asked.append(size) or read(self, size))
    with pytest.raises(DataError, match="goes on after its last item"):
        read_idx(bomb)
    assert min(asked) >= 0
    assert sum(asked) < 100


@pytest.mark.parametrize("rows", [2**20, 2**22])
def test_a_gzip_header_that_promises_too_much_allocates_nothing(tmp_path, rows):
    liar = tmp_path / "liar.gz"
    liar.write_bytes(gzip.compress(struct.pack(">BBBB3I", 0, 0, 8, 3, rows, 32, 32)))
    message = "its header promises" if rows == 2**20 else "unpack files over 2 GiB first"
    with pytest.raises(DataError, match=message):
        read_idx(liar)


@pytest.mark.parametrize("sep", ["-", "."])
@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("reader", [mnist, fashion_mnist])
def test_images_are_found_under_each_of_their_names(tmp_path, reader, suffix, sep):
    images, labels = write_split(tmp_path, suffix=suffix, sep=sep)
    data = reader(tmp_path)
    assert data.name == reader.__name__
    assert data.X.dtype == np.float32
    np.testing.assert_array_equal(data.X, images.reshape(5, 784) / np.float32(255))
    assert (data.X.min(), data.X.max()) == (0.0, 1.0)
    np.testing.assert_array_equal(data.y, labels)
    assert data.y.dtype == np.int64
    assert len(data.feature_names) == 784
    assert len(data.target_names) == 10


def test_split_and_flatten(tmp_path):
    write_split(tmp_path, n=5, prefix="train")
    images, _ = write_split(tmp_path, n=3, prefix="t10k", seed=1)
    data = mnist(tmp_path, split="test", flatten=False)
    np.testing.assert_array_equal(data.X, images / np.float32(255))
    with pytest.raises(HyperparameterError, match=r"Unknown mnist split 'trian'\. Did you mean 'train'"):
        mnist(tmp_path, split="trian")
    with pytest.raises(HyperparameterError, match="mnist flatten must be True or False"):
        mnist(tmp_path, flatten="no")


def test_missing_files_are_listed(tmp_path):
    write_split(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"lacks train-labels-idx1-ubyte\.gz of mnist"):
        mnist(tmp_path)
    with pytest.raises(DataError, match=r"lacks t10k-images-idx3-ubyte\.gz and t10k-labels-idx1-ubyte\.gz"):
        mnist(tmp_path, split="test")
    with pytest.raises(DataError, match="no file or folder"):
        mnist(tmp_path / "nowhere")
    with pytest.raises(DataError, match="is not a folder"):
        mnist(tmp_path / "train-images-idx3-ubyte.gz")


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((2, 28, 28), "u1"), np.zeros(3, "u1"), "has 2 images, but .* has 3 labels"),
        (np.zeros((2, 27, 28), "u1"), np.zeros(2, "u1"), "images of 28 x 28 bytes, got uint8"),
        (np.zeros((2, 28, 28), "i4"), np.zeros(2, "u1"), "images of 28 x 28 bytes, got int32"),
        (np.zeros(2, "u1"), np.zeros(2, "u1"), "images of 28 x 28 bytes"),
        (np.zeros((2, 28, 28), "u1"), np.full(2, 10, "u1"), "labels from 0 to 9"),
        (np.zeros((2, 28, 28), "u1"), np.zeros((2, 2), "u1"), "labels from 0 to 9"),
    ],
)
def test_files_of_another_dataset_are_refused(tmp_path, images, labels, message):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(images))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
    with pytest.raises(DataError, match=message):
        mnist(tmp_path)


def test_without_a_folder_the_data_folder_is_used_and_only_what_is_missing_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSNET_DATA", str(tmp_path))
    place = tmp_path / "fashion_mnist"
    place.mkdir()
    _, labels = write_split(place)
    asked = []
    monkeypatch.setattr(fetch, "fetch", lambda name, file: asked.append((name, file)) or place / "kept")
    np.testing.assert_array_equal(fashion_mnist().y, labels)
    assert asked == []
    (place / "train-labels-idx1-ubyte.gz").rename(place / "kept")
    np.testing.assert_array_equal(fashion_mnist().y, labels)
    assert asked == [("fashion_mnist", "train-labels-idx1-ubyte.gz")]


def mutate(content, edits, keep):
    """Overwrite bytes and cut, at positions given as fractions of the length."""
    mutated = bytearray(content)
    for where, value in edits:
        mutated[math.floor(where * (len(mutated) - 1))] = value
    return bytes(mutated[: math.ceil(keep * len(mutated))])


def outcome_of(file):
    try:
        return read_idx(file).size > 0
    except DataError as error:
        return str(file) in str(error)


fraction = st.floats(0, 1)
edits = st.lists(st.tuples(st.one_of(fraction, st.floats(0, 0.05)), st.integers(0, 255)), max_size=6)


@pytest.mark.parametrize("packed", [False, True])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=edits, keep=st.one_of(st.just(1.0), fraction))
def test_mutated_files_give_an_array_or_a_data_error(tmp_path, packed, edits, keep):
    content = idx_bytes(np.arange(120, dtype=">i2").astype("i2").reshape(4, 5, 6))
    file = tmp_path / "mutated.idx"
    file.write_bytes(mutate(gzip.compress(content, mtime=0) if packed else content, edits, keep))
    assert outcome_of(file)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60), start=st.sampled_from([b"", b"\0\0\x08\x01", b"\x1f\x8b\x08\0"]))
def test_any_bytes_give_an_array_or_a_data_error(tmp_path, content, start):
    file = tmp_path / "any.idx"
    file.write_bytes(start + content)
    assert outcome_of(file)


def test_the_class_names_are_complete():
    assert {name: len(classes) for name, (_, classes) in idx._ABOUT.items()} == {
        "mnist": 10,
        "fashion_mnist": 10,
    }
