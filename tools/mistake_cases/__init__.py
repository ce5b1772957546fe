"""The wrong version of every classic error beside the right one, measured; see tools/mistakes.py."""

from __future__ import annotations

from collections.abc import Callable

from mistake_cases import costs, derivatives, rows, starts, steps

FIGURES: dict[str, Callable[[], str]] = {
    "leaky-relu": derivatives.leaky_relu,
    "neighbour-activation": derivatives.neighbour_activation,
    "last-minibatch": rows.last_minibatch,
    "divided-twice": costs.divided_twice,
    "log-of-zero": costs.log_of_zero,
    "softmax-shift": costs.softmax_shift,
    "batch-norm-forward-only": derivatives.batch_norm_forward_only,
    "reseeded-generator": starts.reseeded_generator,
    "small-weights": starts.small_weights,
    "nesterov": steps.nesterov,
    "nadam": steps.nadam,
    "momentum-zero": steps.momentum_zero,
    "training-accuracy": rows.training_accuracy,
    "jacobian-loop": costs.jacobian_loop,
}
"""Name of each error -> what returns its table. The same on every run."""

TIMINGS: dict[str, Callable[[], str]] = {"jacobian-loop-time": costs.jacobian_loop_time}
"""Tables that hold timings, and so differ from run to run."""

PICTURES: dict[str, Callable[[], object]] = {
    "mistakes-small-weights.png": starts.picture,
    "mistakes-nesterov.png": steps.picture,
}
"""File name under docs/figures -> what draws it."""
