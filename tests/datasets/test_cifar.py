import gzip
import io
import math
import pickle
import tarfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glassnet.datasets import CIFAR10_CLASSES, cifar, cifar10, fetch
from glassnet.errors import DataError, HyperparameterError

ROWS = 4
NAMES = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]


def batches():
    """Six batches of four records, whose labels go round all ten classes."""
    random = np.random.default_rng(0)
    contents = {}
    for i, name in enumerate(NAMES):
        records = random.integers(0, 256, (ROWS, 3073), dtype=np.uint8)
        records[:, 0] = (np.arange(ROWS) + ROWS * i) % 10
        contents[name] = records
    return contents


def write_folder(folder):
    folder.mkdir(parents=True)
    for name, records in batches().items():
        (folder / name).write_bytes(records.tobytes())
    return folder


def tar_bytes(members, mode="w:gz"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def archive_members(prefix="cifar-10-batches-bin/"):
    members = {prefix + "batches.meta.txt": b"airplane\n", prefix + "readme.html": b"<html>"}
    for name, records in reversed(batches().items()):  # the published archive is not in order either
        members[prefix + name] = records.tobytes()
    return members


def write_archive(path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tar_bytes(archive_members(), **options))
    return path


@pytest.fixture(params=["batches", "parent of batches", "archive", "parent of archive", "plain tar"])
def place(request, tmp_path):
    if request.param == "batches":
        return write_folder(tmp_path / "any name")
    if request.param == "parent of batches":
        return write_folder(tmp_path / "cifar-10-batches-bin").parent
    if request.param == "archive":
        return write_archive(tmp_path / "renamed.tgz")
    if request.param == "plain tar":
        return write_archive(tmp_path / "unpacked.tar", mode="w")
    return write_archive(tmp_path / "cifar-10-binary.tar.gz").parent


def test_every_place_gives_the_same_rows_in_order(place):
    data = cifar10(place)
    records = np.concatenate([batches()[name] for name in NAMES[:5]])
    np.testing.assert_array_equal(data.X, records[:, 1:] / np.float32(255))
    np.testing.assert_array_equal(data.y, records[:, 0])
    assert data.X.dtype == np.float32
    assert data.y.dtype == np.int64
    assert data.X.shape == (5 * ROWS, 3072)
    assert data.target_names == CIFAR10_CLASSES
    assert len(data.feature_names) == 3072
    assert data.feature_names[1024] == "green_0_0"
    test = cifar10(place, split="test")
    np.testing.assert_array_equal(test.y, batches()["test_batch.bin"][:, 0])


def test_nothing_is_unpacked_to_disk(tmp_path):
    archive = write_archive(tmp_path / "cifar-10-binary.tar.gz")
    cifar10(tmp_path)
    assert list(tmp_path.iterdir()) == [archive]


def test_chosen_classes_are_relabelled_in_the_order_given(place):
    data = cifar10(place, classes=("bird", "airplane"))
    records = np.concatenate([batches()[name] for name in NAMES[:5]])
    kept = records[np.isin(records[:, 0], [0, 2])]
    np.testing.assert_array_equal(data.X, kept[:, 1:] / np.float32(255))
    np.testing.assert_array_equal(data.y, np.where(kept[:, 0] == 2, 0, 1))
    assert data.target_names == ("bird", "airplane")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "valid"}, "Unknown cifar10 split 'valid'"),
        ({"classes": ("bird", "dragon")}, r"Unknown cifar10 classes\[1\] 'dragon'"),
        ({"classes": ("bird", "bird")}, "each class once"),
        ({"classes": ()}, "one or more names"),
        ({"classes": "bird"}, "one or more names, got 'bird'"),
        ({"classes": (2,)}, "must be one of airplane"),
    ],
)
def test_options_out_of_range(tmp_path, options, message):
    with pytest.raises(HyperparameterError, match=message):
        cifar10(write_folder(tmp_path / "bin"), **options)


