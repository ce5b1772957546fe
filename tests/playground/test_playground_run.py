import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import HyperparameterError, NonFiniteError
from glassnet.playground.controls import ControlError
from glassnet.playground.desk import Desk
from glassnet.playground.frames import decode
from glassnet.playground.lookups import neuron, weight
from glassnet.playground.mathematics import mathematics
from glassnet.playground.snapshots import Snapshots

DEEP = {
    "layers": [{"units": 8, "batch_norm": True, "dropout": 0.2}, {"units": 6, "activation": "tanh"}],
    "l2": 1e-3,
    "data": {"n": 120},
}
CURVES = ("loss", "val_loss", "accuracy", "val_accuracy")


def state(run):
    state = run.training.optimizer_state
    return [
        run.network.parameters.values.copy(),
        run.network.parameters.statistics.flat.copy(),
        *(slot.copy() for slot in state.slots.values()),
        np.array([state.step]),
        *(np.array(run.training.history[name]) for name in CURVES),
    ]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def curves(history):
    return {name: history[name] for name in CURVES}


def test_it_is_what_fit_does_bit_for_bit():
    desk = Desk(DEEP)
    while desk.run.training.epoch < 12:
        desk.one_step()
    problem = desk.problem
    X, y = gn.datasets.spiral(40, 3, noise=0.1, seed=0)
    net = gn.Network(desk.run.network.layers, seed=0)
    history = net.fit(
        X[problem.train],
        y[problem.train],
        loss="softmax_cross_entropy",
        optimizer=gn.Adam(0.01),
        epochs=12,
        validation_data=(X[problem.test], y[problem.test]),
        metrics=["accuracy"],
    )
    assert curves(history) == curves(desk.run.training.history)
    assert np.array_equal(net.parameters.values, desk.run.network.parameters.values)


@pytest.mark.parametrize("optimizer", ["adam", "nadam", "rmsprop", "lion"])
def test_rewinding_restores_every_epoch_and_the_way_on(optimizer):
    desk = Desk({**DEEP, "optimizer": {"name": optimizer, "learning_rate": 0.01}})
    desk.run._snapshots = Snapshots(most=4)
    desk.run._snapshots.keep(desk.run.training)
    seen = [state(desk.run)] if "loss" in desk.run.training.history else [None]
    for _ in range(30):
        desk.one_epoch()
        seen.append(state(desk.run))
    desk.one_step()
    assert len(desk.run._snapshots) <= 4
    for epoch in range(30, 0, -1):
        desk.rewind(epoch)
        assert desk.run.position == (epoch, 0)
        assert same(state(desk.run), seen[epoch])
    for epoch in range(2, 31):
        desk.one_epoch()
        assert same(state(desk.run), seen[epoch])
    desk.rewind(0)
    assert np.array_equal(desk.run.network.parameters.values, Desk(DEEP).run.network.parameters.values)


def test_several_epochs_at_once_are_the_same_and_have_their_snapshots():
    one, many = Desk(DEEP), Desk(DEEP)
    for _ in range(40):
        one.advance()
    while many.run.training.epoch < 40:
        many.advance(8)
    assert same(state(one.run), state(many.run))
    for epoch in (33, 17, 5):
        for desk in (one, many):
            desk.rewind(epoch)
        assert same(state(one.run), state(many.run))
        assert len(one.run._snapshots) == len(many.run._snapshots) == epoch + 1
    for _ in range(3):
        one.advance()
        many.advance()
    assert same(state(one.run), state(many.run))


def test_snapshots_are_thinned_by_number_and_by_size():
    desk = Desk({"layers": [{"units": 4}], "batch_size": 300})
    for _ in range(500):
        desk.run.advance()
    kept = desk.run._snapshots
    assert 100 <= len(kept) <= 200
    assert kept.stride == 4
    assert kept.most_bytes == 64 << 20
    kept = desk.run._snapshots = Snapshots(most_bytes=1)
    kept.keep(desk.run.training)
    for _ in range(20):
        desk.run.advance()
        assert len(kept) <= 2


@pytest.mark.parametrize("epoch", [-1, 6, 1.0, "3", None, True, 10**30])
def test_one_cannot_rewind_to_where_one_has_not_been(epoch):
    desk = Desk(DEEP)
    for _ in range(5):
        desk.one_epoch()
    with pytest.raises(ControlError, match=r"\[0, 5\]") as caught:
        desk.rewind(epoch)
    assert caught.value.control == "rewind"
    assert desk.run.position == (5, 0)


