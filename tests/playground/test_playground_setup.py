import json
import math

import pytest

from glassnet.datasets import DESCRIPTIONS
from glassnet.hyperparameters import rules_of
from glassnet.optimizers import BY_NAME as OPTIMIZERS
from glassnet.playground.catalogue import catalogue
from glassnet.playground.controls import ControlError
from glassnet.playground.desk import Desk
from glassnet.playground.frames import plain, text
from glassnet.playground.parts import LOSSES
from glassnet.playground.setup import DEFAULTS, LIMITS, RULES, complete
from glassnet.registry import table


def test_an_empty_setup_is_the_default_and_completing_again_changes_nothing():
    whole = complete({})
    assert whole["optimizer"] == DEFAULTS["optimizer"]
    assert whole["layers"] == DEFAULTS["layers"]
    assert complete(whole) == whole
    assert json.loads(json.dumps(whole)) == whole


def test_only_what_a_data_set_has_is_kept():
    assert "factor" not in complete({})["data"]
    assert complete({"data": {"name": "circles", "factor": 0.3}})["data"]["factor"] == 0.3
    assert complete({"data": {"name": "moons", "classes": 7}})["data"]["classes"] == 2


def nested(place, value):
    *parts, last = place.split(".")
    if parts == ["layers"]:
        return {"layers": [{last: value}]}
    return {parts[0]: {last: value}} if parts else {last: value}


def bad_values():
    for place, rule in RULES.items():
        interval = rule.interval
        bad = ["no such", [], {}] if rule.flag or rule.choices else ["3", [], {}, math.nan, math.inf, True]
        if interval is not None:
            step = 1 if interval.integer else 1e-6
            bad += [
                end + sign * (0 if open_end else step)
                for end, sign, open_end in (
                    (interval.low, -1, interval.closed in ("right", "neither")),
                    (interval.high, 1, interval.closed in ("left", "neither")),
                )
                if math.isfinite(end)
            ]
        for value in bad:
            yield pytest.param(place, value, id=f"{place}={value!r}")


@pytest.mark.parametrize(("place", "value"), list(bad_values()))
def test_a_value_out_of_range_is_refused_at_its_control(place, value):
    with pytest.raises(ControlError) as caught:
        complete(nested(place, value))
    assert caught.value.control == place.replace("layers.", "layers.0.")
    assert place.rpartition(".")[2] in str(caught.value)


@pytest.mark.parametrize(
    ("setup", "where", "words"),
    [
        (None, "", "object"),
        ({"sede": 1}, "sede", "'sede'"),
        ({"data": {"name": "mnist"}}, "data.name", "Unknown data set 'mnist'"),
        ({"data": {"name": "upload"}}, "data.upload", "upload first"),
        ({"data": {"n": 5, "classes": 3}}, "data.n", "two points"),
        ({"features": []}, "features", "one at least"),
        ({"features": ["x", "z"]}, "features", "Unknown feature 'z'"),
        ({"layers": [{}] * 13}, "layers", "12"),
        ({"layers": [{"units": 4}, {"activation": "rellu"}]}, "layers.1.activation", "Did you mean 'relu'"),
        ({"layers": [{"activation": {"class": "ReLU"}}]}, "layers.0.activation", "name"),
        ({"layers": [{"initializer": "nil"}]}, "layers.0.initializer", "Unknown initializer"),
        ({"loss": "hinge"}, "loss", "Unknown loss"),
        ({"loss": []}, "loss", "Unknown loss '[]'"),
        ({"loss": {"name": "mse"}}, "loss", "Unknown loss"),
        ({"features": [[1]]}, "features", "Unknown feature '[1]'"),
        ({"features": [None]}, "features", "Unknown feature"),
        ({"optimizer": {"name": "lbfgs"}}, "optimizer.name", "Unknown optimizer"),
        ({"optimizer": {"learning_rate": 1}}, "optimizer", "name"),
        (
            {"optimizer": {"name": "sgd", "momentum": 1}},
            "optimizer.momentum",
            "SGD momentum must lie in [0, 1)",
        ),
        ({"optimizer": {"name": "sgd", "learning_rate": "x"}}, "optimizer.learning_rate", "number"),
        ({"optimizer": {"name": "sgd", "beta1": 0.9}}, "optimizer.beta1", "SGD has no 'beta1'"),
        ({"optimizer": {"name": "sgd", "nesterov": True}}, "optimizer", "momentum"),
        ({"schedule": {"name": "cosine"}}, "schedule", "Cosine needs steps"),
        ({"schedule": {"name": "cosine", "steps": 0}}, "schedule.steps", "Cosine steps"),
        ({"compare": {"optimizer": {"name": "adam", "beta1": 2}}}, "compare.optimizer.beta1", "Adam beta1"),
    ],
)
def test_what_cannot_be_is_refused_at_its_control(setup, where, words):
    with pytest.raises(ControlError) as caught:
        complete(setup)
    assert caught.value.control == where
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("setup", "where", "words"),
    [
        ({"layers": [{"units": 512}] * 12}, "layers", "2,000,000"),
        ({"loss": "mse"}, "loss", "for values, but the data have 3 classes"),
        ({"loss": "sigmoid_cross_entropy"}, "loss", "for two classes, but the data have 3 classes"),
        ({"data": {"name": "waves"}, "loss": "softmax_cross_entropy"}, "loss", "the data have values"),
        ({"data": {"name": "upload", "upload": "../../etc/passwd"}}, "data.target", "upload the file again"),
    ],
)
def test_what_does_not_fit_together_is_refused_at_its_control(setup, where, words):
    with pytest.raises(ControlError) as caught:
        Desk(setup)
    assert caught.value.control == where
    assert words in str(caught.value)


