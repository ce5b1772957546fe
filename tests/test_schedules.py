import json
import math

import numpy as np
import pytest

from glassnet import schedules
from glassnet.errors import HyperparameterError
from glassnet.hyperparameters import rules_of
from glassnet.registry import from_config, resolve
from glassnet.schedules import (
    Constant,
    Cosine,
    Exponential,
    InverseTime,
    OneCycle,
    Polynomial,
    Schedule,
    StepDecay,
)

ALL = [
    Constant(0.3),
    InverseTime(0.3, decay=0.01),
    StepDecay(0.3, every=7, factor=0.1),
    Exponential(0.3, decay=0.99),
    Polynomial(0.3, steps=50, power=2.0),
    Polynomial(0.01, final=0.3, steps=50),
    Cosine(0.3, steps=50),
    Cosine(0.3, steps=50, warmup=10, final=0.01),
    Cosine(0.3, steps=20, warmup=5, restarts=3, period_factor=1.5, peak_factor=0.5, final=0.001),
    OneCycle(0.3, steps=50),
]
STEPS = [0, 1, 2, 3, 5, 10, 49, 50, 51, 1000, 10**6, 10**9, 10**18]


def test_every_registered_schedule_is_tested():
    assert {type(schedule) for schedule in ALL} == set(schedules.BY_NAME.values())


def test_short_names():
    names = {
        "constant": Constant,
        "inverse_time": InverseTime,
        "step": StepDecay,
        "exponential": Exponential,
        "polynomial": Polynomial,
        "cosine": Cosine,
        "one_cycle": OneCycle,
    }
    assert names == schedules.BY_NAME
    assert set(schedules.__all__) == {"BY_NAME", "Schedule"} | {
        c.__name__ for c in schedules.BY_NAME.values()
    }


# -- values worked by hand ----------------------------------------------------------------------


def test_constant():
    assert [Constant(0.1)(step) for step in (0, 7, 10**9)] == [0.1, 0.1, 0.1]


def test_inverse_time():
    schedule = InverseTime(1.0, decay=1e-3)
    assert schedule(0) == 1.0
    assert schedule(1) == pytest.approx(1 / 1.001, rel=1e-15)
    assert schedule(1000) == 0.5
    assert schedule(3000) == 0.25
    assert InverseTime(0.2, decay=0)(12345) == 0.2


def test_step_decay():
    schedule = StepDecay(1.0, every=3, factor=0.5)
    assert [schedule(step) for step in range(8)] == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_exponential():
    schedule = Exponential(2.0, decay=0.5)
    assert [schedule(step) for step in range(4)] == [2, 1, 0.5, 0.25]
    assert Exponential(2.0, decay=0.5 ** (1 / 10))(10) == pytest.approx(1.0)


def test_polynomial():
    schedule = Polynomial(1.0, final=0.2, steps=4, power=2)
    expected = [1.0, 0.2 + 0.8 * 9 / 16, 0.4, 0.2 + 0.8 / 16, 0.2, 0.2]
    assert [schedule(step) for step in range(6)] == pytest.approx(expected, rel=1e-15)


def test_polynomial_rises_to_a_higher_final_rate():
    assert [Polynomial(0.1, final=0.5, steps=4)(step) for step in (0, 2, 4, 9)] == pytest.approx(
        [0.1, 0.3, 0.5, 0.5]
    )


def test_cosine():
    schedule = Cosine(1.0, steps=4, final=0.2)
    middle = 0.4 * math.cos(math.pi / 4)
    assert [schedule(step) for step in range(6)] == pytest.approx(
        [1, 0.6 + middle, 0.6, 0.6 - middle, 0.2, 0.2]
    )