def test_weights_set_by_hand_are_repeated_up_to_where_one_rewinds():
    desk = Desk(DEEP)
    desk.run._snapshots = Snapshots(most=2)
    desk.run._snapshots.keep(desk.run.training)
    for i in range(12):
        desk.one_step()
        if i % 3 == 0:
            desk.set_weight("dense1.weight", (0, i % 8), 1.0 + i)
        desk.one_epoch()
    edits, at = list(desk.run.edits), desk.run.training.epoch
    wanted = state(desk.run)
    for _ in range(5):
        desk.one_epoch()
    desk.set_weight("dense1.bias", (0,), 5.0)
    desk.rewind(at)
    assert desk.run.edits == edits
    assert same(state(desk.run), wanted)


def test_a_weight_is_told_and_set():
    desk = Desk(DEEP)
    desk.one_step()
    parameters = desk.run.network.parameters
    told = weight(desk, {"layer": "dense1", "row": 1, "column": 2})
    assert told["value"] == float(parameters["dense1.weight"][1, 2])
    assert told["gradient"] == float(parameters.by_gradient["dense1.weight"][1, 2])
    assert weight(desk, {"layer": "dense2", "row": -1, "column": 5, "value": 3})["value"] == 3.0
    assert parameters["dense2.bias"][5] == 3.0


@pytest.mark.parametrize(
    "message",
    [
        {"layer": "dense9", "row": 0, "column": 0},
        {"layer": None, "row": 0, "column": 0},
        {"layer": "dense1", "row": 2, "column": 0},
        {"layer": "dense1", "row": -2, "column": 0},
        {"layer": "dense1", "row": 0, "column": "0"},
        {"layer": "dense1", "row": True, "column": 0},
        {"layer": "dense1", "row": 0, "column": 0, "value": "big"},
        {"layer": "dense1", "row": 0, "column": 0, "value": float("nan")},
        {"layer": "dense1", "row": 0, "column": 0, "value": 1e7},
        {"layer": [], "row": 0, "column": 0},
    ],
)
def test_a_weight_that_is_not_there_is_refused(message):
    with pytest.raises(ControlError) as caught:
        weight(Desk(DEEP), message)
    assert caught.value.control == "weight"


def test_the_second_network_starts_alike_and_keeps_step():
    other = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9}
    desk = Desk({**DEEP, "compare": {"optimizer": other}})
    alone = Desk({**DEEP, "optimizer": other})
    start = desk.run.network.parameters.values
    assert np.array_equal(start, desk.second.network.parameters.values)
    assert not np.shares_memory(start, desk.second.network.parameters.values)
    for _ in range(4):
        desk.one_step()
        assert desk.second.position == desk.run.position
    while desk.run.training.epoch < 9 or desk.second.position != desk.run.position:
        desk.advance()
    for _ in range(9):
        alone.one_epoch()
    assert same(state(desk.second), state(alone.run))
    desk.rewind(3)
    assert desk.second.position == desk.run.position == (3, 0)


def test_when_the_second_diverges_the_first_goes_on():
    desk = Desk({**DEEP, "compare": {"optimizer": {"name": "sgd", "learning_rate": 1e30}}})
    for _ in range(3):
        desk.one_epoch()
    assert desk.run.training.epoch == 3
    assert "became" in desk.second_stopped
    header, _ = decode(desk.frame(False))
    assert header["compare"]["stopped"] == desk.second_stopped
    desk.rewind(0)
    assert desk.second_stopped is None


def test_after_leaving_the_finite_range_one_can_rewind():
    desk = Desk({**DEEP, "optimizer": {"name": "sgd", "learning_rate": 1e-2}})
    desk.one_epoch()
    wanted = state(desk.run)
    desk.set_weight("dense3.weight", (0, 0), 1e6)
    desk.run.network.parameters["dense3.weight"][:] = 1e38
    with pytest.raises(NonFiniteError):
        desk.one_epoch()
    header, _ = decode(desk.frame(False))
    assert header["epoch"] == 1
    desk.rewind(1)
    assert same(state(desk.run), wanted)
    desk.one_epoch()


def test_it_stops_at_the_epoch_and_at_the_accuracy():
    desk = Desk({**DEEP, "stop": {"epochs": 3}})
    for _ in range(3):
        assert desk.stopped is None
        desk.advance()
    assert desk.stopped == "Epoch 3 was the last that was asked for."
    desk.resume()
    desk.advance()
    assert desk.stopped is None
    desk = Desk({"stop": {"accuracy": 0.5}})
    while desk.stopped is None:
        desk.advance()
    assert desk.run.training.history["val_accuracy"][-1] >= 0.5
    assert "accuracy reached" in desk.stopped


