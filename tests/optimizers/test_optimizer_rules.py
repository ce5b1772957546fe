"""Every rule against its paper's equations, written out plainly and not in place."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from glassnet.optimizers import (
    ALIASES,
    BY_NAME,
    LBFGS,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    AMSGrad,
    Lion,
    NAdam,
    RAdam,
    RMSprop,
)
from glassnet.schedules import Schedule

# Each oracle returns a function (gradient, rate, t) -> what is subtracted at update t = 1, 2, ...


def plain():
    return lambda g, lr, t: lr * g


def momentum(beta):
    """The form of scikit-learn's MLP: the update is added, and the velocity holds the rate."""
    velocity = 0.0

    def rule(g, lr, t):
        nonlocal velocity
        velocity = beta * velocity - lr * g
        return -velocity

    return rule


def nesterov(beta):
    velocity = 0.0

    def rule(g, lr, t):
        nonlocal velocity
        velocity = beta * velocity - lr * g
        return -(beta * velocity - lr * g)

    return rule


def averaged(beta):
    past = []

    def rule(g, lr, t):
        past.append(g)
        return lr * sum((1 - beta) * beta ** (t - 1 - i) * old for i, old in enumerate(past))

    return rule


def adagrad(eps, first):
    past = []

    def rule(g, lr, t):
        past.append(g)
        return lr * g / (np.sqrt(first + sum(old**2 for old in past)) + eps)

    return rule


def adadelta(rho, eps):
    s, d = 0.0, 0.0

    def rule(g, lr, t):
        nonlocal s, d
        s = rho * s + (1 - rho) * g**2
        step = np.sqrt(d + eps) / np.sqrt(s + eps) * g
        d = rho * d + (1 - rho) * step**2
        return lr * step

    return rule


def rmsprop(rho, eps, beta=0.0, centered=False):
    s, m, v = 0.0, 0.0, 0.0

    def rule(g, lr, t):
        nonlocal s, m, v
        s = rho * s + (1 - rho) * g**2
        m = rho * m + (1 - rho) * g
        spread = s - m**2 if centered else s
        v = beta * v + lr * g / (np.sqrt(spread) + eps)
        return v

    return rule


def means(beta, past):
    """The bias-corrected mean as a weighted sum over the whole past."""
    weights = [(1 - beta) * beta ** (len(past) - 1 - i) for i in range(len(past))]
    return sum(w * x for w, x in zip(weights, past, strict=True)) / (1 - beta ** len(past))


def adam(b1, b2, eps):
    past = []

    def rule(g, lr, t):
        past.append(g)
        return lr * means(b1, past) / (np.sqrt(means(b2, [x**2 for x in past])) + eps)

    return rule


def adam_uncorrected(b1, b2, eps):
    """The form of scikit-learn and TensorFlow."""
    m, v = 0.0, 0.0

    def rule(g, lr, t):
        nonlocal m, v
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        return lr * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + eps)

    return rule


def amsgrad(b1, b2, eps):
    past, v, most = [], 0.0, 0.0

    def rule(g, lr, t):
        nonlocal v, most
        past.append(g)
        v = b2 * v + (1 - b2) * g**2
        most = np.maximum(most, v)
        return lr * means(b1, past) / (np.sqrt(most / (1 - b2**t)) + eps)

    return rule


def adamax(b1, b2, eps):
    past = []

    def rule(g, lr, t):
        past.append(g)
        u = np.max([b2 ** (t - 1 - i) * (abs(old) + eps) for i, old in enumerate(past)], axis=0)
        return lr * means(b1, past) / u

    return rule


def nadam(b1, b2, eps, decay):
    past = []

    def mu(t):
        return b1 * (1 - 0.5 * 0.96 ** (t * decay))

    def rule(g, lr, t):
        past.append(g)
        m = means(b1, past) * (1 - b1**t)
        now = math.prod(mu(i) for i in range(1, t + 1))
        numerator = (1 - mu(t)) * g / (1 - now) + mu(t + 1) * m / (1 - now * mu(t + 1))
        return lr * numerator / (np.sqrt(means(b2, [x**2 for x in past])) + eps)

    return rule


def radam(b1, b2, eps):
    past = []

    def rule(g, lr, t):
        past.append(g)
        most = 2 / (1 - b2) - 1
        n = most - 2 * t * b2**t / (1 - b2**t)
        m = means(b1, past)
        if n <= 5:
            return lr * m
        r = np.sqrt((n - 4) * (n - 2) * most / ((most - 4) * (most - 2) * n))
        root = np.sqrt(means(b2, [x**2 for x in past]) * (1 - b2**t))
        return lr * r * m * np.sqrt(1 - b2**t) / (root + eps)

    return rule


def lion(b1, b2):
    m = 0.0

    def rule(g, lr, t):
        nonlocal m
        direction = np.sign(b1 * m + (1 - b1) * g)
        m = b2 * m + (1 - b2) * g
        return lr * direction

    return rule


