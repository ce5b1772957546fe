"""Gradient check: the network's own gradients against central differences."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import Array
from glassnet.checks import as_features, as_weights
from glassnet.errors import HyperparameterError, ShapeError
from glassnet.registry import resolve

if TYPE_CHECKING:
    from glassnet.losses import Loss
    from glassnet.network import Network

__all__ = ["GradientReport", "check_gradients"]


@dataclass(frozen=True)
class ParameterError:
    """The worst element of one parameter."""

    relative_error: float
    index: tuple[int, ...]
    analytic: float
    numeric: float
    checked: int
    """Elements compared."""
    kinks: int
    """Elements left out because the loss is not smooth there (ReLU at 0)."""


@dataclass(frozen=True)
class GradientReport:
    """Worst relative error per parameter; true in a condition if all are within the tolerance."""

    parameters: dict[str, ParameterError]
    tolerance: float

    @property
    def worst(self) -> float:
        """The largest relative error of all."""
        return max((error.relative_error for error in self.parameters.values()), default=0.0)

    @property
    def passed(self) -> bool:
        """Whether every parameter is within the tolerance."""
        return self.worst <= self.tolerance

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        width = max([len("parameter"), *map(len, self.parameters)])
        lines = [
            f"{'parameter':<{width}}  worst relative error  at           analytic       numeric  checked"
        ]
        for name, e in self.parameters.items():
            place = "(" + ", ".join(map(str, e.index)) + ")"
            kinks = f"  ({e.kinks} at kinks left out)" if e.kinks else ""
            bad = "" if e.relative_error <= self.tolerance else "  <-- differs"
            lines.append(
                f"{name:<{width}}  {e.relative_error:<20.2e}  {place:<10}  {e.analytic:12.5e}"
                f"  {e.numeric:12.5e}  {e.checked:7d}{kinks}{bad}"
            )
        verdict = "agree" if self.passed else "DO NOT agree"
        lines.append(f"The gradients {verdict} with central differences (tolerance {self.tolerance:g}).")
        return "\n".join(lines)


def check_gradients(
    network: Network,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    loss: Loss | str,
    *,
    sample_weight: npt.ArrayLike | None = None,
    training: bool = True,
    step: float = 1e-5,
    tolerance: float = 1e-6,
    max_per_parameter: int = 200,
    seed: int = 0,
) -> GradientReport:
    """Compare every gradient of one pass with central differences, in float64.

    For a parameter p the numeric derivative is (L(p + h) - L(p - h)) / (2 h), h = step * max(1, |p|).
    The relative error is |analytic - numeric| / max(|analytic|, |numeric|, floor), where the floor is
    1e-4 of the network's largest gradient, or what the rounding of the two losses lets be seen. The
    network itself is left untouched: a float64 copy is checked.

    Where the loss has a kink within the step (ReLU at 0), the two one-sided differences disagree and
    no derivative exists to compare with: such elements are counted as `kinks`, not as errors.

    Args:
        network: any network, with layers of ours or your own; built here if need be.
        X, y: rows to check with; a handful suffices.
        loss: a loss of ours or your own.
        sample_weight: (n_samples,) or None.
        training: check the training pass (dropout draws the same mask each time); False checks
            the prediction pass.
        step: relative step h, above 0.
        tolerance: largest relative error that passes.
        max_per_parameter: elements compared per parameter, chosen at random by `seed`.

    Returns:
        A report that prints as a table and is true if all gradients agree.

    >>> import numpy as np, glassnet as gn
    >>> X, y = gn.datasets.spiral(n_per_class=5, seed=0)
    >>> net = gn.Network([gn.Dense(4, activation="tanh"), gn.Dense(3)], seed=0)
    >>> bool(gn.check_gradients(net, X, y, gn.SoftmaxCrossEntropy()))
    True
    """
    if not step > 0 or not tolerance > 0 or max_per_parameter < 1:
        raise HyperparameterError(
            "check_gradients step and tolerance must be above 0 and max_per_parameter at least 1; "
            f"got {step!r}, {tolerance!r}, {max_per_parameter!r}."
        )
    chosen: Loss = resolve("loss", loss)
    inputs = np.ascontiguousarray(as_features(X, network.n_features, dtype=np.float64), np.float64)
    net = double(network, inputs.shape[1])
    if len(np.asarray(y)) != len(inputs):
        raise ShapeError(f"X has {len(inputs)} rows but y has {len(np.asarray(y))}.")
    weights = as_weights(sample_weight, len(inputs), np.float64)
    probe = _Probe(net, inputs, y, chosen, weights, training, seed)
    analytic = probe.gradients()
    generator = np.random.default_rng(seed)
    start_of = _offsets(net)
    compared: dict[str, list[_Compared]] = {}
    for name, view in net.parameters.items():
        places = np.arange(view.size)
        if view.size > max_per_parameter:
            places = np.sort(generator.choice(view.size, max_per_parameter, replace=False))
        compared[name] = [probe.compare(start_of[name], int(place), analytic, step) for place in places]
    scale = max((max(abs(c.analytic), abs(c.numeric)) for cs in compared.values() for c in cs), default=0.0)
    # The difference of two losses carries their rounding: a gradient below this bound cannot be judged.
    rounding = 4 * float(np.finfo(np.float64).eps) * abs(probe.value()) / (step * tolerance)
    floor = max(1e-4 * scale, rounding, 1e-300)
    report = {
        name: _worst(items, net.parameters[name].shape, floor, tolerance, probe, step)
        for name, items in compared.items()
    }
    return GradientReport(report, tolerance)


@dataclass(frozen=True)
class _Compared:
    """One element: where it is, its analytic and numeric gradient, the one-sided quotients."""

    start: int
    place: int
    analytic: float
    numeric: float
    left: float
    right: float


def _worst(
    items: list[_Compared], shape: tuple[int, ...], floor: float, tolerance: float, probe: _Probe, step: float
) -> ParameterError:
    worst, worst_error, kinks = None, -1.0, 0
    for item in items:
        size = max(abs(item.analytic), abs(item.numeric), floor)
        error = abs(item.analytic - item.numeric) / size
        if not math.isfinite(error):
            error = math.inf
        elif error > tolerance and probe.is_kink(item, step):
            kinks += 1
            continue
        if error > worst_error:
            worst, worst_error = item, error
    if worst is None:
        return ParameterError(0.0, (), math.nan, math.nan, 0, kinks)
    index = tuple(int(i) for i in np.unravel_index(worst.place, shape))
    return ParameterError(worst_error, index, worst.analytic, worst.numeric, len(items) - kinks, kinks)


class _Probe:
    """The loss as a function of the flat parameters, with the same dropout masks at every call."""

    def __init__(
        self,
        net: Network,
        inputs: Array,
        y: Any,
        loss: Loss,
        weights: Array | None,
        training: bool,
        seed: int,
    ) -> None:
        self.net, self.inputs, self.y, self.loss, self.weights = net, inputs, y, loss, weights
        self.training, self.seed = training, seed
        self.memory = net.new_pass()
        self.memory.unproven.clear()  # what is never written shows in the report
        self.statistics = net.parameters.statistics.flat.copy()

    def _forward(self) -> tuple[float, Array]:
        self.net.parameters.statistics.flat[...] = self.statistics
        generator = np.random.default_rng(self.seed)
        outputs = self.memory.forward(self.inputs, self.training, generator)
        return self.loss.value_and_gradient(outputs, self.y, self.weights)

    def value(self) -> float:
        """Return the loss with penalties."""
        return self._forward()[0] + self.memory.penalize(add_gradient=False)

    def gradients(self) -> Array:
        """Return the analytic gradients, flat; a parameter whose gradient is never written shows as NaN."""
        flat = self.net.parameters.gradients
        flat.fill(np.nan)
        _, gradient = self._forward()
        self.memory.backward(np.array(gradient))
        self.memory.penalize()
        return flat.copy()

    def compare(self, start: int, place: int, analytic: Array, step: float) -> _Compared:
        """Return one element's analytic gradient beside its difference quotients."""
        numeric, left, right = self.quotients(start + place, step)
        return _Compared(start, place, float(analytic[start + place]), numeric, left, right)

    def quotients(self, place: int, step: float) -> tuple[float, float, float]:
        """Return the central, left and right difference quotients at a place of the flat array."""
        flat = self.net.parameters.values
        kept = float(flat[place])
        h = step * max(1.0, abs(kept))
        middle = self.value()
        flat[place] = high = kept + h
        above = self.value()
        flat[place] = low = kept - h
        below = self.value()
        flat[place] = kept
        return (
            (above - below) / (high - low),
            (middle - below) / (kept - low),
            (above - middle) / (high - kept),
        )

    def is_kink(self, item: _Compared, step: float) -> bool:
        """Tell a kink at or beside the point from a wrong gradient.

        A kink beside the point no longer lies within a smaller h: the finer quotient agrees. At a
        kink the gap between the one-sided quotients stays when h shrinks, and the analytic value
        lies within it.
        """
        rounding = 4 * float(np.finfo(np.float64).eps) * abs(self.value())
        for finer in (8, 64, 512):
            numeric, left, right = self.quotients(item.start + item.place, step / finer)
            size = max(abs(item.analytic), abs(numeric))
            if abs(item.analytic - numeric) <= 1e-5 * size + rounding * finer / step:
                return True
        gap = abs(right - left)
        inside = min(left, right) - 1e-3 * gap <= item.analytic <= max(left, right) + 1e-3 * gap
        return inside and gap > 1e-3 * max(abs(left), abs(right))


def double(network: Network, n_features: int) -> Network:
    """Return a float64 copy of a network, built for `n_features`."""
    from glassnet.network import Network

    twin = Network(network.layers, seed=network.seed, dtype=np.float64).build(n_features)
    if network.built:
        twin.parameters.values[...] = network.parameters.values
        twin.parameters.statistics.flat[...] = network.parameters.statistics.flat
    twin.generators = copy.deepcopy(network.generators)
    return twin


def _offsets(net: Network) -> dict[str, int]:
    offsets, start = {}, 0
    for name, view in net.parameters.items():
        offsets[name] = start
        start += view.size
    return offsets
