"""State, clipping, decay, names, hyperparameters: what all optimisers share."""

import copy
import math
import pickle
import warnings
from dataclasses import FrozenInstanceError, dataclass, fields

import numpy as np
import pytest

from glassnet.errors import HyperparameterError, ShapeError
from glassnet.hyperparameters import rules_of
from glassnet.optimizers import ALIASES, BY_NAME, LBFGS, SGD, Adam, AdamW, NAdam, Optimizer, RAdam
from glassnet.optimizers.base import CHUNK, FLUSH_EVERY, chunks, clip_to_norm
from glassnet.registry import from_config, resolve
from glassnet.schedules import Schedule

RULES = {name: cls for name, cls in BY_NAME.items() if cls is not LBFGS}


@dataclass(frozen=True)
class Doubling(Schedule):
    def __call__(self, step: int) -> float:
        return np.float64(2.0**step)


def outside(rule):
    """Yield values that the declared rule forbids."""
    if not rule.optional:
        yield None
    yield "no such thing"
    if rule.flag:
        yield from (1, 0.0)
    if rule.interval is not None:
        low, high, closed = rule.interval.low, rule.interval.high, rule.interval.closed
        yield from (math.nan, math.inf, -math.inf, True, [0.5])
        if math.isfinite(low):
            yield low - 1
            yield math.nextafter(low, -math.inf) if closed in ("left", "both") else low
        if math.isfinite(high):
            yield high + 1
            yield math.nextafter(high, math.inf) if closed in ("right", "both") else high
        if rule.interval.integer:
            yield 1.5


BAD = [
    pytest.param(cls, field, value, id=f"{name}-{field}-{value!r}")
    for name, cls in BY_NAME.items()
    for field, (_, rule) in rules_of(cls).items()
    for value in outside(rule)
]


class TestHyperparameters:
    @pytest.mark.parametrize(("cls", "field", "value"), BAD)
    def test_bad_value(self, cls, field, value):
        with pytest.raises(HyperparameterError, match=rf"{cls.__name__} {field}|Unknown schedule"):
            cls(**{field: value})

    def test_every_declared_field_has_a_rule(self):
        for cls in BY_NAME.values():
            assert {f.name for f in fields(cls) if f.init} == set(rules_of(cls))

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"nesterov": True}, "nesterov needs momentum above 0, got momentum=0; try momentum=0.9"),
            ({"averaged": True}, "averaged needs momentum above 0"),
            ({"momentum": 0.9, "nesterov": True, "averaged": True}, "nesterov and averaged exclude"),
        ],
    )
    def test_sgd_options_that_do_not_go_together(self, options, message):
        with pytest.raises(HyperparameterError, match=message):
            SGD(**options)

    @pytest.mark.parametrize("cls", BY_NAME.values())
    def test_frozen(self, cls):
        with pytest.raises(FrozenInstanceError):
            cls().learning_rate = 1.0

    @pytest.mark.parametrize("name", BY_NAME)
    def test_config_round_trip(self, name):
        optimizer = BY_NAME[name]()
        assert from_config("optimizer", optimizer.config()) == optimizer

    def test_config_keeps_what_was_chosen(self):
        optimizer = SGD(0.2, momentum=0.5, nesterov=True, weight_decay=0.1, clip_norm=1, clip_value=2)
        assert from_config("optimizer", optimizer.config()) == optimizer

    def test_documented_defaults(self):
        rates = {name: cls().learning_rate for name, cls in RULES.items()}
        ours = {"sgd": 0.01, "adagrad": 0.01, "adadelta": 1.0, "adamax": 0.002, "nadam": 0.002, "lion": 1e-4}
        assert rates == {name: ours.get(name, 0.001) for name in RULES}
        assert {name: cls().weight_decay for name, cls in RULES.items() if cls().weight_decay} == {
            "adamw": 0.01
        }


class TestNames:
    @pytest.mark.parametrize("name", BY_NAME)
    def test_name_gives_the_default_object(self, name):
        assert resolve("optimizer", name) == BY_NAME[name]()

    def test_aliases(self):
        assert resolve("optimizer", "momentum") == SGD(momentum=0.9)
        assert resolve("optimizer", "nesterov") == SGD(momentum=0.9, nesterov=True)
        for make in ALIASES.values():
            assert from_config("optimizer", make().config()) == make()

    def test_unknown_name_lists_aliases_too(self):
        with pytest.raises(HyperparameterError, match=r"Did you mean 'nesterov'\?.*adam.*momentum"):
            resolve("optimizer", "nestrov")
        with pytest.raises(HyperparameterError, match=r"one of .*momentum.*; got 3"):
            resolve("optimizer", 3)


