import numpy as np
import pytest

from glassnet.playground.desk import Desk
from glassnet.playground.lessons import LESSONS
from glassnet.playground.setup import complete

SETUPS = {lesson.name: lesson.setup for lesson in LESSONS}


def trained(name, epochs, **changed):
    desk = Desk({**SETUPS[name], **changed})
    while desk.run.training.epoch < epochs or (desk.second and desk.second.position < desk.run.position):
        desk.advance()
    return desk


def last(desk, column="accuracy"):
    return desk.run.training.history[column][-1]


def test_there_are_ten_with_text_and_a_setup_that_builds():
    assert len(LESSONS) == len(SETUPS) == 10
    for lesson in LESSONS:
        told = lesson.to_dict()
        assert told["title"]
        assert all(len(paragraph) > 150 for paragraph in told["text"])
        complete(told["setup"])


def test_one_neuron_parts_two_clouds():
    assert last(trained("one-neuron", 40)) > 0.95


def test_xor_needs_a_hidden_layer():
    assert last(trained("xor", 80)) < 0.65
    assert last(trained("xor", 60, layers=[{"units": 8}])) > 0.9
    assert last(trained("xor", 60, features=["xy"])) > 0.9


def test_a_rate_that_is_too_high_ends_far_above():
    desk = trained("learning-rate", 100)
    assert last(desk, "loss") > 5
    assert desk.second.training.history["loss"][-1] < 0.1


def test_a_symmetric_start_stays_symmetric():
    desk = trained("symmetry", 150)
    weights = desk.run.network.parameters["dense1.weight"]
    assert np.allclose(weights, weights[:, :1], atol=1e-6)
    assert last(desk) < 0.65
    assert last(trained("symmetry", 150, layers=[{"units": 8, "activation": "sigmoid"}])) > 0.95


def test_the_gradient_vanishes():
    desk = trained("vanishing-gradient", 60)
    assert {"dense1", "dense2", "dense3"} <= set(desk.painter.vanishing())
    assert last(desk) < 0.5
    better = {"layers": [{"units": 8}] * 8, "optimizer": {"name": "sgd", "learning_rate": 0.1}}
    assert last(trained("vanishing-gradient", 150, **better)) > 0.85


def test_relus_die():
    desk = trained("dead-relu", 40)
    assert all(share > 0.6 for share in desk.painter.dead().values())
    assert last(desk) < 0.6
    calm = trained("dead-relu", 100, optimizer={"name": "sgd", "learning_rate": 0.05, "momentum": 0.9})
    assert all(share < 0.2 for share in calm.painter.dead().values())
    assert last(calm) > 0.9


def test_overfitting_and_what_helps():
    desk = trained("overfitting", 300)
    assert last(desk) == 1
    assert last(desk, "val_loss") > 4 * min(desk.run.training.history["val_loss"])
    assert last(trained("overfitting", 300, l2=0.01), "val_loss") < 0.6


@pytest.mark.parametrize(
    "other", [None, {"name": "sgd", "learning_rate": 0.03, "momentum": 0.9}], ids=["adam", "momentum"]
)
def test_momentum_and_adam_are_faster_down_a_ravine(other):
    changed = {"compare": {"optimizer": other}} if other else {}
    desk = trained("momentum-and-adam", 150, **changed)
    assert last(desk) < 0.7
    assert desk.second.training.history["accuracy"][-1] > 0.92


def test_batch_normalisation_brings_a_deep_network_to_life():
    desk = trained("batch-normalisation", 150)
    assert desk.painter.vanishing() == []
    assert last(desk, "val_accuracy") > 0.85
    plain = [{**layer, "batch_norm": False} for layer in SETUPS["batch-normalisation"]["layers"]]
    assert last(trained("batch-normalisation", 60, layers=plain)) < 0.5


def test_the_best_moment_is_early():
    history = trained("early-stopping", 150).run.training.history
    assert int(np.argmin(history["val_loss"])) < 15
    assert history["val_loss"][-1] > 1.5 * min(history["val_loss"])
    assert history["loss"][-1] < 0.5 * history["loss"][2]
