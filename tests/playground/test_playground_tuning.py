import numpy as np
import pytest

from glassnet.playground.controls import ControlError
from glassnet.playground.desk import Desk
from glassnet.playground.frames import decode
from glassnet.playground.snapshots import Snapshots

SMALL = {"layers": [{"units": 6, "activation": "tanh"}], "data": {"n": 120}}
MOMENTUM = {"name": "sgd", "learning_rate": 0.1, "momentum": 0.9}


def tune(desk, **changed):
    desk.tune({"type": "tune", **changed})


def state(run):
    state = run.training.optimizer_state
    history = run.training.history
    columns = [np.array(history[name]) for name in ("loss", "val_loss", "learning_rate") if name in history]
    return [run.network.parameters.values.copy(), *(slot.copy() for slot in state.slots.values()), *columns]


def same(one, other):
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_next_step_is_taken_with_the_new_rate():
    desk = Desk({**SMALL, "optimizer": {"name": "sgd", "learning_rate": 0.5}})
    values, gradients = desk.run.network.parameters.values, desk.run.network.parameters.gradients
    for rate in (0.5, 0.125, 0.25):
        tune(desk, optimizer={"name": "sgd", "learning_rate": rate})
        before = values.copy()
        desk.one_step()
        assert np.array_equal(values, before - np.float32(rate) * gradients)
        header, _ = decode(desk.frame(False))
        assert header["learning_rate"] == rate
        assert desk.ready()["setup"]["optimizer"]["learning_rate"] == rate


def test_a_schedule_goes_on_from_the_step_where_training_is():
    desk = Desk({**SMALL, "optimizer": {"name": "sgd", "learning_rate": 0.1}})
    for _ in range(5):
        desk.one_step()
    tune(desk, schedule={"name": "exponential", "decay": 0.5})
    desk.one_step()
    assert desk.run.learning_rate == pytest.approx(0.1 * 0.5**5)


def test_rewinding_takes_back_what_was_tuned_later_and_only_that():
    desk = Desk({**SMALL, "optimizer": MOMENTUM})
    desk.run._snapshots = Snapshots(most=3)
    desk.run._snapshots.keep(desk.run.training)
    rates = iter(np.geomspace(0.2, 0.01, 40).tolist())
    states, setups = [None], [desk.setup]
    for epoch in range(16):
        if epoch % 3 == 1:  # between two epochs, ...
            tune(desk, optimizer={**MOMENTUM, "learning_rate": next(rates)})
            desk.set_weight("dense1.weight", (0, epoch % 6), 0.1 * epoch)
        desk.one_step()
        if epoch % 4 == 2:  # ... and within one
            tune(desk, optimizer={**MOMENTUM, "learning_rate": next(rates), "nesterov": True})
            tune(desk, optimizer={**MOMENTUM, "learning_rate": next(rates), "nesterov": True})
        desk.one_epoch()
        states.append(state(desk.run))
        setups.append(desk.setup)
    assert len({setup["optimizer"]["learning_rate"] for setup in setups}) == 9
    for epoch in range(16, 0, -1):
        desk.rewind(epoch)
        assert same(state(desk.run), states[epoch])
        assert desk.setup == setups[epoch]
        assert desk.run.learning_rate == states[epoch][-1][-1]
    desk.rewind(0)
    assert desk.setup == setups[0]
    desk.one_epoch()
    assert same(state(desk.run), states[1])


def test_what_is_tuned_before_the_first_step_is_what_it_begins_with():
    slow = {"name": "adam", "learning_rate": 1e-4}
    desk, other = Desk(SMALL), Desk({**SMALL, "optimizer": slow})
    tune(desk, optimizer=slow)
    assert desk.run.edits == []
    for _ in range(3):
        desk.one_epoch()
        other.one_epoch()
    assert same(state(desk.run), state(other.run))
    desk.rewind(0)
    assert desk.setup == other.setup


def test_both_networks_are_tuned_at_the_same_place():
    adam = {"name": "adam", "learning_rate": 0.01}
    desk = Desk({**SMALL, "optimizer": MOMENTUM, "compare": {"optimizer": adam}})
    alone = {
        MOMENTUM["name"]: Desk({**SMALL, "optimizer": MOMENTUM}),
        "adam": Desk({**SMALL, "optimizer": adam}),
    }

    def advance():
        desk.advance()  # the second one follows only at the next
        for one in alone.values():
            one.one_epoch()

    advance()
    schedule = {"name": "exponential", "decay": 0.99}
    assert desk.second.position < desk.run.position
    tune(desk, schedule=schedule)
    assert desk.second.position == desk.run.position
    for one in alone.values():
        tune(one, schedule=schedule)
    advance()
    quick = {**adam, "learning_rate": 0.05}
    tune(desk, compare={"optimizer": quick})
    tune(alone["adam"], optimizer=quick)
    advance()
    while desk.second.position < desk.run.position:
        desk.advance()
    assert same(state(desk.run), state(alone["sgd"].run))
    assert same(state(desk.second), state(alone["adam"].run))
    desk.rewind(2)
    assert desk.setup["compare"]["optimizer"] == adam
    assert desk.setup["schedule"] == schedule
    desk.rewind(1)
    assert desk.setup["schedule"] == {"name": "constant"}


