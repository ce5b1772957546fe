"""Every loss by name, as a config, and with hyperparameters out of range."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

from glassnet import losses
from glassnet.errors import HyperparameterError
from glassnet.hyperparameters import rules_of
from glassnet.losses import Loss
from glassnet.registry import from_config, resolve


def test_every_registered_loss_is_in_the_list(all_cases):
    assert {type(case.loss) for case in all_cases} == set(losses.BY_NAME.values())


def test_every_public_loss_is_registered():
    public = {getattr(losses, name) for name in losses.__all__ if name != "BY_NAME"}
    assert public - {Loss} == set(losses.BY_NAME.values())


@pytest.mark.parametrize(("name", "cls"), losses.BY_NAME.items())
def test_a_loss_is_found_by_its_name(name, cls):
    assert type(resolve("loss", name)) is cls


def test_config_round_trip_pickle_and_copy(case):
    config = json.loads(json.dumps(case.loss.config()))
    rebuilt = from_config("loss", config)
    for other in (rebuilt, pickle.loads(pickle.dumps(case.loss)), copy.deepcopy(case.loss)):
        assert other == case.loss
        assert type(other) is type(case.loss)


def bad_values(rule):
    if rule.flag:
        return [2, "yes", None]
    interval = rule.interval
    bad = [np.nan, np.inf, -np.inf, "x", None, True, [0.5]]
    for end, own, outward in (
        (interval.low, ("left", "both"), -1),
        (interval.high, ("right", "both"), 1),
    ):
        if np.isfinite(end):
            bad.append(end + outward)
            if interval.closed not in own:
                bad.append(end)
    return [[value] for value in bad if not isinstance(value, list)] + [0.5, "x", None] if rule.many else bad


def test_hyperparameters_out_of_range_are_refused(cls):
    for name, (_, rule) in rules_of(cls).items():
        for value in bad_values(rule):
            with pytest.raises(HyperparameterError, match=f"{cls.__name__} {name}"):
                cls(**{name: value})


def test_hyperparameters_at_the_ends_that_belong_to_the_range_are_taken(cls):
    for name, (_, rule) in rules_of(cls).items():
        interval = rule.interval
        if rule.flag or rule.many:
            continue
        ends = {"left": [interval.low], "right": [interval.high], "both": [interval.low, interval.high]}
        for end in ends.get(interval.closed, []):
            if np.isfinite(end):
                assert getattr(cls(**{name: end}), name) == end


def test_losses_are_hashable_and_frozen(cls):
    loss = cls()
    assert hash(loss) == hash(cls())
    with pytest.raises(AttributeError):
        loss.anything = 1