def test_the_catalogue_is_json_and_holds_all_that_is_registered():
    told = json.loads(text(catalogue()))
    names = {key: [entry["name"] for entry in told[key]] for key in told if isinstance(told[key], list)}
    assert set(names["optimizers"]) == set(OPTIMIZERS) - {"lbfgs"}
    assert set(names["activations"]) == set(table("activation")[1])
    assert set(names["schedules"]) == set(table("schedule")[1])
    assert {table("initializer")[1][name] for name in names["initializers"]} == {
        cls for name, cls in table("initializer")[1].items() if name != "constant"
    }
    assert set(names["data"]) == {n for n, line in DESCRIPTIONS.items() if line.source != "download"}
    assert set(names["losses"]) <= set(table("loss")[1])
    assert told["limits"] == LIMITS
    for entry in told["optimizers"]:
        assert [p["name"] for p in entry["parameters"]] == list(rules_of(OPTIMIZERS[entry["name"]]))
        assert entry["formula"]


@pytest.mark.parametrize("kind", ["optimizers", "schedules", "activations", "initializers", "losses", "data"])
def test_everything_in_the_catalogue_can_be_set_up_and_trained(kind):
    for entry in catalogue()[kind]:
        name = entry["name"]
        values = {p["name"]: p["default"] for p in entry.get("parameters", ()) if p["default"] is not None}
        task = LOSSES[name].task if kind == "losses" else None
        data = {"values": "waves", "binary": "moons"}.get(task, "spiral")
        setup = {
            "optimizers": {"optimizer": {"name": name, **values}},
            "schedules": {"schedule": {"name": name, **values}},
            "activations": {"layers": [{"units": 4, "activation": name, "batch_norm": True, "dropout": 0.5}]},
            "initializers": {"layers": [{"units": 4, "initializer": name}]},
            "losses": {"loss": name, "data": {"name": data}},
            "data": {"data": {"name": name, **values}},
        }[kind]
        desk = Desk({"stop": {"epochs": 2}, "batch_size": 64, **setup})
        desk.one_epoch()
        assert desk.run.position == (1, 0)
        assert math.isfinite(desk.run.training.history["loss"][0])
        assert desk.ready()["kind"] == (entry["kind"] if kind == "data" else desk.problem.kind)


def test_nothing_that_is_not_finite_reaches_the_page():
    assert plain({"a": [math.nan, math.inf, 1.0], 2: None}) == {"a": [None, None, 1.0], "2": None}
    assert text({"a": math.inf}) == '{"a":null}'
