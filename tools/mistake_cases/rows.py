"""Which rows are seen: the last minibatch, and what accuracy is measured on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import glassnet as gn
from mistake_cases.common import Split, digits, network, percent, standardised, table, train

# -- the last minibatch ----------------------------------------------------------------------------


def whole_batches_only(n: int, size: int) -> Iterator[slice]:
    for k in range(n // size):
        yield slice(k * size, (k + 1) * size)


def rest_from_the_start(n: int, size: int) -> Iterator[slice]:
    yield from whole_batches_only(n, size)
    if n % size:
        yield slice(0, n - size * (n // size))


def every_row_once(n: int, size: int) -> Iterator[slice]:
    for start in range(0, n, size):
        yield slice(start, start + size)


def last_minibatch() -> str:
    X, y = gn.datasets.iris()
    X = standardised(X)
    rows = []
    for name, batches in (
        ("`X[start : start + size]`", every_row_once),
        ("`range(m // size)`", whole_batches_only),
        ("rest sliced from the start", rest_from_the_start),
    ):
        net, loss, optimizer = network([gn.Dense(3)]).build(4), gn.SoftmaxCrossEntropy(), gn.SGD(0.5)
        state = optimizer.create_state(net.parameters.values)
        used = np.zeros(len(X), int)
        for _ in range(100):
            for batch in batches(len(X), 100):
                used[batch] += 1
                _, gradient = loss.value_and_gradient(net.forward(X[batch], training=True), y[batch])
                net.backward(gradient)
                optimizer.update(net.parameters.values, net.parameters.gradients, state)
        right = net.predict(X).argmax(axis=1) == y
        rows.append(
            [
                name,
                used.sum() // 100,
                np.sum(used == 0),
                np.sum(used > 100),
                percent(right.mean()),
                *(percent(right[y == label].mean()) for label in range(3)),
            ]
        )
    return table(
        [
            "slices of 150 rows, size 100",
            "rows used in an epoch",
            "rows never used",
            "rows used twice",
            "accuracy",
            "setosa",
            "versicolor",
            "virginica",
        ],
        rows,
    )


# -- accuracy on the training data -----------------------------------------------------------------


def training_accuracy() -> str:
    X, y, X_test, y_test = digits()
    X, y = X[:100], y[:100]
    rows = []
    for name, labels in (("as they are", y), ("shuffled", np.random.default_rng(0).permutation(y))):
        result = train(
            [gn.Dense(64, activation="relu"), gn.Dense(10)],
            Split(X, labels, X_test, y_test),
            optimizer=gn.Adam(1e-2),
            epochs=200,
        )
        rows.append([name, percent(result.accuracy), percent(result.test_accuracy)])
    return table(["labels of the 100 training rows", "accuracy on them", "accuracy on 359 others"], rows)