def test_the_python_version_is_refused_without_being_read(tmp_path, monkeypatch):
    monkeypatch.setattr(pickle, "load", lambda *_: pytest.fail("a pickle was read"))
    message = (
        "is the Python version of CIFAR-10, a pickle, .* run any code .*binary version alone: cifar-10-binary"
    )
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(pickle.dumps({b"data": 0}))
    packed = tmp_path / "elsewhere" / "cifar-10-python.tar.gz"
    packed.parent.mkdir()
    packed.write_bytes(tar_bytes({"cifar-10-batches-py/data_batch_1": b"pickle"}))
    renamed = tmp_path / "renamed.tar.gz"
    renamed.write_bytes(packed.read_bytes())
    for place in (folder, tmp_path, folder / "data_batch_1", packed, packed.parent, renamed):
        with pytest.raises(DataError, match=message):
            cifar10(place)


def test_missing_pieces_are_named(tmp_path):
    with pytest.raises(
        DataError, match=r"no CIFAR-10: put cifar-10-binary\.tar\.gz, or the folder cifar-10-batches-bin"
    ):
        cifar10(tmp_path)
    with pytest.raises(DataError, match="no file or folder"):
        cifar10(tmp_path / "nowhere")
    with pytest.raises(DataError, match="must be a string"):
        cifar10(3)
    folder = write_folder(tmp_path / "bin")
    (folder / "data_batch_3.bin").unlink()
    with pytest.raises(DataError, match=r"There is no file .*data_batch_3\.bin"):
        cifar10(folder)
    members = archive_members()
    del members["cifar-10-batches-bin/data_batch_2.bin"]
    (tmp_path / "some.tar.gz").write_bytes(tar_bytes(members))
    with pytest.raises(
        DataError, match=r"some\.tar\.gz is not the binary version .* lacks data_batch_2\.bin"
    ):
        cifar10(tmp_path / "some.tar.gz")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has 0 bytes"),
        (b"\0" * 3072, "records of 3073 bytes"),
        (b"\0" * 3074, "has 3074 bytes"),
        (b"\x0a" + b"\0" * 3072, "label above 9"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_damaged_batches_are_named(tmp_path, packed, content, message):
    if packed:
        place = tmp_path / "cifar.tar.gz"
        name = "cifar-10-batches-bin/data_batch_4.bin"
        place.write_bytes(tar_bytes({**archive_members(), name: content}))
    else:
        place = write_folder(tmp_path / "bin")
        (place / "data_batch_4.bin").write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        cifar10(place)
    assert "data_batch_4.bin" in str(caught.value)
    assert str(place) in str(caught.value)


def test_a_batch_and_an_archive_may_only_be_so_large(tmp_path, monkeypatch):
    folder, archive = write_folder(tmp_path / "bin"), write_archive(tmp_path / "cifar.tar.gz")
    monkeypatch.setattr(cifar, "_MOST_BYTES", 3 * 3073)
    with pytest.raises(DataError, match="at most 3 of them; it has too many bytes"):
        cifar10(folder)
    monkeypatch.undo()
    monkeypatch.setattr(cifar, "_MOST_UNPACKED", 20_000)
    with pytest.raises(DataError, match="unpacks to more than"):
        cifar10(archive)


@pytest.mark.parametrize(
    "content", [b"", b"text", gzip.compress(b"", mtime=0), gzip.compress(b"text", mtime=0), b"\x1f\x8b"]
)
def test_what_is_no_archive_is_refused(tmp_path, content):
    file = tmp_path / "cifar-10-binary.tar.gz"
    file.write_bytes(content)
    with pytest.raises(
        DataError, match=r"not a readable tar archive|cut-off gzip|lacks data_batch_1"
    ) as caught:
        cifar10(file)
    assert str(file) in str(caught.value)


def test_a_cut_off_archive_is_refused(tmp_path):
    file = tmp_path / "cifar-10-binary.tar.gz"
    whole = tar_bytes(archive_members())
    for keep in (0.1, 0.5, 0.9):
        file.write_bytes(whole[: int(keep * len(whole))])
        with pytest.raises(DataError, match="cut-off gzip"):
            cifar10(file)
    plain = gzip.decompress(whole)
    file.write_bytes(plain[: len(plain) // 2])
    with pytest.raises(DataError, match=r"not a readable tar archive|of 3073 bytes|lacks data_batch"):
        cifar10(file)


@pytest.mark.parametrize("size", [b"\x80" + b"\x40" * 11, b"\xff" * 11 + b"\0"])
def test_a_member_of_an_absurd_size_is_not_skipped_over(tmp_path, size):
    content = bytearray(tar_bytes({"cifar-10-batches-bin/other.txt": b"text", **archive_members()}, mode="w"))
    content[124:136] = size
    content[148:156] = b"%06o\0 " % (sum(content[:148]) + 8 * ord(" ") + sum(content[156:512]))
    (tmp_path / "absurd.tar").write_bytes(content)
    with pytest.raises(DataError, match=r"absurd\.tar is damaged: 'cifar-10-batches-bin/other.txt' claims"):
        cifar10(tmp_path / "absurd.tar")


def test_links_in_an_archive_are_not_followed(tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in NAMES:
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(info)
    (tmp_path / "links.tar.gz").write_bytes(buffer.getvalue())
    with pytest.raises(DataError, match=r"lacks data_batch_1\.bin"):
        cifar10(tmp_path / "links.tar.gz")


def test_without_a_folder_the_data_folder_is_used_and_then_the_archive_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("GLASSNET_DATA", str(tmp_path))
    archive = write_archive(tmp_path / "elsewhere.tar.gz")
    asked = []
    monkeypatch.setattr(fetch, "fetch", lambda name, file: asked.append((name, file)) or archive)
    assert len(cifar10().y) == 5 * ROWS
    assert asked == [("cifar10", "cifar-10-binary.tar.gz")]
    write_folder(tmp_path / "cifar10" / "cifar-10-batches-bin")
    assert len(cifar10(split="test").y) == ROWS
    assert len(asked) == 1


SMALL = tar_bytes(
    {f"cifar-10-batches-bin/{name}": bytes([i]) + bytes(3072) for i, name in enumerate(NAMES)}, mode="w"
)
fraction = st.floats(0, 1)
header = st.integers(0, 499).map(lambda offset: offset / (len(SMALL) - 1))
edits = st.lists(st.tuples(st.one_of(fraction, header), st.integers(0, 255)), max_size=6)


@pytest.mark.parametrize("packed", [False, True])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=edits, keep=st.one_of(st.just(1.0), fraction), checksum=st.booleans())
def test_mutated_archives_give_rows_or_a_data_error(tmp_path, packed, edits, keep, checksum):
    content = bytearray(gzip.compress(SMALL, 1) if packed else SMALL)
    for where, value in edits:
        content[math.floor(where * (len(content) - 1))] = value
    if checksum and not packed:  # let the mutated header through to the code behind its checksum
        total = sum(content[:148]) + 8 * ord(" ") + sum(content[156:512])
        content[148:156] = b"%06o\0 " % total
    file = tmp_path / "mutated.tar.gz"
    file.write_bytes(bytes(content[: math.ceil(keep * len(content))]))
    try:
        outcome = f"{cifar10(file).X.shape} in {file}"
    except DataError as error:
        outcome = str(error)
    assert str(file) in outcome


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=600), records=st.integers(0, 2))
def test_any_bytes_as_a_batch_give_rows_or_a_data_error(tmp_path, content, records):
    (tmp_path / "test_batch.bin").write_bytes(content + bytes(3073 * records))
    try:
        outcome = f"{len(cifar10(tmp_path, split='test').X)} rows"
    except DataError as error:
        outcome = str(error)
    assert outcome == f"{records} rows" or "test_batch.bin" in outcome