# name -> (class, hyperparameters, oracle)
CASES = {
    "sgd": (SGD, {}, plain),
    "momentum": (SGD, {"momentum": 0.9}, lambda: momentum(0.9)),
    "nesterov": (SGD, {"momentum": 0.9, "nesterov": True}, lambda: nesterov(0.9)),
    "averaged": (SGD, {"momentum": 0.8, "averaged": True}, lambda: averaged(0.8)),
    "adagrad": (Adagrad, {}, lambda: adagrad(1e-7, 0)),
    "adagrad-warm": (Adagrad, {"epsilon": 0.01, "initial_accumulator": 0.1}, lambda: adagrad(0.01, 0.1)),
    "adadelta": (Adadelta, {}, lambda: adadelta(0.95, 1e-6)),
    "adadelta-0.8": (Adadelta, {"rho": 0.8, "epsilon": 1e-3}, lambda: adadelta(0.8, 1e-3)),
    "rmsprop": (RMSprop, {}, lambda: rmsprop(0.9, 1e-8)),
    "rmsprop-momentum": (RMSprop, {"momentum": 0.7}, lambda: rmsprop(0.9, 1e-8, 0.7)),
    "rmsprop-centered": (
        RMSprop,
        {"centered": True, "rho": 0.95},
        lambda: rmsprop(0.95, 1e-8, centered=True),
    ),
    "rmsprop-both": (
        RMSprop,
        {"centered": True, "momentum": 0.7, "epsilon": 1e-3},
        lambda: rmsprop(0.9, 1e-3, 0.7, True),
    ),
    "adam": (Adam, {}, lambda: adam(0.9, 0.999, 1e-8)),
    "adam-no-memory": (Adam, {"beta1": 0, "beta2": 0}, lambda: adam(0, 0, 1e-8)),
    "adam-epsilon": (Adam, {"beta1": 0.8, "beta2": 0.95, "epsilon": 0.1}, lambda: adam(0.8, 0.95, 0.1)),
    "adam-uncorrected": (
        Adam,
        {"epsilon": 0.1, "uncorrected_epsilon": True},
        lambda: adam_uncorrected(0.9, 0.999, 0.1),
    ),
    "adamw": (AdamW, {}, lambda: adam(0.9, 0.999, 1e-8)),
    "amsgrad": (AMSGrad, {}, lambda: amsgrad(0.9, 0.999, 1e-8)),
    "amsgrad-0.7": (AMSGrad, {"beta2": 0.7, "epsilon": 0.1}, lambda: amsgrad(0.9, 0.7, 0.1)),
    "adamax": (Adamax, {}, lambda: adamax(0.9, 0.999, 1e-8)),
    "adamax-0.7": (Adamax, {"beta2": 0.7, "epsilon": 0.1}, lambda: adamax(0.9, 0.7, 0.1)),
    "nadam": (NAdam, {}, lambda: nadam(0.9, 0.999, 1e-8, 0.004)),
    "nadam-fast": (
        NAdam,
        {"beta1": 0.8, "epsilon": 0.1, "momentum_decay": 0.5},
        lambda: nadam(0.8, 0.999, 0.1, 0.5),
    ),
    "radam": (RAdam, {}, lambda: radam(0.9, 0.999, 1e-8)),
    "radam-0.9": (RAdam, {"beta2": 0.9, "epsilon": 0.1}, lambda: radam(0.9, 0.9, 0.1)),
    "radam-never": (RAdam, {"beta2": 0.5}, lambda: radam(0.9, 0.5, 1e-8)),
    "lion": (Lion, {}, lambda: lion(0.9, 0.99)),
    "lion-0.5": (Lion, {"beta1": 0.5, "beta2": 0.7}, lambda: lion(0.5, 0.7)),
}


@dataclass(frozen=True)
class Falling(Schedule):
    """A rate that jumps about, so that where it enters the velocity shows."""

    first: float = 0.1

    def __call__(self, step: int) -> float:
        return self.first * (0.2, 1.0, 0.05, 0.6)[step % 4] / (1 + step)


def expected(rule, start, gradients, rate, decay, decaying, clip_norm=None, clip_value=None):
    p, is_weight = start, np.arange(start.size) < decaying
    for t, g in enumerate(gradients, 1):
        lr = rate(t - 1) if callable(rate) else rate
        if clip_value is not None:
            g = np.where(abs(g) > clip_value, np.copysign(clip_value, g), g)
        if clip_norm is not None:
            g = g * min(1.0, clip_norm / np.sqrt(np.sum(g**2)))
        p = np.where(is_weight, p - lr * decay * p, p)
        p = p - rule(g, lr, t)
    return p


