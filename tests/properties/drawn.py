"""What hypothesis draws here: objects of every registered class, networks, losses with their targets.

Hyperparameters are drawn from the rules that the classes declare, so a new class or hyperparameter
is tested as soon as it exists.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, reject, settings
from hypothesis import strategies as st

import glassnet as gn
from glassnet import layers as all_layers
from glassnet import losses as all_losses
from glassnet.errors import HyperparameterError
from glassnet.hyperparameters import Interval, Rule, rules_of
from glassnet.layers import Layer
from glassnet.losses import Loss
from glassnet.registry import table

LAYERS = sorted(set(all_layers.BY_NAME.values()), key=lambda cls: cls.__name__)
LOSSES = sorted(set(all_losses.BY_NAME.values()), key=lambda cls: cls.__name__)


HUNT = int(os.environ.get("GLASSNET_HUNT", "1"))
"""Set it to 50, say, and fifty times as many examples are tried, other ones on every run."""


def few(examples: int) -> settings:
    """So many examples, the same on every run, however slow the machine."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(
        max_examples=examples * HUNT,
        derandomize=HUNT == 1,
        database=None,
        deadline=None,
        suppress_health_check=slow,
    )


HUGE = 1e300
"""A span for objects that are only described, never computed with."""

# -- objects from the rules they declare -----------------------------------------------------------


def numbers(interval: Interval, span: float) -> st.SearchStrategy[Any]:
    """Numbers of the interval, none larger than `span` where the interval has no end itself."""
    if interval.integer:
        low = int(max(interval.low, -span))
        return st.integers(low, int(min(interval.high, max(low + 1, span))))
    low, high = max(interval.low, -span), min(interval.high, max(interval.low + 1, span))
    if interval.closed in ("right", "neither") and span < HUGE:
        low += 1e-6  # "above 0" is meant, not an epsilon that float32 rounds to 0
    return st.floats(
        low,
        high,
        exclude_min=low == interval.low and interval.closed in ("right", "neither"),
        exclude_max=high == interval.high and interval.closed in ("left", "neither"),
    )


def from_rule(rule: Rule, span: float, depth: int) -> st.SearchStrategy[Any]:
    """Everything that a rule allows: numbers, flags, choices, objects, None, lists of them."""
    if rule.many:
        one = from_rule(replace(rule, many=False, optional=False), span, depth)
        if rule.interval is not None:
            return st.lists(one, min_size=1, max_size=3, unique=True).map(sorted)
        return st.lists(one, min_size=1, max_size=3)
    kinds = []
    if rule.optional:
        kinds.append(st.none())
    if rule.flag:
        kinds.append(st.booleans())
    if rule.interval is not None:
        kinds.append(numbers(rule.interval, span))
    if rule.kind is not None:
        kinds.append(objects(rule.kind, span, depth - 1))
    if rule.choices is not None:
        kinds.append(st.sampled_from(rule.choices))
    return st.one_of(kinds)


@st.composite
def instances(draw, cls: type, span: float = 3.0, depth: int = 2) -> Any:
    """One object of `cls`, every hyperparameter drawn from its rule or left at its default."""
    values = {}
    for name, (field, rule) in rules_of(cls).items():
        if field.default is not field.default_factory and draw(st.integers(0, 3)) == 0:
            continue
        values[name] = draw(from_rule(rule, span, depth))
    try:
        return cls(**values)
    except (HyperparameterError, TypeError):  # options that exclude each other; one without a default
        reject()


def classes(kind: str, depth: int) -> list[type]:
    """Every registered class of a kind, those that hold layers only where there is depth left."""
    found = sorted(set(table(kind)[1].values()), key=lambda cls: cls.__name__)
    holds = [cls for cls in found if any(rule.many and rule.kind for _, rule in rules_of(cls).values())]
    return found if depth > 0 else [cls for cls in found if cls not in holds]


def objects(kind: str, span: float = 3.0, depth: int = 2) -> st.SearchStrategy[Any]:
    """Objects of every registered class of a kind."""
    return st.one_of([instances(cls, span, depth) for cls in classes(kind, depth)])


# -- networks that are worth computing with --------------------------------------------------------

ACTIVATIONS = objects("activation", span=1.5)


@st.composite
def dense(draw) -> gn.Dense:
    penalty = st.sampled_from([0.0, 0.0, 0.03])
    return gn.Dense(
        draw(st.integers(1, 4)),
        activation=draw(ACTIVATIONS),
        bias=draw(st.booleans()),
        l1=draw(penalty),
        l2=draw(penalty),
    )


def layer_of(cls: type[Layer], depth: int = 2, rowwise: bool = False) -> st.SearchStrategy[Layer]:
    """A layer of `cls` with tame hyperparameters; `rowwise`: every row stands for itself in training."""
    epsilon = st.floats(1e-5, 0.1)
    if cls is gn.Dense:
        return dense()
    if cls is gn.Activation:
        return ACTIVATIONS.map(gn.Activation)
    if cls is gn.BatchNorm:
        return st.builds(gn.BatchNorm, momentum=st.floats(0, 0.99), epsilon=epsilon)
    if cls is gn.LayerNorm:
        return st.builds(gn.LayerNorm, epsilon=epsilon)
    if cls is gn.Dropout:
        return st.floats(0, 0.8).map(gn.Dropout)
    if cls is gn.Residual:
        inner = st.lists(any_layer(depth - 1, rowwise), min_size=1, max_size=2)
        return inner.map(gn.Residual)
    raise NotImplementedError(f"Say in {__file__} how to draw a {cls.__name__}.")


