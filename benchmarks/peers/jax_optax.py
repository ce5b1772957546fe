"""JAX with optax: one jitted step that takes over its arguments, or a whole epoch in one scan."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.cases import Case
from benchmarks.peers.base import Peer
from benchmarks.timing import Work, calls

ADAM = optax.adam(1e-3)


class Jax(Peer):
    packages = ("jax", "jaxlib", "optax")

    def steps(self, case: Case) -> Work:
        X, y = map(jax.device_put, case.data())

        def run(n: int) -> float:
            state = self.train(fresh(case), X, y, case, epochs=1)
            started = time.perf_counter()
            self.train(state, X, y, case, epochs=n)
            return time.perf_counter() - started

        return Work(run, case.steps_per_epoch)

    def fit(self, case: Case) -> Work:
        arrays = case.data()

        def whole() -> None:
            X, y = map(jax.device_put, arrays)
            self.train(fresh(case), X, y, case, epochs=case.epochs)

        return calls(whole)

    def predict(self, case: Case) -> Work:
        X, (weights, _) = case.features(), fresh(case)
        return calls(lambda: np.asarray(answer(weights, X)))

    def train(self, state: Any, X: Any, y: Any, case: Case, *, epochs: int) -> Any:
        generator = np.random.default_rng(0)
        for _ in range(epochs):
            if case.steps_per_epoch == 1:  # the order of the rows does not matter
                state = whole_step(state, X, y)
                continue
            order = jax.device_put(generator.permutation(case.rows).astype(np.int32))
            for i in range(case.steps_per_epoch):
                state = step(state, X, y, order, i * case.batch, case.batch)
        return jax.block_until_ready(state)


class Scan(Jax):
    def train(self, state: Any, X: Any, y: Any, case: Case, *, epochs: int) -> Any:
        if case.steps_per_epoch == 1:  # nothing to scan
            return super().train(state, X, y, case, epochs=epochs)
        generator = np.random.default_rng(0)
        for _ in range(epochs):
            order = generator.permutation(case.rows).astype(np.int32).reshape(-1, case.batch)
            state = epoch(state, X, y, order)
        return jax.block_until_ready(state)


def fresh(case: Case) -> Any:
    weights = jax.tree.map(jnp.array, case.weights())
    return weights, ADAM.init(weights)


def outputs(weights: Any, x: Any) -> Any:
    *hidden, (weight, bias) = weights
    for w, b in hidden:
        x = jax.nn.relu(x @ w + b)
    return x @ weight + bias


def loss(weights: Any, x: Any, y: Any) -> Any:
    return optax.softmax_cross_entropy_with_integer_labels(outputs(weights, x), y).mean()


def updated(state: Any, x: Any, y: Any) -> Any:
    weights, moments = state
    changes, moments = ADAM.update(jax.grad(loss)(weights, x, y), moments, weights)
    return optax.apply_updates(weights, changes), moments


answer = jax.jit(outputs)


@partial(jax.jit, donate_argnums=0, static_argnums=5)
def step(state: Any, X: Any, y: Any, order: Any, start: int, batch: int) -> Any:
    rows = jax.lax.dynamic_slice_in_dim(order, start, batch)
    return updated(state, jnp.take(X, rows, axis=0, mode="clip"), jnp.take(y, rows, mode="clip"))


@partial(jax.jit, donate_argnums=0)
def whole_step(state: Any, X: Any, y: Any) -> Any:
    return updated(state, X, y)


@partial(jax.jit, donate_argnums=0)
def epoch(state: Any, X: Any, y: Any, order: Any) -> Any:
    def one(state: Any, rows: Any) -> Any:
        return updated(state, jnp.take(X, rows, axis=0, mode="clip"), jnp.take(y, rows, mode="clip")), None

    return jax.lax.scan(one, state, order)[0]
