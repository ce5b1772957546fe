"""Model files made to hurt: each is refused with what is wrong, soon, and without taking memory."""

import builtins
import importlib
import json
import os
import struct
import sys
import tracemalloc

import numpy as np
import pytest

import glassnet as gn
from glassnet import registry
from glassnet.files import save_network
from glassnet.files.container import open_container, parse_json

NETWORK = {"layers": [{"class": "Dense", "units": 2}], "seed": 0, "dtype": "float32", "n_features": 3}
DOCUMENT = {"format_version": 1, "glassnet_version": "0", "network": NETWORK, "sections": {}}
ENTRIES = {
    "dense1.weight": {"dtype": "F32", "shape": [3, 2], "data_offsets": [0, 24]},
    "dense1.bias": {"dtype": "F32", "shape": [2], "data_offsets": [24, 32]},
}
DATA = bytes(32)


def packed(header, data=DATA):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def header(document=DOCUMENT, **entries):
    text = document if isinstance(document, str) else json.dumps(document)
    return {"__metadata__": {"glassnet": text}, **ENTRIES, **entries}


def of(**changes):
    """A file of a network's description with changes."""
    return packed(header({**DOCUMENT, "network": {**NETWORK, **changes}}))


def entry(**changes):
    return packed(header(**{"dense1.weight": {**ENTRIES["dense1.weight"], **changes}}))


def deep(levels):
    inner = {"class": "Dense", "units": 2}
    for _ in range(levels):
        inner = {"class": "Residual", "layers": [inner]}
    return of(layers=[inner])


WHOLE = packed(header())
MIB = 1 << 20