def reached(optimizer, start, gradients, decaying, dtype=np.float64):
    values = start.astype(dtype)
    state = optimizer.create_state(values, decaying)
    for g in gradients:
        optimizer.update(values, g.astype(dtype), state)
    assert values.dtype == dtype
    assert all(slot.dtype == dtype for slot in state.slots.values())
    assert state.step == len(gradients)
    return values


def data(steps, size=40):
    generator = np.random.default_rng(7)
    scale = 10.0 ** generator.uniform(-3, 2, size)
    return generator.normal(size=size), generator.normal(size=(steps, size)) * scale


def test_every_registered_optimizer_has_an_oracle():
    tested = {case[0] for case in CASES.values()}
    assert tested | {LBFGS} == set(BY_NAME.values()), "add an oracle for the new optimiser to CASES"
    assert {name: make() for name, make in ALIASES.items()} == {
        name: CASES[name][0](**CASES[name][1]) for name in ALIASES
    }


@pytest.mark.parametrize("steps", [1, 10])
@pytest.mark.parametrize("name", CASES)
class TestRule:
    def check(self, name, steps, rate=0.1, decay=None, **clipping):
        cls, hyperparameters, oracle = CASES[name]
        start, gradients = data(steps)
        decay = cls().weight_decay if decay is None else decay
        optimizer = cls(rate, weight_decay=decay, **hyperparameters, **clipping)
        want = expected(oracle(), start, gradients, rate, decay, 25, **clipping)
        np.testing.assert_allclose(reached(optimizer, start, gradients, 25), want, rtol=1e-12, atol=1e-12)
        return optimizer, start, gradients, want

    def test_constant_rate(self, name, steps):
        self.check(name, steps)

    def test_default_rate(self, name, steps):
        self.check(name, steps, CASES[name][0]().learning_rate)

    def test_schedule(self, name, steps):
        self.check(name, steps, Falling())

    def test_weight_decay_spares_what_does_not_decay(self, name, steps):
        self.check(name, steps, Falling(), 0.3)

    def test_clipping(self, name, steps):
        self.check(name, steps, clip_norm=3.0)
        self.check(name, steps, clip_value=0.5)
        self.check(name, steps, Falling(), 0.1, clip_norm=2.0, clip_value=0.5)

    def test_float32(self, name, steps):
        optimizer, start, gradients, want = self.check(name, steps, Falling(), 0.3)
        got = reached(optimizer, start, gradients, 25, np.float32)
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", CASES)
def test_more_than_one_chunk(name):
    cls, hyperparameters, oracle = CASES[name]
    start, gradients = data(3, size=70_001)
    got = reached(cls(0.1, weight_decay=0.2, **hyperparameters), start, gradients, 50_000)
    want = expected(oracle(), start, gradients, 0.1, 0.2, 50_000)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [0, 1])
def test_tiny_arrays(name, size):
    cls, hyperparameters, oracle = CASES[name]
    start, gradients = data(5, size=size)
    got = reached(cls(0.1, **hyperparameters, clip_norm=1.0), start, gradients, size)
    want = start.copy()
    if size:
        want = expected(oracle(), start, gradients, 0.1, cls().weight_decay, size, clip_norm=1.0)
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zero_gradients_move_nothing(name, dtype):
    cls, hyperparameters, _ = CASES[name]
    start, _ = data(0)
    optimizer = cls(0.1, weight_decay=0.0, clip_norm=1.0, **hyperparameters)
    got = reached(optimizer, start, np.zeros((200, start.size)), start.size, dtype)
    np.testing.assert_array_equal(got, start.astype(dtype))


@pytest.mark.parametrize("name", CASES)
def test_nan_gradient_shows_in_its_own_parameter_alone(name):
    cls, hyperparameters, _ = CASES[name]
    start, gradients = data(1)
    gradients[0, 3] = np.nan
    got = reached(cls(0.1, **hyperparameters, clip_norm=1e6, clip_value=1e6), start, gradients, 0)
    assert np.flatnonzero(np.isnan(got)).tolist() == [3]


RATES = {SGD: 0.05, Adagrad: 0.5, Adadelta: 100.0, Lion: 0.01}


@pytest.mark.parametrize("name", CASES)
def test_quadratic_bowl(name):
    cls, hyperparameters, _ = CASES[name]
    curvature = np.array([1.0, 5.0, 10.0])
    values = np.array([1.0, -1.0, 0.5])
    steps = 2000
    rate = Cooling(RATES.get(cls, 0.02), steps)
    optimizer = cls(rate, weight_decay=0.0, **hyperparameters)
    state = optimizer.create_state(values)
    for _ in range(steps):
        optimizer.update(values, curvature * values, state)
    assert np.abs(values).max() < 1e-2


@dataclass(frozen=True)
class Cooling(Schedule):
    initial: float
    steps: int

    def __call__(self, step: int) -> float:
        return self.initial * (1 - step / self.steps)
