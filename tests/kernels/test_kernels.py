"""Every compiled kernel against the NumPy function it stands in for."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import glassnet.layers
import glassnet.losses
import glassnet.optimizers
import glassnet.products  # these four hold all references
from glassnet import kernels

pytest.importorskip("numba", reason="compiled kernels need numba (the extra fast)")
from glassnet.kernels.compiled import BY_NAME


class Draw:
    """Makes arguments for n rows of k numbers, a tenth of them special ones."""

    def __init__(self, n, k, dtype, special=()):
        self.n, self.k, self.dtype, self.special = n, k, np.dtype(dtype), special
        self.generator = np.random.default_rng([n, k])

    def normal(self, *shape):
        a = self.generator.normal(size=shape).astype(self.dtype)
        for value in self.special:
            a[self.generator.random(shape) < 0.1] = value
        return a

    def positive(self, *shape):
        return np.abs(self.normal(*shape))

    def uniform(self, *shape):
        return self.generator.random(shape, dtype=self.dtype.type)

    def result(self, *shape):
        return np.full(shape, 77, self.dtype)

    def labels(self):
        return self.generator.integers(0, self.k, self.n)

    def weights(self, each):
        return (self.uniform(self.n, 1) if each else self.uniform(1, 1)) / max(self.n, 1)


Make = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """How to call one kernel and what to expect."""

    make: Make
    """Draw -> arguments by name; and keywords, one set per variant."""
    written: str
    """Names of the arrays that hold the result; they are compared."""
    work: str = ""
    """Names of the arrays that hold anything afterwards. All others are only read."""
    exact: bool = False
    """Whether not one bit may differ."""
    least: int = 0
    """The fewest rows."""
    variants: dict[str, dict[str, Any]] = field(default_factory=lambda: {"": {}})


# -- activations


def forward(work="", **numbers):
    def make(d):
        given = {"z": d.normal(d.n, d.k), "bias": d.normal(d.k)} | numbers
        return given | {name: d.result(d.n, d.k) for name in work.split()}

    return Case(make, "z", work, exact=True)


def backward(work, **numbers):
    def make(d, width):
        arrays = {"gradient": d.normal(d.n, d.k), "a": d.normal(d.n, d.k)}
        arrays["bias_gradient"] = d.result(d.k if width is None else width)
        return arrays | numbers | {name: d.result(d.n, d.k) for name in work.split()}

    variants = {"": {"width": None}, "no bias": {"width": 0}}
    return Case(make, "gradient bias_gradient", work, variants=variants)


# -- losses

WEIGHTS = {"one weight": {"each": False}, "weights": {"each": True}}
SMOOTHING = {
    f"{kind}, {which}": {"smoothing": smoothing} | each
    for kind, smoothing in {"hard": 0.0, "smooth": 0.1}.items()
    for which, each in WEIGHTS.items()
}


def labels(d, smoothing, each):
    return {
        "logits": d.normal(d.n, d.k),
        "labels": d.labels(),
        "weights": d.weights(each),
        "smoothing": smoothing,
        "gradient": d.result(d.n, d.k),
        "columns": d.result(3, d.n, 1),
        "positions": np.zeros(d.n, np.int64),
    }


def softmax(d, smoothing, each):
    return {
        "logits": d.normal(d.n, d.k),
        "targets": d.uniform(d.n, d.k),
        "weights": d.weights(each),
        "smoothing": smoothing,
        "gradient": d.result(d.n, d.k),
        "weighted": d.result(d.n, d.k),
        "column": d.result(d.n, 1),
    }


def sigmoid(d, smoothing, each):
    made = softmax(d, smoothing, each)
    del made["weighted"], made["column"]
    return made | {"work": d.result(3, d.n, d.k)}


def squared(d, each):
    return {
        "outputs": d.normal(d.n, d.k),
        "targets": d.normal(d.n, d.k),
        "weights": d.weights(each),
        "gradient": d.result(d.n, d.k),
        "residual": d.result(d.n, d.k),
    }


# -- layers


def norm(inverse, work, **numbers):
    def make(d):
        x, line = (d.n, d.k), (d.k,)
        column = (d.n, 1)
        made = {
            "inputs": lambda: d.normal(*x),
            "gradient": lambda: d.normal(*x),
            "scale": lambda: d.normal(*line),
            "shift": lambda: d.normal(*line),
            "mean": lambda: d.normal(*line),
            "variance": lambda: d.positive(*line),
            "running_mean": lambda: d.normal(*line),
            "running_variance": lambda: d.positive(*line),
            "scale_gradient": lambda: d.result(*line),
            "shift_gradient": lambda: d.result(*line),
            "outputs": lambda: d.result(*x),
            "product": lambda: d.result(*x),
            "row": lambda: d.result(*line),
            "column": lambda: d.result(*column),
            # what forward writes and backward reads
            "x_hat": lambda: d.normal(*x),
            "inverse": lambda: d.positive(*(line if inverse == "row" else column)),
        }
        return {name: value() for name, value in made.items()} | numbers

    return make


def thinned(d):
    return {
        "inputs": d.normal(d.n, d.k),
        "rate": 0.3,
        "mask": d.uniform(d.n, d.k),
        "outputs": d.result(d.n, d.k),
    }


# -- products


def thin(d, inner, transposed):
    b = d.normal(d.k, inner).T if transposed else d.normal(inner, d.k)
    return {"a": d.normal(d.n, inner), "b": b, "out": d.result(d.n, d.k)}


THIN = {
    f"{inner}{', transposed' * transposed}": {"inner": inner, "transposed": transposed}
    for inner in range(1, glassnet.products.THIN + 1)
    for transposed in (False, True)
}

# -- optimisers

RATE, ADAM = {"learning_rate": 0.03}, {"learning_rate": 0.03, "beta1": 0.9, "beta2": 0.99}


def rule(slots="", variants=None, **numbers):
    def make(d, unused="", **more):
        size = d.n * d.k
        made = {"values": d.normal(size), "gradients": d.normal(size)} | numbers | more
        for name in slots.split():
            made[name] = d.normal(size) if name in ("mean", "velocity") else d.positive(size)
        made |= dict.fromkeys(unused.split(), made["values"][:0])
        return made | {"scratch": d.result(2, min(size, glassnet.optimizers.base.CHUNK))}

    return Case(make, f"values {slots}", "scratch", exact=True, variants=variants or {"": {}})


CASES: dict[str, Case] = {
    "add_bias": forward(),
    "bias_relu": forward(),
    "bias_leaky_relu": forward("scaled", slope=0.2),
    "thin_product": Case(thin, "out", variants=THIN),
    "relu_backward": backward("mask"),
    "leaky_relu_backward": backward("factor", slope=0.2),
    "elu_backward": backward("below above", scale=1.05, alpha=1.67),
    "sigmoid_backward": backward("derivative"),
    "tanh_backward": backward("derivative"),
    "softmax_cross_entropy_labels": Case(labels, "gradient", "columns positions", variants=SMOOTHING),
    "softmax_cross_entropy": Case(softmax, "gradient", "weighted column", variants=SMOOTHING),
    "sigmoid_cross_entropy": Case(sigmoid, "gradient", "work", variants=SMOOTHING),
    "squared_error": Case(squared, "gradient", "residual", variants=WEIGHTS),
    "batch_norm": Case(
        norm("row", "row", momentum=0.9, epsilon=1e-5),
        "running_mean running_variance x_hat inverse outputs",
        "row",
        least=1,
    ),
    "batch_norm_fixed": Case(norm("row", "", epsilon=1e-5), "x_hat inverse outputs", exact=True),
    "batch_norm_backward": Case(
        norm("row", "product row"), "gradient scale_gradient shift_gradient", "product row", least=1
    ),
    "layer_norm": Case(norm("column", "", epsilon=1e-5), "x_hat inverse outputs"),
    "layer_norm_backward": Case(
        norm("column", "product column"), "gradient scale_gradient shift_gradient", "product column"
    ),
    "dropout": Case(thinned, "mask outputs", exact=True),
    "sgd": rule(**RATE),
    "momentum": rule("velocity", beta=0.9, **RATE),
    "nesterov": rule("velocity", beta=0.9, **RATE),
    "averaged_momentum": rule("velocity", beta=0.9, **RATE),
    "adagrad": rule("accumulator", epsilon=1e-7, **RATE),
    "adadelta": rule("square step_square", rho=0.95, epsilon=1e-6, **RATE),
    "rmsprop": rule(
        "square mean velocity",
        {
            "plain": {"unused": "mean velocity", "momentum": 0.0, "centered": False},
            "momentum": {"unused": "mean", "momentum": 0.9, "centered": False},
            "centred": {"unused": "velocity", "momentum": 0.0, "centered": True},
            "both": {"momentum": 0.9, "centered": True},
        },
        rho=0.9,
        epsilon=1e-8,
        **RATE,
    ),
    "adam": rule("mean variance", epsilon=1e-8, correction1=0.3, correction2=0.02, **ADAM),
    "amsgrad": rule("mean variance maximum", epsilon=1e-8, correction1=0.3, correction2=0.02, **ADAM),
    "adamax": rule("mean largest", epsilon=1e-8, correction1=0.3, **ADAM),
    "nadam": rule(
        "mean variance", epsilon=1e-8, correction2=0.02, gradient_weight=0.4, mean_weight=0.7, **ADAM
    ),
    "radam": rule(
        "mean variance",
        {"plain": {"rectification": 0.0}, "rectified": {"rectification": 0.6}},
        epsilon=1e-8,
        correction1=0.3,
        correction2=0.02,
        **ADAM,
    ),
    "lion": rule("mean", **ADAM),
}

EACH = [(name, variant) for name, case in CASES.items() for variant in case.variants]
IDS = [f"{name} ({variant})" if variant else name for name, variant in EACH]
SIZES = [(0, 3), (1, 1), (1, 5), (7, 3), (64, 33), (5000, 20)]


def compare(name, variant, draw, read_only=False):
    """Call both with the same arguments and compare all that they write and return."""
    case = CASES[name]
    if draw.n < case.least:
        return
    made = case.make(draw, **case.variants[variant])
    names = inspect.signature(kernels._kernels[name].reference).parameters
    written = case.written.split()
    results = []
    for function in (kernels._kernels[name].reference, BY_NAME[name]):
        given = {key: v.copy(order="K") if isinstance(v, np.ndarray) else v for key, v in made.items()}
        only_read = {k: v for k, v in given.items() if k not in written and k not in case.work.split()}
        for array in only_read.values():
            if read_only and isinstance(array, np.ndarray):
                array.flags.writeable = False
        with np.errstate(all="ignore"):
            value = function(*(given[key] for key in names))
        results.append(
            {key: given[key] for key in written} | ({} if value is None else {"value": np.array([value])})
        )
        for key, array in only_read.items():
            np.testing.assert_array_equal(array, made[key], err_msg=f"{key} was written")
    for key, expected in results[0].items():
        actual = results[1][key]
        if case.exact:
            np.testing.assert_array_equal(actual, expected, err_msg=key)
            continue
        finite = np.abs(expected[np.isfinite(expected)])
        eps = np.finfo(draw.dtype).eps
        atol = 30 * eps * (finite.max() if finite.size else 1.0)
        np.testing.assert_allclose(actual, expected, rtol=30 * eps, atol=atol, err_msg=key)


def test_every_compiled_kernel_is_listed_here():
    assert set(BY_NAME) == set(CASES)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_compiled_kernel_has_a_reference_of_the_same_signature(name):
    assert name in kernels._kernels
    assert inspect.signature(BY_NAME[name].py_func) == inspect.signature(kernels._kernels[name].reference)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "k"), SIZES)
@pytest.mark.parametrize(("name", "variant"), EACH, ids=IDS)
def test_equal(name, variant, n, k, dtype):
    compare(name, variant, Draw(n, k, dtype))


@pytest.mark.parametrize(
    "special", [[np.nan], [np.inf, -np.inf], [1e4, -1e4, 0.0], [1e-40, -1e-40]], ids=repr
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "variant"), EACH, ids=IDS)
def test_equal_on_special_numbers(name, variant, dtype, special):
    for n, k in [(1, 1), (7, 3), (40, 33)]:
        compare(name, variant, Draw(n, k, dtype, special))


@pytest.mark.parametrize(("name", "variant"), EACH, ids=IDS)
def test_inputs_may_be_read_only(name, variant):
    compare(name, variant, Draw(7, 3, "float32"), read_only=True)
