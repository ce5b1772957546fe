import numpy as np
import pytest

from glassnet.playground import confusion
from glassnet.playground.desk import Desk
from glassnet.playground.frames import decode
from glassnet.playground.lookups import weight
from glassnet.playground.mathematics import mathematics
from glassnet.playground.uploads import Uploads

DEEP = {
    "layers": [{"units": 8, "batch_norm": True, "dropout": 0.2}, {"units": 6, "activation": "tanh"}],
    "l2": 1e-3,
    "data": {"n": 120},
}
LAYERS = {"dense1", "dense2", "dense3"}


def header_of(desk):
    return decode(desk.frame(False))[0]


def test_the_ratios_are_norms_of_the_last_step_and_gradient_over_those_of_the_weights():
    desk = Desk({**DEEP, "optimizer": {"name": "sgd", "learning_rate": 0.5}})
    before = desk.run.network.parameters["dense2.weight"].copy()
    desk.one_step()
    header, after = header_of(desk), desk.run.network.parameters["dense2.weight"]
    size = np.sqrt(np.sum(after**2))
    assert header["ratios"]["dense2"] == pytest.approx(
        np.sqrt(np.sum((after - before) ** 2)) / size, rel=1e-3
    )
    gradient = desk.run.network.gradients["dense2.weight"]
    assert header["gradient_ratios"]["dense2"] == pytest.approx(np.sqrt(np.sum(gradient**2)) / size, rel=1e-3)
    for name in LAYERS:  # a step of plain descent is the rate times the gradient
        assert header["ratios"][name] == pytest.approx(0.5 * header["gradient_ratios"][name], rel=1e-2)


def test_an_epoch_shows_the_ratios_of_its_last_step_alone():
    whole, steps = Desk(DEEP), Desk(DEEP)
    n = whole.run.training.batches.n_batches
    for begun in range(n):
        for _ in range(begun):
            whole.one_step()
            steps.one_step()
        whole.one_epoch()
        for _ in range(n - begun):
            steps.one_step()
        one, other = header_of(whole), header_of(steps)
        assert whole.run.position == steps.run.position
        assert one["ratios"] == other["ratios"]
        assert one["gradient_ratios"] == other["gradient_ratios"]
        assert all(0 < ratio < 1 for ratio in one["ratios"].values())


def test_a_frame_without_a_step_since_the_last_look_keeps_the_ratios():
    desk = Desk(DEEP)
    desk.one_step()
    wanted = header_of(desk)["ratios"]
    desk.look_ahead()  # and the pause comes before the step
    assert header_of(desk)["ratios"] == wanted
    assert desk.before is None
    desk.look_ahead()
    desk.set_weight("dense1.weight", (0, 0), 3.0)
    assert desk.before is None


def test_there_are_no_gradients_before_the_first_step_nor_after_rewinding():
    desk = Desk(DEEP)
    desk.look_at({"want": ["histograms"]})
    asked = {"layer": "dense1", "row": 0, "column": 0}

    def none():
        header, arrays = decode(desk.frame(False))
        assert not any(name.endswith("gradient") for name in [*arrays, *header["edges"]])
        assert header["ratios"] == header["gradient_ratios"] == {}
        assert header["vanishing"] == []
        assert weight(desk, asked)["gradient"] is None
        assert "histogram:dense1.weight" in arrays

    none()
    for _ in range(3):
        desk.one_epoch()
    header, arrays = decode(desk.frame(False))
    assert {f"histogram:{name}.gradient" for name in LAYERS} <= set(arrays)
    assert set(header["gradient_ratios"]) == set(header["ratios"]) == LAYERS
    assert isinstance(weight(desk, asked)["gradient"], float)
    desk.rewind(2)
    none()
    desk.rewind(0)
    none()


def test_the_mathematics_after_an_epoch_are_those_of_its_last_minibatch():
    desk = Desk(DEEP)
    assert mathematics(desk.run, None)["rows"] == list(range(8))
    desk.one_step()
    order = np.arange(96)[desk.run.training.batches.order]
    assert mathematics(desk.run, None)["rows"] == order[:8].tolist()
    desk.one_epoch()
    order = np.arange(96)[desk.run.training.batches.order]
    assert mathematics(desk.run, None)["rows"] == order[64:72].tolist()


