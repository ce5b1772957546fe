import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import DataError, HyperparameterError


def test_the_file_holds_the_best_epoch(watch_scores, tmp_path, data):
    class Keep(gn.callbacks.Callback):
        outputs = ()

        def on_epoch_end(self, training, logs):
            self.outputs = (*self.outputs, training.network.predict(data[0]))

    path, keep = tmp_path / "best.safetensors", Keep()
    saving = gn.SaveBest(path, monitor="score", mode="max")
    network, _ = watch_scores(saving, [1, 3, 2, 0], keep)
    np.testing.assert_array_equal(gn.load(path).predict(data[0]), keep.outputs[1])
    np.testing.assert_array_equal(network.predict(data[0]), keep.outputs[3])
    assert (saving.best_value, saving.best_epoch) == (3, 1)
    assert [p.name for p in tmp_path.iterdir()] == ["best.safetensors"]


def test_it_saves_only_when_the_figure_improves(watch_scores, tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(gn.Network, "save", lambda network, path: saved.append(path))
    path = tmp_path / "best.safetensors"
    saving = gn.SaveBest(str(path), monitor="score", mode="min")
    watch_scores(saving, [3, 4, float("nan"), 2, 2, 1])
    assert saved == [path] * 3
    watch_scores(saving, [9, 10])
    assert saved == [path] * 4


def test_the_folder_must_exist_before_the_first_step(fit, make_network, tmp_path):
    network = make_network().build(3)
    before = network.parameters.values.copy()
    with pytest.raises(
        DataError, match=r"SaveBest cannot write .*there is no folder .*missing; make it first"
    ):
        fit(gn.SaveBest(tmp_path / "missing" / "best.safetensors"), network=network)
    with pytest.raises(DataError, match="it is a folder; give the name of a file"):
        fit(gn.SaveBest(tmp_path), network=network)
    np.testing.assert_array_equal(network.parameters.values, before)


@pytest.mark.parametrize("path", [None, 3, "", "a\0b"])
def test_the_path_is_a_path(path):
    with pytest.raises(HyperparameterError, match="SaveBest path must be a path, got"):
        gn.SaveBest(path)
