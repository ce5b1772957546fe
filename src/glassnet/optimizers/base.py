"""What every optimiser shares: the state, gradient clipping, decoupled weight decay."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from glassnet._typing import Array
from glassnet.buffers import aligned
from glassnet.errors import ShapeError
from glassnet.hyperparameters import Hyperparameters, Interval, hyperparameter
from glassnet.kernels import chosen
from glassnet.schedules import Schedule

__all__ = ["CHUNK", "FRACTION", "POSITIVE", "Optimizer", "OptimizerState", "chunks"]

CHUNK = 32_768
"""Elements updated at a time: a chunk of every array involved fits in the second-level cache."""

FLUSH_EVERY = 64
"""Updates between two rounds of :func:`flush_subnormals`."""

POSITIVE = Interval(0, math.inf, "neither")
FRACTION = Interval(0, 1, "left")
"""What a decay factor such as momentum or beta1 may be: [0, 1)."""


@dataclass
class OptimizerState:
    """What an optimiser remembers between updates; the training loop owns and saves it."""

    slots: dict[str, Array]
    """One flat array per name in the optimiser's `slots`, as long as the parameters."""
    scalars: dict[str, float]
    """Single numbers, by name, that the rule carries along."""
    decaying: int
    """Weight decay touches the first `decaying` parameters: weights, not biases or norms."""
    step: int = 0
    """Updates done so far; schedules are functions of it."""
    learning_rate_factor: float = 1.0
    """Multiplies the learning rate; reduce-on-plateau lowers it."""
    scratch: Array = field(default_factory=lambda: np.empty((2, 0)), repr=False)
    """(2, chunk): two work arrays, which carry nothing from step to step."""


@dataclass(frozen=True)
class Optimizer(Hyperparameters):
    """Base of all optimisers: frozen hyperparameters and one in-place :meth:`update`.

    An optimiser holds no state, so one object may train many networks; what it remembers is in
    the :class:`OptimizerState`. One of your own lists its flat arrays in :attr:`slots` and
    writes its rule in :meth:`apply`.

    Args:
        learning_rate: step size; a number above 0 or a schedule of the step (0, 1, 2, ...).
        weight_decay: decoupled decay (Loshchilov & Hutter, 2019), at least 0: before the rule,
            weights (not biases, not norm parameters) are multiplied by
            1 - learning_rate * weight_decay. It is not an L2 term of the loss, which PyTorch's
            weight_decay is (but in AdamW, and with decoupled_weight_decay=True) and
            Dense(l2=...) is here.
        clip_norm: if given, above 0: gradients whose joint Euclidean norm exceeds it are scaled to it
            exactly (PyTorch divides by norm + 1e-6).
        clip_value: if given, above 0: every gradient element is clipped to [-clip_value, clip_value].
            With both, values are clipped first, then the norm.

    Raises:
        HyperparameterError: a value outside its range.
    """

    scalars: ClassVar[Mapping[str, float]] = {}
    """Name of each single number that the rule carries along -> what it starts at."""

    learning_rate: float | Schedule = hyperparameter(
        0.001, interval=POSITIVE, kind="schedule", positional=True
    )
    weight_decay: float = hyperparameter(0.0, interval=Interval(0, math.inf, "left"))
    clip_norm: float | None = hyperparameter(None, interval=POSITIVE, optional=True)
    clip_value: float | None = hyperparameter(None, interval=POSITIVE, optional=True)

    @property
    def slots(self) -> Mapping[str, float]:
        """Name of each flat array that the rule remembers -> the number that fills it at first."""
        return {}

    def create_state(self, values: Array, decaying: int | None = None) -> OptimizerState:
        """Return a fresh state for parameters like `values` (flat), all of them decaying by default."""
        ours = type(self).__module__.startswith("glassnet.")
        work = 0 if ours and chosen() != "numpy" else min(CHUNK, values.size)
        return OptimizerState(
            slots={name: aligned(values.shape, values.dtype, start) for name, start in self.slots.items()},
            scalars=dict(self.scalars),
            decaying=values.size if decaying is None else decaying,
            scratch=np.empty((2, work), values.dtype),
        )

    def rate_at(self, step: int) -> float:
        """Return the learning rate of the update number `step` (the first is 0)."""
        rate = self.learning_rate
        return float(rate(step)) if isinstance(rate, Schedule) else rate

    def update(self, values: Array, gradients: Array, state: OptimizerState) -> None:
        """Do one update in place: clip, decay, apply the rule, count the step.

        Args:
            values: (n,) parameters, changed in place.
            gradients: (n,) gradients of the same dtype; clipping changes them in place.
            state: what :meth:`create_state` returned; changed in place.

        Raises:
            ShapeError: the arrays are not flat or not equally long.
        """
        _check_shapes(values, gradients, state)
        learning_rate = self.rate_at(state.step) * state.learning_rate_factor
        if self.clip_value is not None:
            np.maximum(gradients, -self.clip_value, out=gradients)
            np.minimum(gradients, self.clip_value, out=gradients)
        if self.clip_norm is not None:
            clip_to_norm(gradients, self.clip_norm)
        if self.weight_decay:
            values[: state.decaying] *= 1 - learning_rate * self.weight_decay
        self.apply(values, gradients, state, learning_rate)
        state.step += 1
        if state.step % FLUSH_EVERY == 0:
            for slot in state.slots.values():
                flush_subnormals(slot)

    def apply(self, values: Array, gradients: Array, state: OptimizerState, learning_rate: float) -> None:
        """Apply the optimiser's own rule in place; `state.step` counts earlier updates."""
        raise NotImplementedError(f"{type(self).__name__} must define apply().")