def test_a_frame_holds_what_is_wanted_and_only_the_news():
    desk = Desk(DEEP)
    want = ["surface", "neurons", "weights", "histograms", "confusion", "nonsense"]
    desk.look_at({"grid": 10, "neuron_grid": 5, "want": want})
    for _ in range(3):
        desk.one_epoch()
    header, arrays = decode(desk.frame(False))
    shapes = {name: array.shape for name, array in arrays.items()}
    assert shapes["surface"] == shapes["confidence"] == (10, 10)
    assert [shapes[f"neurons:dense{i}"] for i in (1, 2, 3)] == [(8, 5, 5), (6, 5, 5), (3, 5, 5)]
    assert np.array_equal(arrays["weight:dense1"], desk.run.network.parameters["dense1.weight"])
    assert shapes["bias:dense3"] == (3,)
    assert arrays["histogram:dense2.gradient"].sum() == 48
    assert len(header["edges"]["dense2.gradient"]) == arrays["histogram:dense2.gradient"].size + 1
    assert arrays["confusion"].sum() == len(desk.problem.test)
    assert set(header["ratios"]) == {"dense1", "dense2", "dense3"}
    assert all(0 < ratio < 1 for ratio in header["ratios"].values())
    assert header["history"] == {"from": 0, **curves(desk.run.training.history)}
    assert set(header["dead"]) == {"dense1"}
    desk.one_epoch()
    header, _ = decode(desk.frame(False))
    assert header["history"]["from"] == 3
    assert len(header["history"]["loss"]) == 1
    desk.rewind(2)
    header, _ = decode(desk.frame(False))
    assert (header["epoch"], header["history"]["from"], header["history"]["loss"]) == (2, 2, [])


def test_the_surface_is_what_the_network_predicts():
    desk = Desk({"data": {"name": "waves"}, "features": ["x", "xy", "siny"]})
    x0, x1, y0, _ = desk.problem.domain
    surface = desk.painter.surface(7)["surface"]
    place = np.array([[x1, y0]], np.float32)
    inputs = np.stack([place[:, 0], place[:, 0] * place[:, 1], np.sin(np.pi * place[:, 1])], axis=1)
    assert surface[0, -1] == pytest.approx(desk.run.network.predict(inputs)[0, 0], rel=1e-5)
    header, arrays = decode(neuron(desk, {"layer": "dense1", "unit": 3, "grid": 9}))
    assert header["type"] == "neuron"
    assert arrays["neuron"].shape == (9, 9)
    corner = np.maximum(inputs @ desk.run.network.parameters["dense1.weight"], 0)[0, 3]
    assert arrays["neuron"][0, -1] == pytest.approx(corner, rel=1e-5, abs=1e-6)
    assert x0 < x1


@pytest.mark.parametrize(
    "message", [{"layer": "dense1", "unit": 16}, {"layer": "x", "unit": 0}, {"grid": 10**6}]
)
def test_a_unit_that_is_not_there_is_refused(message):
    with pytest.raises(ControlError) as caught:
        neuron(Desk({}), {"layer": "dense1", "unit": 0, **message})
    assert caught.value.control == "neuron"


def test_looking_changes_nothing():
    desk = Desk(DEEP)
    desk.one_step()
    before, gradients = state_of_arrays(desk)
    desk.look_at({"want": ["surface", "neurons", "weights", "histograms", "confusion"]})
    desk.frame(True)
    mathematics(desk.run, None)
    after, gradients_after = state_of_arrays(desk)
    assert before == after
    assert gradients == gradients_after


def state_of_arrays(desk):
    network = desk.run.network
    generators = {name: g.bit_generator.state for name, g in network.generators.items()}
    held = network.parameters.values.tobytes(), network.parameters.statistics.flat.tobytes(), str(generators)
    return held, network.parameters.gradients.tobytes()


def test_the_mathematics_are_those_of_a_trace():
    desk = Desk(DEEP)
    desk.one_step()
    told = mathematics(desk.run, [0, 5, 7])
    X, y = desk.run.batch(np.array([0, 5, 7]))
    seen = gn.trace(desk.run.network, X, y, gn.SoftmaxCrossEntropy())
    assert told["loss"] == pytest.approx(seen.loss)
    assert [step["layer"] for step in told["steps"]] == list(seen)
    first = told["steps"][0]
    assert first["shapes"]["z"] == [3, 8]
    assert "z = inputs @ weight + bias" in first["formula"]
    assert np.allclose(first["arrays"]["dz"], seen["dense1"].dz, rtol=1e-3, atol=1e-6)
    assert mathematics(desk.run, None)["n_rows"] == 32
    for rows in ([], [96], [-1], ["0"], "all", [0] * 513):
        with pytest.raises(HyperparameterError, match="rows"):
            mathematics(desk.run, rows)


def test_a_table_has_its_rows_on_two_axes_and_no_surface():
    desk = Desk({"data": {"name": "digits"}, "layers": [{"units": 8}]})
    ready = desk.ready()
    assert ready["kind"] == "table-classes"
    assert len(ready["network"]["features"]) == 64
    assert len(ready["points"]["train"]["x"]) == round(1797 * 0.8)
    _, arrays = decode(desk.frame(False))
    assert "surface" not in arrays
    assert not any(name.startswith("neurons") for name in arrays)