HOSTILE = {
    "no header": (b"\0\0\0", "fewer than the 8"),
    "header above 16 MiB": (struct.pack("<Q", 16 * MIB + 1) + b"{" * 99, "above the limit of 16 MiB"),
    "header of 2**63 bytes": (struct.pack("<Q", 1 << 63) + b"{}", "above the limit of 16 MiB"),
    "header beyond the file": (struct.pack("<Q", 1000) + b"{}", "would have 1,000 bytes, but 2 follow"),
    "header not JSON": (packed(b"{]"), "its header is not valid"),
    "header not UTF-8": (packed(b'{"\xff": 1}'), "its header is not valid"),
    "header a list": (packed(b" []"), "does not begin with a brace"),
    "key twice": (
        packed(json.dumps(header()).encode().replace(b'"shape": [2]', b'"shape": [2], "shape": [2]')),
        "its header is not valid: the key 'shape' is given twice",
    ),
    "array twice": (
        packed(json.dumps(header()).encode()[:-1] + b', "dense1.bias": {}}'),
        "the key 'dense1.bias' is given twice",
    ),
    "metadata of numbers": (packed({"__metadata__": {"glassnet": 1}}), "metadata must be an object of texts"),
    "metadata a list": (packed({"__metadata__": []}), "metadata must be an object of texts"),
    "description key twice": (
        packed(header(json.dumps(DOCUMENT)[:-1] + ', "sections": {}}')),
        "not valid JSON: the key 'sections' is given twice",
    ),
    "a hole": (
        entry(data_offsets=[4, 28]),
        "array dense1.weight leaves a hole|'dense1.weight' leaves a hole",
    ),
    "an overlap": (
        packed(header(**{"dense1.bias": {"dtype": "F32", "shape": [2], "data_offsets": [20, 28]}})),
        "'dense1.bias' overlaps",
    ),
    "trailing bytes": (WHOLE + b"x", "1 trailing bytes at its end"),
    "cut": (WHOLE[:-1], "1 bytes are missing at its end"),
    "unknown dtype": (entry(dtype="F8_E4M3"), "has the dtype 'F8_E4M3'"),
    "dtype a list": (entry(dtype=["F32"]), "has the dtype"),
    "size and shape": (entry(shape=[3, 3]), "does not fill its 24 bytes"),
    "size of another dtype": (entry(dtype="F64"), "does not fill its 24 bytes"),
    "negative shape": (entry(shape=[-3, -2]), "not up to 32 whole numbers"),
    "shape of truths": (entry(shape=[True, 6]), "not up to 32 whole numbers"),
    "huge shape": (entry(shape=[1 << 62, 1 << 62]), "does not fill"),
    "shape of many ones": (entry(shape=[1] * 100_000), "not up to 32 whole numbers"),
    "shape of no bytes": (entry(shape=[0, 10**18], data_offsets=[0, 0]), "leaves a hole"),
    "offsets backwards": (entry(data_offsets=[24, 0]), "not a span"),
    "offsets of floats": (entry(data_offsets=[0.0, 24.0]), "not a span"),
    "offsets beyond the file": (entry(data_offsets=[0, 1 << 60]), "does not fill"),
    "an entry more": (entry(extra=1), "a dtype, a shape and data_offsets alone"),
    "strange names": (
        packed({"__metadata__": header()["__metadata__"], "\x1b[2J": ENTRIES["dense1.weight"]}, bytes(24)),
        r"differ in '\\x1b\[2J', dense1.bias, dense1.weight",
    ),
    "no description": (packed(ENTRIES), "not a glassnet model"),
    "description a list": (packed(header([])), "must be a JSON object"),
    "description NaN": (of(n_features=float("nan")), "holds NaN"),
    "description Infinity": (of(seed=float("-inf")), "holds -Infinity"),
    "description 1e999": (packed(header(json.dumps(DOCUMENT)[:-1] + ', "x": 1e999}')), "beyond what float64"),
    "number of 5000 digits": (packed(header("1" * 5000)), "not valid JSON"),
    "newer format": (packed(header({**DOCUMENT, "format_version": 2})), "written in format 2 .*Upgrade"),
    "format true": (packed(header({**DOCUMENT, "format_version": True})), "whole number of at least 1"),
    "features true": (of(n_features=True), "n_features must be a whole number"),
    "features without end": (of(n_features=10**4000), "n_features must be a whole number"),
    "seed None": (of(seed=None), "seed must be a whole number"),
    "seed negative": (of(seed=-1), "seed must be a whole number"),
    "dtype of fields": (of(dtype=[["a", "f4"]]), "dtype must be float32 or float64"),
    "a field more": (of(hook="os.system"), "description must have"),
    "units 10**12": (of(layers=[{"class": "Dense", "units": 10**12}]), "should be float32 of shape"),
    "units 10**300": (of(layers=[{"class": "Dense", "units": 10**300}]), "should be float32 of shape"),
    "units 10**4000": (of(layers=[{"class": "Dense", "units": 10**4000}]), "beyond 1e308"),
    "orthogonal 10**9": (
        of(layers=[{"class": "Dense", "units": 10**9, "initializer": {"class": "Orthogonal"}}]),
        "should be float32|Unknown initializer",
    ),
    "a module's name": (of(layers=[{"class": "os.system"}]), "Unknown layer class 'os.system'"),
    "a class of glassnet": (of(layers=[{"class": "Adam"}]), "Unknown layer class 'Adam'"),
    "a layer that is a text": (of(layers=["dense"]), "must be a mapping with a 'class'"),
    "a huge name": (of(layers=[{"class": "x" * MIB}]), "Unknown layer class"),
    "no layers": (of(layers=[]), "at least one layer"),
    "60,000 layers": (of(layers=[{"class": "BatchNorm"}] * 60_000), "60,000 layers and their parts"),
    "9,000 layers": (of(layers=[{"class": "BatchNorm"}] * 9_000), "layers and the stored arrays differ"),
    "45,000 nested layers": (
        of(layers=[{"class": "Residual", "layers": [{"class": "BatchNorm"}] * 45_000}]),
        "layers and the stored arrays differ",
    ),
    "90 residual blocks deep": (deep(90), "layers and the stored arrays differ"),
    "150 residual blocks deep": (deep(150), "more than 200 levels"),
    "100,000 lists deep": (packed(header("[" * 100_000 + "]" * 100_000)), "more than 200 levels"),
    "header 100,000 deep": (packed(b'{"a":' * 100_000), "more than 200 levels"),
    "15 MiB of lists": (packed(header("[" + "[]," * (5 * MIB) + "1]")), "must be a JSON object"),
    "15 MiB of mappings": (packed(header("[" + "{}," * (5 * MIB) + "1]")), "must be a JSON object"),
    "15 MiB of floats": (packed(header("[" + "1.5," * (3 * MIB) + "1]")), "must be a JSON object"),
    "15 MiB of arrays": (
        packed(
            {
                f"a{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
                for i in range(200_000)  # bytes enough for a header of 13 MiB
            },
            b"",
        ),
        "describes 200,000 arrays; at most 100,000",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_few_plain_words(tmp_path, name):
    content, message = HOSTILE[name]
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(gn.FileFormatError, match=message) as caught:
        gn.load(path)
    assert len(str(caught.value)) < 1500
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("name", ["units 10**12", "huge shape", "header of 2**63 bytes", "9,000 layers"])
def test_what_is_declared_is_not_allocated(tmp_path, name):
    path = tmp_path / "m.safetensors"
    path.write_bytes(HOSTILE[name][0])
    tracemalloc.start()
    try:
        with pytest.raises(gn.FileFormatError):
            gn.load(path)
        assert tracemalloc.get_traced_memory()[1] < 64 * MIB
    finally:
        tracemalloc.stop()


def test_the_file_these_start_from_loads(tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(WHOLE)
    np.testing.assert_array_equal(gn.load(path).predict(np.ones((1, 3))), np.zeros((1, 2), np.float32))


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(gn.FileFormatError, match="not an ordinary file"):
        gn.load(tmp_path / "pipe")
    with pytest.raises(FileNotFoundError, match="There is no model file"):
        gn.load(tmp_path / "absent" / "m.safetensors")
    with pytest.raises(FileNotFoundError, match="null byte"):
        gn.load("a\0b")


def test_a_file_cut_while_it_is_read(tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(
        packed({"a": {"dtype": "F64", "shape": [10_000], "data_offsets": [0, 80_000]}}, bytes(80_000))
    )
    with open_container(path) as container:
        os.truncate(path, 40_000)
        with pytest.raises(gn.FileFormatError, match="cut while it was read"):
            container.array("a")


def only_glassnet(real):
    """An `__import__` that refuses what a file might name."""

    def importing(name, *rest, **more):
        assert name.split(".")[0] not in ("os.system", "os", "subprocess", "pickle", "builtins"), name
        return real(name, *rest, **more)

    return importing


def test_nothing_is_imported_for_a_file(tmp_path, monkeypatch):
    net = gn.Network([gn.Dense(2)], seed=0).build(3)
    net.save(tmp_path / "m.safetensors")
    gn.load(tmp_path / "m.safetensors")  # what loading itself needs is there now
    path = tmp_path / "bad.safetensors"
    path.write_bytes(HOSTILE["a module's name"][0])

    def own(name, *_, **__):
        assert name in {module for module, _ in registry.KINDS.values()}
        return sys.modules[name]

    with monkeypatch.context() as patch:
        patch.setattr(importlib, "import_module", own)
        patch.setattr(registry, "import_module", own)
        patch.setattr(builtins, "__import__", only_glassnet(builtins.__import__))
        gn.load(tmp_path / "m.safetensors")
        with pytest.raises(gn.FileFormatError, match=r"Unknown layer class 'os.system'"):
            gn.load(path)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"a": {1: "x", "1": "y"}}, "the key '1' is given twice"),
        ({"a": "x" * (17 * MIB)}, "above the limit of 16 MiB"),
        ({"a": json.loads("[" * 250 + "]" * 250)}, "more than 200 levels"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(tmp_path, sections, message):
    net = gn.Network([gn.Dense(2)], seed=0).build(3)
    net.save(tmp_path / "m.safetensors")
    before = (tmp_path / "m.safetensors").read_bytes()
    with pytest.raises(gn.HyperparameterError, match=message):
        save_network(net, tmp_path / "m.safetensors", sections)
    assert (tmp_path / "m.safetensors").read_bytes() == before
    assert os.listdir(tmp_path) == ["m.safetensors"]


def test_the_json_that_is_taken():
    assert parse_json('{"a": [1, 2.5, true, null, "\\ud800"]}') == {"a": [1, 2.5, True, None, "\ud800"]}
    with pytest.raises(ValueError, match="more than 200 levels"):
        parse_json("[" * 201 + "]" * 201)


def test_libraries_read_what_is_written(tmp_path):
    from safetensors.numpy import load_file

    net = gn.Network([gn.Dense(2), gn.BatchNorm()], seed=0).build(3)
    net.save(tmp_path / "m.safetensors")
    arrays = load_file(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(arrays["dense1.weight"], net.parameters["dense1.weight"])
    with open_container(tmp_path / "m.safetensors") as container:
        for name in container.entries:
            np.testing.assert_array_equal(container.array(name), arrays[name])
