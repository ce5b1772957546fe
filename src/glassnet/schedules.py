"""Learning-rate schedules: plain functions of the step number."""

from __future__ import annotations

import math
from dataclasses import dataclass

from glassnet.errors import HyperparameterError
from glassnet.hyperparameters import Hyperparameters, Interval, hyperparameter

__all__ = [
    "BY_NAME",
    "Constant",
    "Cosine",
    "Exponential",
    "InverseTime",
    "OneCycle",
    "Polynomial",
    "Schedule",
    "StepDecay",
]

_POSITIVE = Interval(0, math.inf, "neither")
_NOT_NEGATIVE = Interval(0, math.inf, "left")
_FACTOR = Interval(0, 1, "right")
_COUNT = Interval(1, math.inf, "left", integer=True)
_COUNT_OR_ZERO = Interval(0, math.inf, "left", integer=True)


@dataclass(frozen=True)
class Schedule(Hyperparameters):
    """Base of all schedules: call it with the step (0 for the first update) to get the rate.

    A schedule remembers nothing: it is a function of the step alone, so training that is resumed at
    step 1000 sees the rates it would have seen. Steps count updates, not epochs. Every schedule is
    defined for every step from 0 on; one that has an end keeps its last rate ever after.
    """

    def __call__(self, step: int) -> float:
        """Return the learning rate of update number `step`."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__().")


@dataclass(frozen=True)
class Constant(Schedule):
    """The same rate at every step: rate(t) = initial.

    Args:
        initial: the rate, above 0.

    Raises:
        HyperparameterError: a value out of range.

    >>> Constant(0.1)(1000)
    0.1
    """

    initial: float = hyperparameter(interval=_POSITIVE, positional=True)

    def __call__(self, step: int) -> float:
        """Return the learning rate of update number `step`."""
        return self.initial


@dataclass(frozen=True)
class InverseTime(Schedule):
    """The rate falls as one over time (Robbins & Monro, 1951):

        rate(t) = initial / (1 + decay t).

    Smooth and per update, as in Keras's InverseTimeDecay with ``decay_steps=1`` and its older
    optimisers' ``decay``; not scikit-learn's "invscaling", which is initial / (t + 1)^power.

    Args:
        initial: rate at step 0, above 0.
        decay: per update, at least 0; the rate has halved after 1 / decay updates.

    Raises:
        HyperparameterError: a value out of range.

    >>> InverseTime(1.0, decay=1e-3)(1000)
    0.5
    """

    initial: float = hyperparameter(interval=_POSITIVE, positional=True)
    decay: float = hyperparameter(interval=_NOT_NEGATIVE)

    def __call__(self, step: int) -> float:
        """Return the learning rate of update number `step`."""
        return self.initial / (1 + self.decay * float(step))


@dataclass(frozen=True)
class StepDecay(Schedule):
    """The rate is multiplied by a factor every so many updates: a staircase,

        rate(t) = initial * factor^floor(t / every).

    Args:
        initial: rate of the first `every` updates, above 0.
        every: updates on each stair, at least 1.
        factor: what each stair multiplies by, in (0, 1].

    Raises:
        HyperparameterError: a value out of range.

    >>> schedule = StepDecay(0.8, every=100, factor=0.5)
    >>> schedule(99), schedule(100), schedule(250)
    (0.8, 0.4, 0.2)
    """

    initial: float = hyperparameter(interval=_POSITIVE, positional=True)
    every: int = hyperparameter(interval=_COUNT)
    factor: float = hyperparameter(interval=_FACTOR)

    def __call__(self, step: int) -> float:
        """Return the learning rate of update number `step`."""
        return self.initial * math.pow(self.factor, step // self.every)


@dataclass(frozen=True)
class Exponential(Schedule):
    """The rate is multiplied by the same factor at every update: rate(t) = initial * decay^t.

    Args:
        initial: rate at step 0, above 0.
        decay: factor per update, in (0, 1]; one that halves the rate in n updates is 0.5 ** (1 / n).

    Raises:
        HyperparameterError: a value out of range.

    >>> Exponential(0.8, decay=0.5)(2)
    0.2
    """

    initial: float = hyperparameter(interval=_POSITIVE, positional=True)
    decay: float = hyperparameter(interval=_FACTOR)

    def __call__(self, step: int) -> float:
        """Return the learning rate of update number `step`."""
        return self.initial * math.pow(self.decay, step)


@dataclass(frozen=True)
class Polynomial(Schedule):
    """The rate goes from `initial` to `final` along a power of the time left:

        rate(t) = final + (initial - final) (1 - t / steps)^power     for t <= steps, then final.

    ``power=1`` is a straight line. A `final` above `initial` makes the rate rise.

    Args:
        initial: rate at step 0, above 0.
        final: rate from step `steps` on, at least 0; default 0.
        steps: updates until `final` is reached, at least 1.
        power: exponent, above 0; default 1.

    Raises:
        HyperparameterError: a value out of range.

    >>> schedule = Polynomial(1.0, final=0.5, steps=10)
    >>> schedule(0), schedule(5), schedule(10), schedule(99)
    (1.0, 0.75, 0.5, 0.5)
    """

    initial: float = hyperparameter(interval=_POSITIVE, positional=True)
    final: float = hyperparameter(0.0, interval=_NOT_NEGATIVE)
    steps: int = hyperparameter(interval=_COUNT)
    power: float = hyperparameter(1.0, interval=_POSITIVE)

    def __call__(self, step: int) -> float:
        """Return the learning rate of update number `step`."""
        left = 1 - min(step, self.steps) / self.steps
        return _between(self.initial, self.final, math.pow(left, self.power))


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine from `initial` to `final`, with linear warm-up and warm restarts if asked for.

        rate(t) = initial (t + 1) / (warmup + 1)                               while t < warmup,
        rate(t) = final + (peak_i - final) (1 + cos(pi t_i / T_i)) / 2         in period i,

    where t_i is the number of updates since period i began, T_0 = steps - warmup,
    T_i = T_0 * period_factor^i and peak_i = final + (initial - final) * peak_factor^i. There are
    ``1 + restarts`` periods; after the last one the rate stays at `final`.

    From SGDR (Loshchilov & Hutter, 2017). The first update of the warm-up already moves, where optax
    and transformers begin with a rate of 0 and waste it. `steps` counts the warm-up, as in optax.
    PyTorch's CosineAnnealingLR rises again after its end.

    Args:
        initial: rate after the warm-up, above 0.
        steps: updates until the end of the first period, warm-up included; above `warmup`.
        final: rate at the end, at least 0; default 0.
        warmup: updates with a rising rate, at least 0; default 0. Restarts are not warmed up.
        restarts: periods that follow the first, at least 0; default 0.
        period_factor: each period is this many times as long as the one before, at least 1; default 1.
        peak_factor: each period starts this much lower above `final`, in (0, 1]; default 1.

    Raises:
        HyperparameterError: a value out of range, or `warmup` not below `steps`.

    >>> schedule = Cosine(1.0, steps=14, warmup=4)
    >>> [schedule(t) for t in (0, 1, 4, 9, 14, 1000)]
    [0.2, 0.4, 1.0, 0.5, 0.0, 0.0]
    >>> restarted = Cosine(1.0, steps=10, restarts=1, period_factor=2, peak_factor=0.5)
    >>> [restarted(t) for t in (0, 5, 10, 20, 30)]
    [1.0, 0.5, 0.5, 0.25, 0.0]
    """

    initial: float = hyperparameter(interval=_POSITIVE, positional=True)
    steps: int = hyperparameter(interval=_COUNT)
    final: float = hyperparameter(0.0, interval=_NOT_NEGATIVE)
    warmup: int = hyperparameter(0, interval=_COUNT_OR_ZERO)
    restarts: int = hyperparameter(0, interval=_COUNT_OR_ZERO)
    period_factor: float = hyperparameter(1.0, interval=Interval(1, math.inf, "left"))
    peak_factor: float = hyperparameter(1.0, interval=_FACTOR)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.warmup >= self.steps:
            raise HyperparameterError(
                f"Cosine warmup must lie below steps, which counts it; got warmup={self.warmup}, "
                f"steps={self.steps}."
            )

    def __call__(self, step: int) -> float:
        """Return the learning rate of update number `step`."""
        if step < self.warmup:
            return self.initial * float(step + 1) / (self.warmup + 1)
        time, period, peak = float(step - self.warmup), float(self.steps - self.warmup), self.initial
        for _ in range(self.restarts):
            if time < period:
                break
            time -= period
            period *= self.period_factor
            peak = self.final + (peak - self.final) * self.peak_factor
        return _half_cosine(peak, self.final, min(time / period, 1.0))