class TestState:
    @pytest.mark.parametrize("cls", RULES.values())
    def test_fresh_state(self, cls):
        values = np.ones(7, np.float32)
        state = cls().create_state(values, decaying=4)
        assert (state.step, state.learning_rate_factor, state.decaying) == (0, 1.0, 4)
        assert list(state.slots) == list(cls().slots)
        for slot in state.slots.values():
            assert slot.shape == values.shape
            assert slot.dtype == values.dtype
        assert cls().create_state(values).decaying == 7

    def test_sgd_keeps_nothing_without_momentum(self):
        assert SGD().create_state(np.ones(3)).slots == {}
        assert set(SGD(momentum=0.5).create_state(np.ones(3)).slots) == {"velocity"}

    @pytest.mark.parametrize("cls", RULES.values())
    def test_one_optimizer_many_networks(self, cls):
        generator = np.random.default_rng(0)
        optimizer, gradients = cls(), generator.normal(size=(5, 2, 6))
        together = [np.ones(6), np.ones(6)]
        states = [optimizer.create_state(v) for v in together]
        for pair in gradients:
            for values, gradient, state in zip(together, pair, states, strict=True):
                optimizer.update(values, gradient.copy(), state)
        for which, values in enumerate(together):
            alone = np.ones(6)
            state = optimizer.create_state(alone)
            for pair in gradients:
                optimizer.update(alone, pair[which].copy(), state)
            np.testing.assert_array_equal(alone, values)

    @pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
    @pytest.mark.parametrize("cls", RULES.values())
    def test_a_copied_state_goes_on_alike(self, cls, duplicate):
        optimizer, values = cls(), np.linspace(-1, 1, 6)
        state = optimizer.create_state(values)
        for _ in range(8):
            optimizer.update(values, values.copy(), state)
        other_values, other = values.copy(), duplicate(state)
        for _ in range(3):
            optimizer.update(values, values.copy(), state)
        for _ in range(3):
            optimizer.update(other_values, other_values.copy(), other)
        np.testing.assert_array_equal(values, other_values)
        assert other.scalars == state.scalars

    def test_nadam_carries_its_product(self):
        optimizer, values = NAdam(), np.ones(2)
        state = optimizer.create_state(values)
        for _ in range(3):
            optimizer.update(values, np.ones(2), state)
        product = optimizer.momentum_at(1) * optimizer.momentum_at(2) * optimizer.momentum_at(3)
        assert state.scalars == {"momentum_product": pytest.approx(product, rel=1e-15)}
        assert optimizer.create_state(values).scalars == {"momentum_product": 1.0}

    def test_radam_waits_five_updates(self):
        factors = [RAdam().rectification_at(t) for t in (1, 5, 6, 100_000)]
        assert factors[:2] == [0.0, 0.0]
        assert 0 < factors[2] < 0.1
        assert factors[3] == pytest.approx(1, abs=1e-6)


class TestUpdate:
    def test_schedule_sees_steps_from_zero(self):
        optimizer, values = SGD(Doubling()), np.zeros(1)
        state = optimizer.create_state(values)
        for total in (-1.0, -3.0, -7.0):
            optimizer.update(values, np.ones(1), state)
            assert values[0] == total
        assert optimizer.rate_at(3) == 8.0
        assert type(optimizer.rate_at(3)) is float

    def test_factor_scales_rate_and_decay(self):
        optimizer, values = SGD(0.5, weight_decay=0.2), np.array([1.0, 1.0])
        state = optimizer.create_state(values, decaying=1)
        state.learning_rate_factor = 0.1
        optimizer.update(values, np.array([2.0, 2.0]), state)
        np.testing.assert_allclose(values, [0.99 - 0.1, 1 - 0.1], rtol=1e-15)

    def test_adamw_is_adam_with_decay(self):
        ends = []
        for optimizer in (AdamW(0.1), Adam(0.1, weight_decay=0.01)):
            values = np.ones(3)
            optimizer.update(values, np.ones(3), optimizer.create_state(values))
            ends.append(values)
        np.testing.assert_array_equal(*ends)

    @pytest.mark.parametrize(
        ("values", "gradients"), [((2, 2), (2, 2)), ((4,), (3,)), ((4,), (1,)), ((4,), (4, 1)), ((), ())]
    )
    def test_arrays_that_do_not_fit(self, values, gradients):
        optimizer = SGD()
        state = optimizer.create_state(np.zeros(4))
        with pytest.raises(ShapeError, match="flat arrays of equal length"):
            optimizer.update(np.zeros(values), np.zeros(gradients), state)

    def test_state_of_other_parameters(self):
        optimizer = Adam()
        with pytest.raises(ShapeError, match=r"mean has shape \(9,\) but the values have \(4,\)"):
            optimizer.update(np.zeros(4), np.zeros(4), optimizer.create_state(np.zeros(9)))

    def test_a_rule_of_ones_own(self):
        @dataclass(frozen=True)
        class SignDescent(Optimizer):
            def apply(self, values, gradients, state, learning_rate):
                values -= learning_rate * np.sign(gradients)

        values = np.zeros(2)
        optimizer = SignDescent(0.5, clip_norm=1.0)
        optimizer.update(values, np.array([3.0, -4.0]), optimizer.create_state(values))
        assert values.tolist() == [-0.5, 0.5]
        assert resolve("optimizer", optimizer) is optimizer

    def test_a_rule_that_is_missing(self):
        with pytest.raises(NotImplementedError, match="Optimizer must define apply"):
            Optimizer().update(np.zeros(1), np.zeros(1), Optimizer().create_state(np.zeros(1)))


