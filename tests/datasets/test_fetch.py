import builtins
import gzip
import hashlib
import http.server
import re
import socket
import threading

import numpy as np
import pytest

from glassnet.datasets import cifar10, fetch, idx, mnist
from glassnet.errors import DataError, MissingDependencyError


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the files of its server, and writes down what was asked for."""

    def do_GET(self):
        self.server.asked.append(self.path)
        content = self.server.files.get(self.path.rsplit("/", 1)[-1])
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror():
    """A mirror on this machine, on a port of its own."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.asked = {}, []
        server.url = f"http://127.0.0.1:{server.server_port}/data/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def closed():
    """A mirror that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{free.getsockname()[1]}/"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Data below tmp_path, and no proxy between the test and this machine."""
    monkeypatch.setenv("GLASSNET_DATA", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetch, "MIRRORS", dict.fromkeys(fetch.MIRRORS, ()))
    return tmp_path


def idx_gz(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return gzip.compress(header + array.tobytes(), mtime=0)


def publish(monkeypatch, mirror, name, files):
    mirror.files.update(files)
    sums = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    monkeypatch.setitem(fetch.SHA256, name, {**fetch.SHA256[name], **sums})


def test_every_source_has_a_mirror_and_a_hash():
    from glassnet.datasets import DESCRIPTIONS

    downloads = {name for name, line in DESCRIPTIONS.items() if line.source == "download"}
    assert set(fetch.SHA256) == set(fetch.MIRRORS) == downloads
    for files in fetch.SHA256.values():
        for file, value in files.items():
            assert re.fullmatch("[0-9a-f]{64}", value)
            assert file.endswith(".gz")


def test_mnist_is_fetched_checked_and_fetched_once(folder, mirror, monkeypatch):
    images = np.arange(2 * 784, dtype=np.uint8).reshape(2, 28, 28)
    labels = np.array([3, 9], dtype=np.uint8)
    files = {"t10k-images-idx3-ubyte.gz": idx_gz(images), "t10k-labels-idx1-ubyte.gz": idx_gz(labels)}
    publish(monkeypatch, mirror, "mnist", files)
    monkeypatch.setitem(fetch.MIRRORS, "mnist", (mirror.url,))
    data = mnist(split="test", flatten=False)
    np.testing.assert_array_equal(data.X, images / np.float32(255))
    np.testing.assert_array_equal(data.y, labels)
    assert sorted(mirror.asked) == sorted(f"/data/{file}" for file in files)
    assert {file.name for file in (folder / "mnist").iterdir()} == set(files)
    mnist(split="test")
    assert len(mirror.asked) == 2


def test_the_second_mirror_is_tried(mirror, closed, monkeypatch):
    publish(monkeypatch, mirror, "mnist", {"t10k-labels-idx1-ubyte.gz": b"labels"})
    monkeypatch.setitem(fetch.MIRRORS, "mnist", (closed, mirror.url))
    assert fetch.fetch("mnist", "t10k-labels-idx1-ubyte.gz").read_bytes() == b"labels"


def test_a_file_with_another_hash_is_refused_and_not_kept(folder, mirror, monkeypatch):
    mirror.files["cifar-10-binary.tar.gz"] = b"something else"
    monkeypatch.setitem(fetch.MIRRORS, "cifar10", (mirror.url,))
    with pytest.raises(DataError, match=r"127\.0\.0\.1 sent has another SHA-256 than the published"):
        cifar10()
    assert list((folder / "cifar10").iterdir()) == []


def test_a_file_that_a_mirror_lacks(mirror, monkeypatch):
    monkeypatch.setitem(fetch.MIRRORS, "cifar10", (mirror.url,))
    with pytest.raises(DataError, match=r"127\.0\.0\.1 answered 404"):
        cifar10()


def test_without_a_network_the_error_says_which_files_go_where(folder, closed, monkeypatch):
    monkeypatch.setitem(fetch.MIRRORS, "mnist", (closed, closed))
    with pytest.raises(DataError) as caught:
        mnist()
    message = str(caught.value)
    assert "mnist could not be fetched: no connection to 127.0.0.1" in message
    assert f"into {folder / 'mnist'}, or pass folder=" in message
    for file in fetch.SHA256["mnist"]:
        assert file in message
    assert "\n" not in message
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_folder_that_is_given_is_never_fetched_into(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "fetch", lambda *_: pytest.fail("fetched"))
    for call in (lambda: mnist(tmp_path), lambda: cifar10(tmp_path)):
        with pytest.raises(DataError, match="put "):
            call()


def test_a_folder_that_cannot_be_made(folder, closed, monkeypatch):
    (folder / "mnist").write_text("in the way")
    monkeypatch.setitem(fetch.MIRRORS, "mnist", (closed,))
    with pytest.raises(DataError, match=r"cannot be stored: no folder .*mnist \(File exists\)"):
        mnist()


def test_a_folder_that_cannot_be_written(folder, monkeypatch):
    import pooch

    def refuse(**_):
        raise PermissionError("Pooch could not create data cache folder.")

    monkeypatch.setattr(pooch, "retrieve", refuse)
    monkeypatch.setitem(fetch.MIRRORS, "mnist", ("http://127.0.0.1/",))
    with pytest.raises(DataError, match=r"the folder .*mnist cannot be written"):
        mnist()


def test_the_data_folder(tmp_path, monkeypatch):
    import pooch

    assert fetch.data_folder("mnist") == tmp_path / "mnist"
    monkeypatch.setenv("GLASSNET_DATA", "~/data")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert fetch.data_folder("cifar10") == tmp_path / "data" / "cifar10"
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("GLASSNET_DATA")
        else:
            monkeypatch.setenv("GLASSNET_DATA", unset)
        assert fetch.data_folder("mnist") == pooch.os_cache("glassnet") / "mnist"


def test_without_pooch_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    real = builtins.__import__

    def without_pooch(name, *arguments, **options):
        if name == "pooch":
            raise ImportError("No module named 'pooch'")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_pooch)
    with pytest.raises(MissingDependencyError, match=r'pip install "glassnet\[data\]"\. Or pass folder='):
        mnist()
    place = tmp_path / "mnist"
    place.mkdir()
    (place / "train-images-idx3-ubyte.gz").write_bytes(idx_gz(np.zeros((1, 28, 28), np.uint8)))
    (place / "train-labels-idx1-ubyte.gz").write_bytes(idx_gz(np.zeros(1, np.uint8)))
    assert len(idx.mnist().y) == 1  # what is there already needs no pooch