@dataclass(frozen=True)
class OneCycle(Schedule):
    """One rise and one long fall, each half a cosine: the 1cycle policy (Smith & Topin, 2019).

        start = peak / initial_divisor      rises to  peak   until  top = warmup_fraction * steps - 1,
        peak                                falls to  final  until  last = steps - 1,

    with final = start / final_divisor, which later steps keep. This is the two-phase cosine form that
    PyTorch and fastai made known, with the same defaults; the paper's own is linear in three phases
    and also cycles the momentum, which this does not.

    Args:
        peak: the highest rate, above 0.
        steps: updates of the whole cycle, at least 1.
        warmup_fraction: share of the steps that rise, in (0, 1); default 0.3.
        initial_divisor: peak over the first rate, at least 1; default 25.
        final_divisor: first rate over the last one, at least 1; default 10 000.

    Raises:
        HyperparameterError: a value out of range.

    >>> schedule = OneCycle(1.0, steps=100)
    >>> schedule(0), schedule(29), schedule(99) < 1e-5
    (0.04, 1.0, True)
    """

    peak: float = hyperparameter(interval=_POSITIVE, positional=True)
    steps: int = hyperparameter(interval=_COUNT)
    warmup_fraction: float = hyperparameter(0.3, interval=Interval(0, 1, "neither"))
    initial_divisor: float = hyperparameter(25.0, interval=Interval(1, math.inf, "left"))
    final_divisor: float = hyperparameter(1e4, interval=Interval(1, math.inf, "left"))

    def __call__(self, step: int) -> float:
        """Return the learning rate of update number `step`."""
        start = self.peak / self.initial_divisor
        final = start / self.final_divisor
        top, last = max(self.warmup_fraction * self.steps - 1, 0.0), self.steps - 1
        if step >= last:
            return final
        if step < top:
            return _half_cosine(start, self.peak, step / top)
        return _half_cosine(self.peak, final, (step - top) / (last - top))


BY_NAME: dict[str, type[Schedule]] = {
    "constant": Constant,
    "cosine": Cosine,
    "exponential": Exponential,
    "inverse_time": InverseTime,
    "one_cycle": OneCycle,
    "polynomial": Polynomial,
    "step": StepDecay,
}
"""Short names of all schedules."""


def _half_cosine(start: float, end: float, progress: float) -> float:
    return _between(start, end, (1 + math.cos(math.pi * progress)) / 2)


def _between(start: float, end: float, share: float) -> float:
    return start * share + end * (1 - share)  # exactly `start` at 1 and `end` at 0