class TestClipping:
    def test_norm_above_the_limit(self):
        gradients = np.array([3.0, -4.0])
        clip_to_norm(gradients, 1.0)
        np.testing.assert_allclose(gradients, [0.6, -0.8], rtol=1e-15)

    def test_norm_below_the_limit_changes_nothing(self):
        gradients = np.array([3.0, -4.0])
        clip_to_norm(gradients, 5.0)
        assert gradients.tolist() == [3.0, -4.0]

    @pytest.mark.parametrize(("limit", "norm"), [(1.0, 1.0), (2e30, 2e30), (1e35, 5e30)])
    def test_squares_that_overflow(self, limit, norm):
        gradients = np.array([3e30, -4e30], np.float32)
        clip_to_norm(gradients, limit)
        np.testing.assert_allclose(gradients, np.array([0.6, -0.8]) * norm, rtol=1e-6)

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_what_is_not_finite_stays(self, bad):
        gradients = np.array([3.0, bad, 1.0], np.float32)
        clip_to_norm(gradients, 1.0)
        np.testing.assert_array_equal(gradients, np.array([3.0, bad, 1.0], np.float32))

    def test_value_before_norm(self):
        optimizer, values = SGD(1.0, clip_value=3.0, clip_norm=1.0), np.zeros(2)
        gradients = np.array([300.0, -3.0])
        optimizer.update(values, gradients, optimizer.create_state(values))
        np.testing.assert_allclose(values, [-math.sqrt(0.5), math.sqrt(0.5)], rtol=1e-15)
        np.testing.assert_allclose(gradients, -values, rtol=1e-15)


class TestChunks:
    @pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
    def test_every_element_once(self, size):
        work = np.empty((1, min(size, CHUNK)))
        first, second, empty = np.zeros(size), np.zeros(size), np.zeros(0)
        for a, b, nothing, scratch in chunks(first, second, empty, scratch=work):
            a += 1
            b += 2
            assert a.shape == b.shape == scratch.shape
            assert np.shares_memory(scratch, work) or size == 0
            assert nothing.size == 0
        assert (first == 1).all()
        assert (second == 2).all()

    def test_scratch_may_be_longer(self):
        ((a, scratch),) = chunks(np.zeros(3), scratch=np.empty((1, 10)))
        assert a.shape == scratch.shape

    @pytest.mark.parametrize(("size", "chunk"), [(0, 0), (5, 5), (CHUNK + 1, CHUNK)])
    def test_a_state_has_two_work_arrays_in_one(self, size, chunk, monkeypatch):
        monkeypatch.setattr("glassnet.optimizers.base.chosen", lambda: "numpy")  # compiled rules need none
        values = np.zeros(size, np.float32)
        scratch = SGD().create_state(values).scratch
        assert scratch.shape == (2, chunk)
        assert scratch.dtype == values.dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["adam", "momentum", "nadam", "lion", "rmsprop"])
def test_memory_of_dead_units_does_not_linger_as_subnormals(name, dtype):
    optimizer, values = resolve("optimizer", name), np.zeros(4, dtype)
    state = optimizer.create_state(values)
    smallest = np.finfo(dtype).tiny
    for name, slot in state.slots.items():
        sign = -1 if name in ("mean", "velocity") else 1
        slot[:] = [smallest / 4, sign * smallest / 4, 1.0, sign * smallest * 1e9]
    state.step = FLUSH_EVERY - 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.update(values, np.zeros(4, dtype), state)
    for slot in state.slots.values():
        assert slot[:2].tolist() == [0, 0]
        assert slot[2] > 0.8
        assert abs(slot[3]) == pytest.approx(smallest * 1e9, rel=0.2)