def test_the_axes_have_names(tmp_path):
    assert Desk({}).ready()["axes"] == ["x", "y"]
    assert Desk({"data": {"name": "iris"}}).ready()["axes"] == ["component 1", "component 2"]
    rows = "".join(f"{i % 9},{i % 7},{'ab'[i % 2]}\n" for i in range(60))
    told = Uploads(tmp_path).add(("width,height,kind\n" + rows).encode(), "boxes.csv")
    setup = {"data": {"name": "upload", "upload": told["id"]}, "features": ["x", "y", "xy"]}
    ready = Desk(setup, tmp_path).ready()
    assert ready["axes"] == ["width (standardised)", "height (standardised)"]
    assert ready["network"]["features"] == ["x", "y", "xy"]


def wants_confusion(setup):
    desk = Desk(setup)
    desk.look_at({"want": ["confusion"]})
    return desk


@pytest.mark.parametrize(
    ("share", "part", "rows", "at_a_time"),
    [(0.8, "test", 10, 3), (0.8, "test", 24, 24), (0.8, "test", 1000, 7), (1.0, "train", 50, 20)],
)
def test_the_confusion_counts_every_row_up_to_a_limit_that_it_tells(
    share, part, rows, at_a_time, monkeypatch
):
    monkeypatch.setattr(confusion, "_MOST_ROWS", rows)
    monkeypatch.setattr(confusion, "_AT_A_TIME", at_a_time)
    desk = wants_confusion({**DEEP, "train_share": share})
    for _ in range(5):
        desk.one_epoch()
    of = desk.problem.test if part == "test" else desk.problem.train
    counted = of[:rows]
    wanted = np.zeros((3, 3))
    predicted = desk.run.network.predict(desk.problem.inputs[counted]).argmax(axis=1)
    for true, found in zip(desk.problem.targets[counted], predicted, strict=True):
        wanted[true, found] += 1
    header, arrays = decode(desk.frame(False))
    assert np.array_equal(arrays["confusion"], wanted)
    assert header["confusion"] == {"rows": len(counted), "of": len(of), "part": part}


def test_thousands_of_test_rows_are_counted_and_fewer_for_a_large_network():
    desk = wants_confusion({"data": {"n": 9000}, "train_share": 0.1, "layers": [{"units": 2}]})
    assert decode(desk.frame(False))[1]["confusion"].sum() == 8100
    large = {"data": {"n": 9000}, "train_share": 0.1, "layers": [{"units": 512}] * 4}
    header, arrays = decode(wants_confusion(large).frame(False))
    assert arrays["confusion"].sum() == header["confusion"]["rows"] == 4_000_000_000 // 791_043
    assert header["confusion"]["of"] == 8100


def test_the_confusion_is_counted_anew_only_when_the_weights_have_moved(monkeypatch):
    desk = wants_confusion(DEEP)
    counted = []
    count = confusion.Confusion._count
    monkeypatch.setattr(confusion.Confusion, "_count", lambda self, k: counted.append(1) or count(self, k))

    def counts():
        desk.frame(False)
        desk.look_at({"want": ["confusion"], "grid": 10})
        arrays = decode(desk.frame(False))[1]
        now = len(counted)
        counted.clear()
        predicted = desk.run.network.predict(desk.problem.inputs[desk.problem.test]).argmax(axis=1)
        assert arrays["confusion"].sum(axis=0).tolist() == np.bincount(predicted, minlength=3).tolist()
        return now

    assert counts() == 1
    assert counts() == 0
    for move in (
        desk.one_step,
        desk.one_epoch,
        lambda: desk.set_weight("dense3.bias", (1,), 50.0),
        desk.one_epoch,
        lambda: desk.rewind(1),
        lambda: desk.rewind(0),
    ):
        move()
        assert counts() == 1
        assert counts() == 0
