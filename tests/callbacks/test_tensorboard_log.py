import struct
import threading

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import DataError, HyperparameterError

event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")


def events(folder):
    """Read the records of all event files: length, its checksum, bytes, their checksum."""
    for path in sorted(folder.glob("events.*")):
        content, start = path.read_bytes(), 0
        while start < len(content):
            (length,) = struct.unpack_from("<Q", content, start)
            yield event_pb2.Event.FromString(content[start + 12 : start + 12 + length])
            start += 12 + length + 4


def scalars(folder):
    """Return {tag: {step: value}}."""
    found = {}
    for event in events(folder):
        for value in event.summary.value:
            if not value.HasField("histo"):
                found.setdefault(value.tag, {})[event.step] = value.simple_value
    return found


def test_training_and_validation_share_their_names(fit, tmp_path):
    log = gn.TensorBoardLog(tmp_path / "runs" / "one")
    _, history = fit(log, epochs=3, metrics=["accuracy"], validation_fraction=0.2)
    training = scalars(tmp_path / "runs" / "one" / "training")
    validation = scalars(tmp_path / "runs" / "one" / "validation")
    assert set(training) == {"loss", "accuracy", "learning_rate", "seconds", "samples_per_second"}
    assert set(validation) == {"loss", "accuracy"}
    for found, prefix in ((training, ""), (validation, "val_")):
        for tag, column in found.items():
            assert list(column) == [1, 2, 3]
            np.testing.assert_allclose(list(column.values()), history[prefix + tag], rtol=1e-6)


def test_without_validation_there_is_one_folder(fit, tmp_path):
    fit(gn.TensorBoardLog(tmp_path), epochs=2)
    assert [folder.name for folder in tmp_path.iterdir()] == ["training"]
    assert list(scalars(tmp_path / "training")["loss"]) == [1, 2]


def test_histograms_of_the_parameters(fit, tmp_path):
    network, _ = fit(gn.TensorBoardLog(tmp_path, histograms=True), epochs=2)
    last = {}
    for event in events(tmp_path / "training"):
        for value in event.summary.value:
            if value.HasField("histo"):
                last[value.tag] = value.histo
    assert set(last) == {name.replace(".", "/") for name in network.parameters}
    weight = network.parameters["dense1.weight"]
    histogram = last["dense1/weight"]
    assert histogram.num == weight.size
    assert histogram.max == pytest.approx(weight.max())
    assert histogram.sum == pytest.approx(weight.sum(), abs=1e-5)
    assert sum(histogram.bucket) == weight.size


def test_parameters_that_are_not_finite_are_left_out(fit, tmp_path):
    class Break(gn.callbacks.Callback):
        def on_epoch_end(self, training, logs):
            training.network.parameters["dense1.bias"][:] = np.nan

    network = gn.Network([gn.Dense(2)], seed=0)
    fit(Break(), gn.TensorBoardLog(tmp_path, histograms=True), epochs=1, network=network)
    tags = {v.tag for e in events(tmp_path / "training") for v in e.summary.value if v.HasField("histo")}
    assert tags == {"dense1/weight"}


def test_files_and_threads_are_closed_also_after_an_error(fit, tmp_path):
    class Fails(gn.callbacks.Callback):
        def on_epoch_end(self, training, logs):
            raise RuntimeError("no")

    log = gn.TensorBoardLog(tmp_path)
    fit(log, epochs=1)
    threads = threading.active_count()
    with pytest.raises(RuntimeError, match="no"):
        fit(log, Fails(), epochs=1)
    assert threading.active_count() == threads
    assert log._writers == {}
    # Two fits within one second still write two files.
    assert len(list((tmp_path / "training").glob("events.*"))) == 2


def test_a_folder_that_cannot_be_made(fit, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"TensorBoardLog cannot write to .*file"):
        fit(gn.TensorBoardLog(tmp_path / "file"))


def test_the_folder_is_a_path():
    with pytest.raises(HyperparameterError, match="TensorBoardLog folder must be a path, got None"):
        gn.TensorBoardLog(None)