def chunks(*arrays: Array, scratch: Array) -> Iterator[tuple[Array, ...]]:
    """Yield the arrays a chunk at a time, each with equally long views of the rows of `scratch`.

    An empty array beside longer ones (a slot that the rule does not use) stays empty.
    """
    size = arrays[0].size
    if scratch.shape[1] < min(size, CHUNK):  # made while compiled kernels ran, which need none
        scratch = np.empty((2, min(size, CHUNK)), arrays[0].dtype)
    if size <= CHUNK:
        yield (*arrays, *(work[:size] for work in scratch))
        return
    for start in range(0, size, CHUNK):
        stop = min(start + CHUNK, size)
        yield (*(a[start:stop] for a in arrays), *(work[: stop - start] for work in scratch))


def clip_to_norm(gradients: Array, limit: float) -> None:
    """Scale `gradients` in place to the Euclidean norm `limit` if theirs is larger.

    Gradients with NaN or infinity in them are left as they are, for the training loop to report.
    """
    with np.errstate(over="ignore"):
        square = float(np.dot(gradients, gradients))
    if math.isfinite(square):
        norm = math.sqrt(square)
        if norm > limit:
            gradients *= limit / norm
        return
    peak = max(float(gradients.max()), -float(gradients.min()))
    if math.isfinite(peak):  # finite, but too large to square in this dtype
        gradients /= peak
        gradients *= min(limit / math.sqrt(float(np.dot(gradients, gradients))), peak)


def flush_subnormals(slot: Array) -> None:
    """Set numbers too small for full precision (below 1e-38 in float32) to 0, in place.

    The momentum of a dead unit's weights decays to such numbers and would stay there, and a
    processor multiplies them a hundred times more slowly than others.
    """
    info = np.finfo(slot.dtype)
    far_above = info.tiny / info.eps  # absorbs them; larger numbers lose nothing but a last bit
    slot += far_above
    slot -= far_above


def _check_shapes(values: Array, gradients: Array, state: OptimizerState) -> None:
    shape = values.shape
    if gradients.shape != shape or len(shape) != 1:
        raise ShapeError(
            f"An optimiser updates flat arrays of equal length; got values of shape {shape} "
            f"and gradients of shape {gradients.shape}."
        )
    for name, slot in state.slots.items():
        if slot.shape != shape:
            raise ShapeError(
                f"The optimiser's {name} has shape {slot.shape} but the values have {shape}: "
                f"the state belongs to other parameters. Make one with create_state(values)."
            )