def test_cosine_warms_up_in_a_straight_line_to_the_start_of_the_cosine():
    schedule = Cosine(1.0, steps=14, warmup=4)
    assert [schedule(step) for step in range(5)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    plain = Cosine(1.0, steps=10)
    assert [schedule(step + 4) for step in range(20)] == [plain(step) for step in range(20)]


def test_cosine_restarts_with_longer_and_lower_periods():
    schedule = Cosine(1.0, steps=10, restarts=2, period_factor=2, peak_factor=0.5, final=0.2)
    starts, peaks, middles = [0, 10, 30], [1.0, 0.6, 0.4], [5, 20, 50]
    assert [schedule(step) for step in starts] == pytest.approx(peaks)
    assert [schedule(step) for step in middles] == pytest.approx([0.2 + (p - 0.2) / 2 for p in peaks])
    assert [schedule(step) for step in (70, 71, 10**9)] == [0.2, 0.2, 0.2]
    assert schedule(9) < schedule(10) > schedule(11)
    assert schedule(69) > 0.2


def test_cosine_restarts_are_periodic_without_factors():
    schedule = Cosine(0.1, steps=23, warmup=3, restarts=10)
    for step in range(3, 200):
        assert schedule(step) == schedule(step + 20)
    assert schedule(3 + 11 * 20) == 0.0


def test_cosine_allows_periods_of_broken_length():
    schedule = Cosine(1.0, steps=3, restarts=1, period_factor=1.5)
    assert schedule(3) == 1.0
    assert schedule(7) == pytest.approx((1 + math.cos(math.pi * 4 / 4.5)) / 2)
    assert schedule(8) == 0.0


def test_one_cycle_at_its_corners():
    schedule = OneCycle(1.0, steps=100)
    assert schedule(0) == 1 / 25
    assert schedule(29) == 1.0
    assert schedule(99) == 1 / 25 / 1e4
    assert schedule(100) == schedule(10**9) == 1 / 25 / 1e4


@pytest.mark.parametrize("steps", [10, 33, 100, 1001])
@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.85])
def test_one_cycle_against_piecewise_interpolation(steps, fraction):
    schedule = OneCycle(0.2, steps=steps, warmup_fraction=fraction, initial_divisor=10, final_divisor=100)
    corners = [0.0, fraction * steps - 1, steps - 1.0]
    time = np.arange(steps)
    phase = np.interp(time, corners, [0.0, 1.0, 2.0])  # 0..1 rises, 1..2 falls
    share = (1 - np.cos(np.pi * phase)) / 2
    low = np.where(phase <= 1, 0.02, 0.0002)
    expected = low + (0.2 - low) * share
    np.testing.assert_allclose([schedule(int(t)) for t in time], expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_one_cycle_of_a_few_steps(steps):
    rates = [OneCycle(1.0, steps=steps)(step) for step in range(5)]
    assert rates[steps - 1] == 1 / 25 / 1e4
    if steps > 1:
        assert rates[0] == 1.0  # no room to rise


# -- what holds for all -------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", ALL, ids=repr)
def test_rates_are_plain_finite_floats_for_all_steps(schedule):
    for step in STEPS:
        rate = schedule(step)
        assert type(rate) is float
        assert math.isfinite(rate)
        assert 0 <= rate <= 0.3 * (1 + 1e-15)


@pytest.mark.parametrize("schedule", ALL, ids=repr)
def test_rates_depend_on_the_step_alone(schedule):
    forwards = [schedule(step) for step in range(120)]
    assert [schedule(step) for step in reversed(range(120))] == forwards[::-1]


@pytest.mark.parametrize("schedule", ALL, ids=repr)
def test_numpy_steps_give_the_same_plain_floats(schedule):
    for step in (0, 4, 60):
        rate = schedule(np.int64(step))
        assert type(rate) is float
        assert rate == schedule(step)


@pytest.mark.parametrize("schedule", ALL, ids=repr)
def test_config_round_trip(schedule):
    config = json.loads(json.dumps(schedule.config()))
    assert from_config("schedule", config) == schedule


@pytest.mark.parametrize("schedule", ALL, ids=repr)
def test_objects_resolve_to_themselves(schedule):
    assert resolve("schedule", schedule) is schedule


# -- errors -------------------------------------------------------------------------------------


def _bad_values():
    for schedule in ALL:
        for name, (_, rule) in rules_of(type(schedule)).items():
            interval = rule.interval
            outside = [math.nan, math.inf, -math.inf, "much", None, interval.low - 1]
            outside += [interval.low] if interval.closed not in ("left", "both") else []
            outside += [interval.high + 1] if math.isfinite(interval.high) else []
            outside += [interval.low + 0.5] if interval.integer else []
            for value in outside:
                yield pytest.param(schedule, name, value, id=f"{type(schedule).__name__}-{name}-{value}")


@pytest.mark.parametrize(("schedule", "name", "value"), list(_bad_values()))
def test_values_out_of_range_are_named(schedule, name, value):
    arguments = {key: item for key, item in schedule.config().items() if key != "class"}
    with pytest.raises(HyperparameterError, match=rf"{type(schedule).__name__} {name} must"):
        type(schedule)(**{**arguments, name: value})


def test_warmup_must_leave_steps_for_the_cosine():
    with pytest.raises(HyperparameterError, match=r"warmup must lie below steps.*warmup=10, steps=10"):
        Cosine(0.1, steps=10, warmup=10)


def test_a_name_alone_is_not_enough():
    with pytest.raises(HyperparameterError, match=r"without a default; pass the object, Cosine\(\.\.\.\)"):
        resolve("schedule", "cosine")


def test_all_but_the_first_hyperparameter_go_by_name():
    with pytest.raises(TypeError):
        StepDecay(0.1, 10, 0.5)


def test_base_class_says_what_to_define():
    with pytest.raises(NotImplementedError, match="__call__"):
        Schedule()(0)
