"""Writing whole or not at all: links, permissions, full disks, many threads, and what the killed leave."""

import errno
import os
import resource
import shutil
import stat
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import glassnet as gn
from glassnet.files import write_atomically
from glassnet.files.atomic import _fresh


def text(value):
    return lambda place: place.write_text(value)


def a_network(units=4):
    return gn.Network([gn.Dense(units)], seed=0).build(3)


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "real").mkdir()
    file, link = tmp_path / "real" / "file.txt", tmp_path / "link.txt"
    file.write_text("old")
    link.symlink_to(file)
    write_atomically(link, text("new"))
    assert link.is_symlink()
    assert file.read_text() == "new"
    (tmp_path / "dangling").symlink_to(tmp_path / "real" / "made.txt")
    write_atomically(tmp_path / "dangling", text("x"))
    assert (tmp_path / "real" / "made.txt").read_text() == "x"
    assert sorted(os.listdir(tmp_path)) == ["dangling", "link.txt", "real"]


def test_what_is_no_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not an ordinary file"):
        write_atomically(tmp_path / "pipe", text("x"))
    with pytest.raises(IsADirectoryError, match="is a folder"):
        write_atomically(tmp_path, text("x"))
    with pytest.raises(OSError, match="not an ordinary file"):
        write_atomically("/dev/null", text("x"))
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_permissions_are_those_of_the_umask_or_of_the_old_file(tmp_path):
    path = tmp_path / "m.safetensors"
    before = os.umask(0o027)
    try:
        a_network().save(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o604)
    a_network().save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_the_umask_is_never_changed_by_a_write(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "umask", None)
    write_atomically(tmp_path / "file", text("x"))


def test_names_as_long_as_the_file_system_takes(tmp_path):
    for name in ("n" * 255, "." + "e" * 254, "n" * 200 + "." + "e" * 54):
        write_atomically(tmp_path / name, text("x"))
        assert (tmp_path / name).read_text() == "x"


def test_parts_of_the_killed_are_swept_and_those_of_the_living_are_not(tmp_path):
    target = tmp_path / "m.bin"
    dead, lost = _fresh(tmp_path, "m", ".bin")
    os.close(lost)
    young, lost = _fresh(tmp_path, "m", ".bin")
    os.close(lost)
    living, held = _fresh(tmp_path, "m", ".bin")
    other, lost = _fresh(tmp_path, "other", ".bin")
    os.close(lost)
    for part in (dead, living, other):
        os.utime(part, (time.time() - 3600,) * 2)
    write_atomically(target, text("x"))
    os.close(held)
    assert not dead.exists()
    assert all(part.exists() for part in (young, living, other))


def test_many_threads_write_one_file(tmp_path):
    target = tmp_path / "m.txt"
    texts = [str(i) * 50_000 for i in range(8)]
    faults = []

    def work(i):
        try:
            for _ in range(20):
                write_atomically(target, text(texts[i]))
                assert target.read_text() in texts
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert os.listdir(tmp_path) == ["m.txt"]


def check_old_is_whole(path, old, expected):
    with pytest.raises(OSError, match=os.strerror(expected)) as caught:
        a_network(200_000).save(path)
    assert caught.value.errno == expected
    np.testing.assert_array_equal(gn.load(path).parameters.values, old.parameters.values)
    assert os.listdir(path.parent) == [path.name]


def test_a_limit_on_file_size_leaves_the_old_file(tmp_path):
    old = a_network()
    old.save(tmp_path / "m.safetensors")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        check_old_is_whole(tmp_path / "m.safetensors", old, errno.EFBIG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def mount(tmp_path):
    """Mount a memory file system of 1 MiB, where that is allowed."""
    place = tmp_path / "mounted"
    place.mkdir()
    if not shutil.which("mount") or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True)
    if done.returncode:
        pytest.skip(f"mounting is not permitted here: {done.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_full_disk_leaves_the_old_file(mount):
    old = a_network()
    old.save(mount / "m.safetensors")
    check_old_is_whole(mount / "m.safetensors", old, errno.ENOSPC)
    old.save(mount / "m.safetensors")  # and there is room again


def test_a_read_only_disk_leaves_the_old_file(mount):
    old = a_network()
    old.save(mount / "m.safetensors")
    subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
    check_old_is_whole(mount / "m.safetensors", old, errno.EROFS)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody without rights")
def test_a_read_only_folder_leaves_the_old_file(tmp_path):
    code = """
import os, sys
import glassnet as gn
folder = sys.argv[1]
net = gn.Network([gn.Dense(4)], seed=0).build(3)
net.save(folder + "/m.safetensors")  # everything is imported now
before = open(folder + "/m.safetensors", "rb").read()
os.chmod(folder, 0o555)
os.setegid(65534)
os.seteuid(65534)
try:
    gn.Network([gn.Dense(5)], seed=0).build(3).save(folder + "/m.safetensors")
except PermissionError:
    assert open(folder + "/m.safetensors", "rb").read() == before
    assert os.listdir(folder) == ["m.safetensors"]
    print("refused")
"""
    folder = tmp_path / "folder"
    folder.mkdir()
    for above in (folder, *folder.parents):
        if not above.stat().st_mode & 0o001:
            os.chmod(above, above.stat().st_mode | 0o055)
        if above.name.startswith("pytest-of-"):  # the outermost that pytest makes for its user alone
            break
    done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=False)
    os.chmod(folder, 0o755)
    assert done.stdout == "refused\n", done.stderr
