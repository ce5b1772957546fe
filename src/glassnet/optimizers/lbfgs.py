"""L-BFGS: a quasi-Newton method on all samples at once, through SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from glassnet._typing import Array
from glassnet.errors import HyperparameterError, NonFiniteError
from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.optimizers.base import Optimizer, OptimizerState
from glassnet.schedules import Schedule

__all__ = ["LBFGS", "LBFGSResult"]

COUNT = Interval(1, math.inf, "left", integer=True)
TOLERANCE = Interval(0, math.inf, "left")

Objective: TypeAlias = Callable[[], tuple[float, Array]]
Callback: TypeAlias = Callable[[int, float], "bool | None"]


@dataclass(frozen=True)
class LBFGSResult:
    """How a minimisation went."""

    iterations: int
    """Line searches done."""
    evaluations: int
    """Times that loss and gradients were computed."""
    loss: float
    """The loss at the values it ended with."""
    converged: bool
    """True if one of the two tolerances was met; False at a limit, a stop, or a failed line search."""
    message: str
    """Why it ended, in words."""


@dataclass(frozen=True)
class LBFGS(Optimizer):
    """Limited-memory BFGS: curvature from the last gradients, and no learning rate to choose.

    Each iteration moves along -H g, where H approximates the inverse Hessian from the last
    `history_size` changes of values and gradients, by a step that satisfies the strong Wolfe
    conditions. The loss must be a fixed function, so it sees all samples at once and has no
    single update: give it to ``fit``, or call :meth:`minimize`. For small data it often beats
    every other rule. It takes no learning rate, decay or clipping.

    The algorithm is SciPy's L-BFGS-B, which scikit-learn uses too. PyTorch's LBFGS has by
    default no line search at all.

    Args:
        max_iterations: at least 1; default 200.
        max_function_evaluations: at least 1; default 15000. Looked at between iterations.
        history_size: at least 1, pairs remembered; default 10 (PyTorch: 100). Each costs
            two arrays in float64.
        tolerance: at least 0: converged once no gradient element is larger; default 1e-5.
        loss_tolerance: at least 0: converged once an iteration lowers the loss by less than this share
            of max(|loss|, 1); default 2.2e-9. The resolution of the values' dtype is taken if larger.

    Raises:
        HyperparameterError: a value outside its range.

    Source: Liu & Nocedal, "On the limited memory BFGS method for large scale optimization" (1989);
    Zhu, Byrd, Lu & Nocedal, "Algorithm 778: L-BFGS-B" (1997).

    >>> import numpy as np
    >>> from glassnet.optimizers import LBFGS
    >>> values, gradients = np.array([4.0, -3.0]), np.empty(2)
    >>> def bowl():
    ...     np.multiply([2, 20], values - 1, out=gradients)
    ...     return float(np.dot([1, 10], (values - 1) ** 2)), gradients
    >>> result = LBFGS().minimize(bowl, values)
    >>> result.converged, values.round(4)
    (True, array([1., 1.]))
    """

    # What the update of the other rules reads; not hyperparameters of this one.
    learning_rate: float | Schedule = field(default=1.0, init=False, repr=False)
    weight_decay: float = field(default=0.0, init=False, repr=False)
    clip_norm: float | None = field(default=None, init=False, repr=False)
    clip_value: float | None = field(default=None, init=False, repr=False)

    max_iterations: int = hyperparameter(200, interval=COUNT)
    max_function_evaluations: int = hyperparameter(15_000, interval=COUNT)
    history_size: int = hyperparameter(10, interval=COUNT)
    tolerance: float = hyperparameter(1e-5, interval=TOLERANCE)
    loss_tolerance: float = hyperparameter(2.220446049250313e-9, interval=TOLERANCE)

    def minimize(
        self,
        function: Objective,
        values: Array,
        callback: Callback | None = None,
        max_iterations: int | None = None,
    ) -> LBFGSResult:
        """Change `values` in place until the loss is at a minimum or a limit is reached.

        Args:
            function: called without arguments, returns the loss at the present `values` and the
                (n,) gradients, which it may overwrite at the next call.
            values: (n,) parameters. The method works in float64 and casts to their dtype.
            callback: called after each iteration as callback(iteration, loss), the first being 1,
                with `values` as that iteration left them; a true return value ends it there.
            max_iterations: a limit for this call; the hyperparameter holds too.

        Raises:
            NonFiniteError: loss or gradients are NaN or infinite at the start. From later trial
                points of that kind (or where `function` raises this error) it steps back.

        If `function` or `callback` raises, `values` hold the last finished iteration.
        """
        from scipy.optimize import minimize  # heavy: loaded when first needed

        limit = self.max_iterations if max_iterations is None else min(max_iterations, self.max_iterations)
        search = _Search(function, values, values.astype(np.float64), callback)
        try:
            result = minimize(
                search.evaluate,
                search.accepted.copy(),
                jac=True,
                method="L-BFGS-B",
                callback=search.finish_iteration,
                options={
                    "maxiter": limit,
                    "maxfun": self.max_function_evaluations,
                    "maxcor": self.history_size,
                    "gtol": self.tolerance,
                    "ftol": max(self.loss_tolerance, float(np.finfo(values.dtype).eps)),
                },
            )
            search.accepted[:] = result.x
        finally:
            values[:] = search.accepted
        if result.success:
            flat = bool(np.abs(result.jac).max() <= self.tolerance)
            message = f"converged: {'gradients' if flat else 'the loss changes'} within the tolerance"
        elif search.stopped:
            message = "stopped by the callback"
        elif result.status == 1:
            name = "max_iterations" if result.nit >= limit else "max_function_evaluations"
            message = f"{name} reached"
        else:
            message = f"no lower loss was found along the search direction ({result.message.strip(': ')})"
        return LBFGSResult(search.iterations, search.evaluations, search.loss, bool(result.success), message)

    def update(self, values: Array, gradients: Array, state: OptimizerState) -> None:
        """Raise HyperparameterError: the method has no single update."""
        raise HyperparameterError(
            "LBFGS works on all samples at once and has no single update; give it to fit(optimizer=...) "
            "or call its minimize(), or choose another optimiser, such as Adam(), for updates by batch."
        )


@dataclass
class _Search:
    """What SciPy calls: it moves `values` to the point asked about and copies the answer out."""

    function: Objective
    values: Array
    accepted: Array
    callback: Callback | None
    evaluations: int = 0
    iterations: int = 0
    loss: float = math.nan
    stopped: bool = False

    def evaluate(self, point: Array) -> tuple[float, Array]:
        self.values[:] = point
        self.evaluations += 1
        try:
            loss, gradients = self.function()
        except NonFiniteError:
            if self.evaluations == 1:
                raise
            loss, gradients = math.nan, point
        loss, slope = float(loss), np.array(gradients, np.float64)
        finite = math.isfinite(loss) and bool(np.isfinite(slope).all())
        if self.evaluations == 1:
            if not finite:
                raise NonFiniteError(
                    f"LBFGS cannot start: the loss is {loss} and {int((~np.isfinite(slope)).sum())} of "
                    f"{slope.size} gradients are not finite. Scale the inputs or the first weights."
                )
            self.loss = loss
        elif not finite:  # a finite loss above the accepted one, flat: the line search steps back
            loss = self.loss + 10 * (1 + abs(self.loss))
            slope.fill(0)
        return loss, slope

    def finish_iteration(self, intermediate_result: Any) -> None:
        self.accepted[:] = intermediate_result.x
        self.values[:] = self.accepted
        self.loss = float(intermediate_result.fun)
        self.iterations += 1
        if self.callback is not None and self.callback(self.iterations, self.loss):
            self.stopped = True
            raise StopIteration