def test_when_the_second_has_stopped_the_first_can_still_be_tuned():
    wild = {"optimizer": {"name": "sgd", "learning_rate": 1e30}}
    desk = Desk({**SMALL, "layers": [{"units": 6}, {"units": 6}], "compare": wild})
    for _ in range(3):
        desk.one_epoch()
    assert desk.second_stopped is not None
    tune(desk, optimizer={"name": "adam", "learning_rate": 0.003})
    desk.one_epoch()
    assert desk.run.learning_rate == 0.003
    desk.rewind(3)
    assert desk.setup["optimizer"]["learning_rate"] == 0.01


def test_when_to_stop_can_be_set_at_any_time_and_stays_when_rewinding():
    desk = Desk(SMALL)
    for _ in range(2):
        desk.advance()
    tune(desk, stop={"epochs": 4})
    while desk.stopped is None:
        desk.advance()
    assert desk.run.training.epoch == 4
    assert desk.run.edits == []
    desk.rewind(1)
    assert desk.setup["stop"]["epochs"] == 4


@pytest.mark.parametrize(
    ("changed", "where", "words"),
    [
        ({"optimizer": {"name": "adam"}}, "optimizer", "Adam that remembers"),
        ({"optimizer": {"name": "sgd", "learning_rate": 0.1}}, "optimizer", "SGD that remembers nothing"),
        ({"optimizer": {**MOMENTUM, "averaged": True}}, "optimizer", "averaged velocity"),
        (
            {"optimizer": {**MOMENTUM, "learning_rate": -1}},
            "optimizer.learning_rate",
            "learning_rate must lie",
        ),
        ({"schedule": {"name": "cosine"}}, "schedule", "needs steps"),
        ({"stop": {"epochs": 0}}, "stop.epochs", "epochs must lie"),
        ({"compare": {"optimizer": {"name": "sgd"}}}, "compare.optimizer", "SGD that remembers nothing"),
        ({"compare": None}, "compare", "second network"),
        ({"batch_size": 5}, "batch_size", "batch_size cannot change"),
        ({"optimizer": None}, "optimizer", "object with a name"),
        ({"stop": [3]}, "stop", "must be an object"),
    ],
)
def test_what_cannot_be_tuned_is_refused_and_changes_nothing(changed, where, words):
    desk = Desk({**SMALL, "optimizer": MOMENTUM, "compare": {"optimizer": {"name": "adam"}}})
    desk.one_step()
    setup, optimizers = desk.setup, (desk.run.training.optimizer, desk.second.training.optimizer)
    with pytest.raises(ControlError, match=words) as caught:
        tune(desk, stop={"epochs": 7}, **changed) if "stop" not in changed else tune(desk, **changed)
    assert caught.value.control == where
    assert desk.setup == setup
    assert (desk.run.training.optimizer, desk.second.training.optimizer) == optimizers
    assert desk.run.edits == desk.second.edits == []


def test_a_second_network_cannot_come_in_the_middle():
    with pytest.raises(ControlError, match="whole set-up") as caught:
        tune(Desk(SMALL), compare={"optimizer": {"name": "adam"}})
    assert caught.value.control == "compare"


def test_rmsprop_keeps_its_means():
    desk = Desk({**SMALL, "optimizer": {"name": "rmsprop"}})
    tune(desk, optimizer={"name": "rmsprop", "rho": 0.5})
    for more in ({"centered": True}, {"momentum": 0.5}):
        with pytest.raises(ControlError, match="RMSprop that remembers square and"):
            tune(desk, optimizer={"name": "rmsprop", **more})


def test_going_back_can_be_cut_short_and_leaves_a_state_that_has_been():
    desk = Desk(SMALL)
    desk.run._snapshots = Snapshots(most=2)
    desk.run._snapshots.keep(desk.run.training)
    states = [None]
    for epoch in range(40):
        if epoch == 3:
            tune(desk, optimizer={"name": "adam", "learning_rate": 0.002})
        if epoch == 20:
            tune(desk, optimizer={"name": "adam", "learning_rate": 0.001})
        desk.one_epoch()
        states.append(state(desk.run))
    n = desk.run.training.batches.n_batches
    desk.rewind(31, lambda: desk.run.steps >= 7 * n + 2)
    assert desk.run.position == (7, 2)
    assert desk.setup["optimizer"]["learning_rate"] == 0.002
    assert len(desk.run.training.history["loss"]) == 7
    header, _ = decode(desk.frame(False))
    assert (header["epoch"], header["batch"]) == (7, 2)
    desk.one_epoch()
    assert same(state(desk.run), states[8])
    desk.rewind(5)
    assert same(state(desk.run), states[5])
