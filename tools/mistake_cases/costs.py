"""Costs and their last activation: divided twice, log of zero, softmax without the shift, the row loop."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

import glassnet as gn
from glassnet.buffers import Buffers
from mistake_cases.common import digits, network, number, percent, table, train

# -- divided by the samples again ------------------------------------------------------------------


@dataclass(frozen=True)
class DividedTwice(gn.SoftmaxCrossEntropy):
    def compute(self, outputs, targets, sample_weight, buffers):
        value, gradient = super().compute(outputs, targets, sample_weight, buffers)  # means already
        gradient /= len(outputs)
        return value / len(outputs), gradient


def divided_twice() -> str:
    X, y, *_ = digits()
    layers, rows = [gn.Dense(32, activation="relu"), gn.Dense(10)], []
    for size in (32, 256):
        for name, loss in (("divided once", gn.SoftmaxCrossEntropy()), ("divided twice", DividedTwice())):
            start, _ = loss.value_and_gradient(network(layers).forward(X[:size]), y[:size])
            sgd = train(layers, loss=loss, batch_size=size)
            adam = train(layers, loss=loss, batch_size=size, optimizer=gn.Adam())
            accuracies = (percent(sgd.test_accuracy), percent(adam.test_accuracy))
            rows.append([f"{size}; {name}", number(start), *accuracies])
    return table(
        [
            "rows in a batch; cost",
            "cost of the first batch",
            "test accuracy after 10 epochs of SGD",
            "of Adam",
        ],
        rows,
    )


# -- log(0) ----------------------------------------------------------------------------------------


def cost_by_hand(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        a = 1 / (1 + np.exp(-z))
        return -(y * np.log(a) + (1 - y) * np.log(1 - a))


def log_of_zero() -> str:
    loss, rows = gn.SigmoidCrossEntropy(), []
    for z, y in ((10, 0), (20, 0), (20, 1), (40, 0), (40, 1)):
        by_hand = [number(float(cost_by_hand(np.array(z, kind), y))) for kind in (np.float32, np.float64)]
        ours = [loss.value_and_gradient(np.array([[z]], kind), [y])[0] for kind in (np.float32, np.float64)]
        rows.append([f"one row, z = {z}, y = {y}", *by_hand, *map(number, ours)])
    X, y = gn.datasets.breast_cancer()
    layers = [gn.Dense(16, activation="relu"), gn.Dense(1, initializer="xavier_uniform")]
    by_hand, ours = [], []
    for kind in ("float32", "float64"):
        z = gn.Network(layers, seed=0, dtype=kind).forward(X)
        by_hand.append(number(float(cost_by_hand(z[:, 0], y).mean())))
        ours.append(number(loss.value_and_gradient(z, y)[0]))
    rows.append(["569 unscaled rows of breast_cancer, first pass", *by_hand, *ours])
    return table(["cost of", "by hand, float32", "float64", "glassnet, float32", "float64"], rows)


# -- softmax without the shift ---------------------------------------------------------------------


def softmax_by_hand(z: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        powers = np.exp(z)
        return powers / powers.sum(axis=1, keepdims=True)


def softmax_shift() -> str:
    rows = []
    for offset in (0, 90, 800, -800):
        z = offset + np.array([[0.0, 1.0, 2.0]])
        for kind in ("float32", "float64"):
            p, q = softmax_by_hand(z.astype(kind))[0], gn.Softmax()(z.astype(kind))[0]
            shown = (" ".join(f"{value:.3f}" for value in values) for values in (p, q))
            rows.append([f"({', '.join(f'{value:g}' for value in z[0])}), {kind}", *shown])
    X, _ = gn.datasets.wine()
    net = gn.Network([gn.Dense(32, activation="relu"), gn.Dense(3)], seed=0)
    z = net.forward(X)
    lost = [int(np.isnan(f(z)).any(axis=1).sum()) for f in (softmax_by_hand, gn.Softmax())]
    rows.append(["178 unscaled rows of wine, float32, first pass", *(f"{n} rows are nan" for n in lost)])
    return table(["logits", "without the shift", "glassnet"], rows)


# -- the Jacobian of every row ---------------------------------------------------------------------


def jacobian_by_row(gradient: np.ndarray, a: np.ndarray) -> np.ndarray:
    dz = np.empty_like(a)
    for i in range(len(a)):
        s = a[i].reshape(-1, 1)
        dz[i] = (np.diagflat(s) - s @ s.T) @ gradient[i]
    return dz


def softmax_batch(n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(n, k)), gn.Softmax()(generator.normal(size=(n, k)))


SIZES = ((32, 10), (1024, 10), (1024, 100))


def jacobian_loop() -> str:
    rows = []
    for n, k in SIZES:
        gradient, a = softmax_batch(n, k)
        out = np.empty_like(a)
        gn.Softmax().backward(gradient, a, a, out, Buffers("float64"))
        difference = np.abs(out - jacobian_by_row(gradient, a)).max()
        rows.append(
            [
                f"{n} rows, {k} classes",
                "below 1e-14" if difference < 1e-14 else number(difference),
                f"{n * k * k:,}",
                f"{n * k:,}",
            ]
        )
    return table(
        [
            "softmax of",
            "largest difference of the two results",
            "numbers in all Jacobians",
            "numbers in one product",
        ],
        rows,
    )


def jacobian_loop_time() -> str:
    """The least of several timings of each, as a ratio."""
    rows = []
    for n, k in SIZES:
        gradient, a = softmax_batch(n, k)
        out, buffers, softmax = np.empty_like(a), Buffers("float64"), gn.Softmax()
        loop = shortest(lambda g=gradient, a=a: jacobian_by_row(g, a), 5)
        one = shortest(lambda g=gradient, a=a, o=out, b=buffers, f=softmax: f.backward(g, a, a, o, b), 200)
        rows.append([f"{n} rows, {k} classes", f"{loop / one:.0f}"])
    return table(["softmax of", "time of the loop / time of one product"], rows)


def shortest(work, repeats: int) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)