MIXES_ROWS = (gn.BatchNorm, gn.Dropout)
"""Layers whose training pass is not a function of each row alone."""


def any_layer(depth: int = 2, rowwise: bool = False) -> st.SearchStrategy[Layer]:
    chosen = [cls for cls in LAYERS if (depth > 0 or cls is not gn.Residual)]
    return st.one_of([layer_of(cls, depth, rowwise) for cls in chosen if not (rowwise and cls in MIXES_ROWS)])


@st.composite
def networks(
    draw,
    n_features: int,
    n_outputs: int,
    final: str = "linear",
    *,
    must: type[Layer] | None = None,
    rowwise: bool = False,
    dtype: str = "float64",
) -> gn.Network:
    """A built network with random values everywhere, running statistics included; `must` is in it."""
    hidden = draw(st.lists(any_layer(2, rowwise), max_size=2))
    if must is not None:
        hidden.insert(draw(st.integers(0, len(hidden))), draw(layer_of(must, 2, rowwise)))
    seed = draw(st.integers(0, 2**32))
    net = gn.Network([*hidden, gn.Dense(n_outputs, activation=final)], seed=seed, dtype=dtype)
    net.build(n_features)
    generator = np.random.default_rng(seed)
    net.parameters.values += generator.normal(0, 0.3, net.parameters.values.size)
    for name, view in net.parameters.statistics.items():
        view[...] = generator.uniform(0.5, 2, view.shape) * (1 if name.endswith("variance") else 0.5)
    return net


def batch(draw, n_features: int, low: int = 2, high: int = 9) -> np.ndarray:
    n = draw(st.integers(low, high))
    return np.random.default_rng(draw(st.integers(0, 2**32))).normal(size=(n, n_features))


# -- losses with outputs and targets that suit them ------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """A loss, how a network for it must end, and targets for n rows."""

    loss: Loss
    n_outputs: int
    final: str
    targets: Callable[[np.random.Generator, int], np.ndarray]


def real(k: int) -> Callable:
    return lambda rng, n: rng.normal(size=(n, k))


def counts(k: int) -> Callable:
    return lambda rng, n: rng.poisson(2.0, (n, k))


def labels(k: int) -> Callable:
    return lambda rng, n: rng.integers(0, k, n)


def bits(k: int) -> Callable:
    return lambda rng, n: rng.integers(0, 2, (n, k))


def between(k: int) -> Callable:
    return lambda rng, n: rng.uniform(0, 1, (n, k))


def distributions(k: int) -> Callable:
    return lambda rng, n: rng.dirichlet(np.ones(k), n).reshape(n, k)


KINDS: dict[type[Loss], tuple[str, int, tuple[Callable, ...]]] = {
    gn.MeanSquaredError: ("linear", 1, (real,)),
    gn.MeanAbsoluteError: ("linear", 1, (real,)),
    gn.Huber: ("linear", 1, (real,)),
    all_losses.Quantile: ("linear", 1, (real,)),
    gn.Poisson: ("tanh", 1, (counts,)),
    gn.SoftmaxCrossEntropy: ("linear", 2, (labels, distributions)),
    gn.SigmoidCrossEntropy: ("linear", 1, (bits, between)),
    gn.CategoricalCrossEntropy: ("softmax", 2, (labels, distributions)),
    gn.BinaryCrossEntropy: ("sigmoid", 1, (bits, between)),
    all_losses.KullbackLeibler: ("softmax", 2, (distributions,)),
    all_losses.SoftmaxKullbackLeibler: ("linear", 2, (distributions,)),
}
"""How a network for the loss ends, its least number of outputs, the forms of targets."""


@st.composite
def problems(draw, cls: type[Loss]) -> Problem:
    """A loss of `cls` with random hyperparameters."""
    final, least, forms = KINDS[cls]
    loss = draw(instances(cls))
    columns = draw(st.integers(least, 4))
    targets = draw(st.sampled_from(forms))(columns)
    levels = len(loss.quantiles) if isinstance(loss, all_losses.Quantile) else 1
    if isinstance(loss, gn.Poisson) and not loss.log_input:
        final = "softplus"
    return Problem(loss, columns * levels, final, targets)


def drawn_targets(draw, problem: Problem, n: int) -> np.ndarray:
    return problem.targets(np.random.default_rng(draw(st.integers(0, 2**32))), n)


# -- measuring -------------------------------------------------------------------------------------


def value_and_gradients(net, loss, X, y, weights=None, training=False) -> tuple[float, np.ndarray]:
    """The loss and the flat gradients of one pass, penalties in the gradients included."""
    outputs = net.forward(X, training=training)
    value, gradient = loss.value_and_gradient(outputs, y, weights)
    net.backward(gradient)
    return value, net.parameters.gradients.copy()


def assert_close(got, expected, tolerance: float = 1e-9) -> None:
    """Equal within the tolerance times the largest magnitude: what is tiny beside it may be noise."""
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape
    scale = max(np.abs(expected).max(initial=0.0), np.abs(got).max(initial=0.0), 1e-12)
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * scale)
