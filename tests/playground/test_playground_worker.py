"""The worker of a session, in this process: what happens between its messages."""

import json
import multiprocessing
import threading
from contextlib import suppress

import numpy as np
import pytest

from glassnet.playground import worker as worker_module
from glassnet.playground.desk import Desk
from glassnet.playground.frames import decode
from glassnet.playground.snapshots import Snapshots
from glassnet.playground.worker import Worker

SMALL = {"layers": [{"units": 6}], "data": {"n": 120}}


class Page:
    def __init__(self):
        self.pipe, theirs = multiprocessing.Pipe()
        self.worker = Worker(theirs, None, "session")
        self.thread = threading.Thread(target=self._serve)

    def _serve(self):
        with suppress(EOFError, OSError):
            self.worker.serve()

    def send(self, kind, /, **content):
        self.pipe.send({"type": kind, **content})

    def next(self):
        assert self.pipe.poll(60)
        kind, content, *_ = self.pipe.recv()
        if kind == "text":
            return json.loads(content)
        self.send("ack")
        header, self.arrays = decode(content)
        return header

    def until(self, kind, **wanted):
        """Return the next message of a kind that has the wanted values; frames are acknowledged."""
        for _ in range(100_000):
            got = self.next()
            if got["type"] == kind and all(got[key] == value for key, value in wanted.items()):
                return got
            assert got["type"] != "error", got
        raise AssertionError(f"no {kind}")


@pytest.fixture
def page():
    page = Page()
    page.thread.start()
    yield page
    page.pipe.close()
    page.thread.join(60)
    assert not page.thread.is_alive()


def begun(page, setup=SMALL):
    page.send("setup", setup=setup)
    page.until("ready")
    page.send("run")
    return page.until("frame", running=True)


def test_a_refused_setup_leaves_the_training_as_it_was(page):
    step = begun(page)["step"]
    page.send("setup", setup={"loss": []})
    while (got := page.next())["type"] != "error":
        pass
    assert got["control"] == "loss"
    for _ in range(5):
        frame = page.until("frame", running=True)
        assert frame["step"] > step
        step = frame["step"]
    page.send("setup", setup=SMALL)
    page.until("ready")
    assert page.until("frame")["running"] is False


@pytest.mark.parametrize(
    ("setup", "control"), [({"loss": []}, "loss"), ({"features": [[1]]}, "features"), ([], ""), (7, "")]
)
def test_a_setup_of_wrong_types_is_told_and_the_next_one_is_built(page, setup, control):
    page.send("setup", setup=setup)
    got = page.next()
    assert (got["type"], got["control"]) == ("error", control)
    page.send("setup", setup=SMALL)
    assert page.until("ready")["parameters"] == 2 * 6 + 6 + 6 * 3 + 3


def exported(page, number):
    """Return what an export gave: content, or what went wrong."""
    while (got := page.pipe.recv())[0] != "export":
        pass
    assert got[1] == number
    return got[2]


def test_errors_that_nobody_has_foreseen_are_told_and_the_worker_goes_on(page, monkeypatch, capfd):
    def broken(*_):
        raise TypeError("quite unforeseen")

    monkeypatch.setattr(worker_module, "_TRY_AGAIN", 0)
    with monkeypatch.context() as patch:
        patch.setattr(worker_module, "Desk", broken)
        page.send("setup", setup=SMALL)
        got = page.next()
        assert (got["type"], got["control"]) == ("error", "setup")
        assert "TypeError: quite unforeseen" in got["message"]
    page.send("setup", setup=SMALL)
    page.until("ready")
    page.until("frame")
    with monkeypatch.context() as patch:
        patch.setattr(Desk, "advance", broken)
        page.send("run")
        assert "quite unforeseen" in page.until("stopped")["reason"]
        page.until("frame", running=False)
    with monkeypatch.context() as patch:
        patch.setattr(Desk, "frame", broken)
        page.send("pause")
        got = page.next()
        assert (got["type"], got["control"]) == ("error", "views")
    page.send("export", kind="script", id=3)
    assert exported(page, 3).startswith(b'"""Made by')
    with monkeypatch.context() as patch:
        patch.setattr(worker_module, "exported", broken)
        page.send("export", kind="script", id=4)
        assert "quite unforeseen" in exported(page, 4)
    page.send("run")
    page.until("frame", running=True)
    assert capfd.readouterr().err.count("TypeError: quite unforeseen") == 4


def test_too_little_memory_is_told(page, monkeypatch):
    def broken(*_):
        raise MemoryError

    page.send("setup", setup=SMALL)
    page.until("ready")
    monkeypatch.setattr(Desk, "advance", broken)
    page.send("run")
    assert page.until("stopped")["reason"] == "There is not enough memory for this."


def test_rewinding_pauses(page):
    begun(page)
    while page.until("frame")["epoch"] < 3:
        pass
    page.send("rewind", epoch=2)
    frame = page.until("frame", running=False)
    assert (frame["epoch"], frame["batch"], frame["gradient_ratios"]) == (2, 0, {})
    page.send("step")
    frame = page.until("frame", batch=1)
    assert (frame["epoch"], frame["running"]) == (2, False)


def test_an_impossible_rewind_does_not_pause(page):
    begun(page)
    page.send("rewind", epoch=-1)
    while (got := page.next())["type"] != "error":
        pass
    assert got["control"] == "rewind"
    page.until("frame", running=True)


def test_the_optimiser_is_tuned_while_training_goes_on(page):
    begun(page)
    while page.until("frame")["epoch"] < 2:
        pass
    page.send("tune", optimizer={"name": "adam", "learning_rate": 0.002})
    setup = page.until("tuned")["setup"]
    assert setup["optimizer"] == {"name": "adam", "learning_rate": 0.002}
    assert setup["layers"][0]["units"] == 6  # it is the whole set-up
    page.until("frame", running=True, learning_rate=0.002)
    page.send("tune", optimizer={"name": "sgd"})
    while (got := page.next())["type"] != "error":
        pass
    assert got["control"] == "optimizer"
    page.until("frame", running=True, learning_rate=0.002)
    page.send("rewind", epoch=1)
    assert page.until("tuned")["setup"]["optimizer"]["learning_rate"] == 0.01
    page.until("frame", running=False, epoch=1, learning_rate=0.01)
    page.send("tune", stop={"epochs": 5})
    page.until("tuned")
    page.send("run")
    assert "Epoch 5" in page.until("stopped")["reason"]
    page.send("tune", optimizer={"name": "adam", "learning_rate": 0.5})
    page.until("tuned")
    page.send("reset", weights="same")
    assert page.until("ready")["setup"]["optimizer"]["learning_rate"] == 0.5


def test_with_a_second_network_the_ratios_are_still_of_one_step(page):
    short = {"name": "sgd", "learning_rate": 0.1, "clip_norm": 0.01}  # no step is longer than 0.001
    begun(page, {**SMALL, "batch_size": 4, "optimizer": short, "compare": {"optimizer": {"name": "sgd"}}})
    seen = 0
    while seen < 20:
        ratio = page.until("frame", running=True)["ratios"].get("dense1")
        if ratio is not None:
            seen += 1
            assert 0 < ratio * np.linalg.norm(page.arrays["weight:dense1"]) < 0.00101


def long_trained():
    """A worker that no thread serves, with few snapshots: going back means to repeat."""
    page = Page()
    page.worker._follow({"type": "setup", "setup": SMALL})
    desk = page.worker.desk
    desk.run._snapshots = Snapshots(most=2)
    desk.run._snapshots.keep(desk.run.training)
    for _ in range(40):
        desk.one_epoch()
    page.until("ready")
    page.worker._look_at = 0.0  # the next step looks at the pipe
    return page, desk


@pytest.mark.parametrize(
    ("message", "reached"),
    [
        ({"type": "reset"}, (0, 1)),
        ({"type": "setup", "setup": {}}, (0, 1)),
        ({"type": "rewind", "epoch": 0}, (0, 1)),
        ({"type": "rewind", "epoch": 2}, (2, 0)),
        ({"type": "rewind", "epoch": 35}, (30, 0)),
        ({"type": "rewind", "epoch": "2"}, (30, 0)),
        ({"type": "run"}, (30, 0)),
        ({"type": "ack"}, (30, 0)),
    ],
)
def test_what_makes_going_back_needless_cuts_it_short(message, reached):
    page, desk = long_trained()
    page.pipe.send(message)
    page.worker._follow({"type": "rewind", "epoch": 30})
    assert desk.run.position == reached
    assert page.worker.running is False
    assert [one["type"] for one in page.worker._waiting] == [message["type"]] * (message["type"] != "ack")


def test_going_back_tells_how_far_it_is(monkeypatch):
    page, desk = long_trained()
    monkeypatch.setattr(worker_module, "_TELL_EVERY", 0)
    page.worker._follow({"type": "rewind", "epoch": 31})
    told = [page.next() for _ in range(31)]
    assert {one["type"] for one in told} == {"note"}
    assert told[0]["message"] == "On the way to epoch 31: epoch 0 is repeated."
    assert desk.run.position == (31, 0)


@pytest.mark.parametrize(
    "stop", [{"epochs": 2, "accuracy": None}, {"epochs": None, "accuracy": 0.01}], ids=str
)
def test_a_stop_condition_that_is_met_already_stops_at_once(page, stop):
    page.send("setup", setup=SMALL)
    page.until("ready")
    page.send("run")
    while page.until("frame")["epoch"] < 3:
        pass
    page.send("tune", stop=stop)
    assert "already" in page.until("stopped")["reason"]
    assert page.until("frame", running=False)["stopped"]
