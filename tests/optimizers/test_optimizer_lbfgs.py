"""L-BFGS: minima, limits, callbacks, and what happens when the loss is not finite."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

from glassnet.errors import HyperparameterError, NonFiniteError
from glassnet.optimizers import LBFGS, LBFGSResult
from glassnet.registry import from_config, resolve


class Problem:
    """A loss of flat values whose gradients are written into one array, as a network does it."""

    def __init__(self, loss, slope, start, dtype="float64"):
        self.values = np.array(start, dtype)
        self.gradients = np.zeros_like(self.values)
        self.loss, self.slope, self.calls = loss, slope, 0

    def __call__(self):
        self.calls += 1
        self.gradients[:] = self.slope(self.values)
        return self.loss(self.values), self.gradients


def rosenbrock(start=(-1.2, 1.0, 0.5, -0.7), dtype="float64"):
    return Problem(rosen, rosen_der, start, dtype)


def bowl(size=30, dtype="float64"):
    curvature = np.logspace(0, 3, size)
    return Problem(
        lambda x: float(0.5 * curvature @ (x - 1) ** 2), lambda x: curvature * (x - 1), np.zeros(size), dtype
    )


def test_quadratic_bowl():
    problem = bowl()
    result = LBFGS().minimize(problem, problem.values)
    assert result.converged
    assert result.evaluations == problem.calls
    np.testing.assert_allclose(problem.values, 1, atol=1e-3)


def test_rosenbrock():
    problem = rosenbrock()
    result = LBFGS(loss_tolerance=0, tolerance=1e-8).minimize(problem, problem.values)
    assert result.converged
    assert result.loss == pytest.approx(0, abs=1e-15)
    np.testing.assert_allclose(problem.values, 1, atol=1e-8)


def test_tolerances():
    problem = bowl()
    result = LBFGS(loss_tolerance=0, tolerance=0.5).minimize(problem, problem.values)
    assert result.converged
    assert result.message == "converged: gradients within the tolerance"
    assert 1e-5 < np.abs(problem.slope(problem.values)).max() <= 0.5
    problem = rosenbrock()
    result = LBFGS(loss_tolerance=0.1, tolerance=0).minimize(problem, problem.values)
    assert result.converged
    assert result.message == "converged: the loss changes within the tolerance"
    assert result.iterations < 30


def test_same_path_as_scipy():
    problem = rosenbrock()
    result = LBFGS(history_size=4, max_iterations=7).minimize(problem, problem.values)
    start = [-1.2, 1.0, 0.5, -0.7]
    theirs = minimize(rosen, start, jac=rosen_der, method="L-BFGS-B", options={"maxcor": 4, "maxiter": 7})
    np.testing.assert_array_equal(problem.values, theirs.x)
    assert (result.iterations, result.evaluations, result.loss) == (theirs.nit, theirs.nfev, theirs.fun)


@pytest.mark.parametrize("make", [bowl, rosenbrock])
def test_float32(make):
    problem = make(dtype="float32")
    values = problem.values
    result = LBFGS().minimize(problem, values)
    assert values is problem.values
    assert values.dtype == np.float32
    assert result.loss < 1e-5
    np.testing.assert_allclose(values, 1, atol=5e-3)


def test_limits():
    problem = rosenbrock()
    result = LBFGS(max_iterations=3).minimize(problem, problem.values)
    assert (result.iterations, result.converged, result.message) == (3, False, "max_iterations reached")
    assert result.loss == rosen(problem.values)
    problem = rosenbrock()
    result = LBFGS(max_function_evaluations=4).minimize(problem, problem.values)
    assert (result.converged, result.message) == (False, "max_function_evaluations reached")


@pytest.mark.parametrize(("own", "call", "iterations"), [(5, 2, 2), (2, 5, 2), (4, None, 4)])
def test_lower_of_two_iteration_limits(own, call, iterations):
    problem = rosenbrock()
    result = LBFGS(max_iterations=own).minimize(problem, problem.values, max_iterations=call)
    assert result.iterations == iterations


def test_callback_sees_every_iteration():
    problem, seen = rosenbrock(), []

    def callback(iteration, loss):
        assert loss == rosen(problem.values)
        seen.append((iteration, loss))

    result = LBFGS().minimize(problem, problem.values, callback)
    assert [iteration for iteration, _ in seen] == list(range(1, result.iterations + 1))
    losses = [loss for _, loss in seen]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] == result.loss


def test_callback_stops():
    problem, where = rosenbrock(), []

    def callback(iteration, loss):
        where.append(problem.values.copy())
        return iteration == 4

    result = LBFGS().minimize(problem, problem.values, callback)
    assert (result.iterations, result.converged) == (4, False)
    assert result.message == "stopped by the callback"
    np.testing.assert_array_equal(problem.values, where[-1])


@pytest.mark.parametrize("from_callback", [True, False])
def test_an_exception_leaves_the_last_iteration(from_callback):
    problem, where = rosenbrock(), []

    def function():
        if not from_callback and len(where) == 3:
            raise KeyboardInterrupt
        return problem()

    def callback(iteration, loss):
        where.append(problem.values.copy())
        if from_callback and iteration == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LBFGS().minimize(function, problem.values, callback)
    np.testing.assert_array_equal(problem.values, where[-1])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite_at_the_start(bad):
    problem = rosenbrock()
    start = problem.values.copy()
    with pytest.raises(NonFiniteError, match=f"cannot start: the loss is {bad}"):
        LBFGS().minimize(lambda: (bad, problem.gradients), problem.values)
    with pytest.raises(NonFiniteError, match="1 of 4 gradients are not finite"):
        LBFGS().minimize(lambda: (1.0, np.array([0, bad, 0, 0])), problem.values)
    np.testing.assert_array_equal(problem.values, start)


@pytest.mark.parametrize("how", ["nan", "inf", "gradient", "raise"])
def test_steps_back_from_where_the_loss_is_not_finite(how):
    met = []

    def barrier():  # -log(1 - 100 x^2) + x, minimum at 1 - sqrt(1.01); nothing outside (-0.1, 0.1)
        x = values[0]
        if abs(x) < 0.1:
            return float(-np.log(1 - 100 * x**2) + x), 200 * values / (1 - 100 * values**2) + 1
        met.append(x)
        if how == "raise":
            raise NonFiniteError("The loss became nan.")
        return (0.0 if how == "gradient" else float(how)), np.full(1, np.nan)

    values = np.array([0.09])
    result = LBFGS(tolerance=1e-6, loss_tolerance=0).minimize(barrier, values)
    assert met
    assert result.converged
    assert values[0] == pytest.approx(1 - np.sqrt(1.01), abs=1e-7)


def test_a_gradient_that_lies_ends_without_convergence():
    problem = rosenbrock()
    start = problem.values.copy()
    result = LBFGS().minimize(lambda: (rosen(problem.values), -rosen_der(problem.values)), problem.values)
    assert not result.converged
    assert result.message.startswith("no lower loss was found")
    np.testing.assert_array_equal(problem.values, start)


def test_sizes_zero_and_one():
    values = np.array([3.0])
    result = LBFGS().minimize(lambda: (float(values[0] ** 2), 2 * values), values)
    assert result.converged
    assert abs(values[0]) < 1e-5
    empty = np.zeros(0)
    result = LBFGS().minimize(lambda: (1.5, empty), empty)
    assert isinstance(result, LBFGSResult)
    assert (result.loss, result.iterations) == (1.5, 0)


def test_at_the_minimum_already():
    problem = rosenbrock((1, 1, 1, 1))
    result = LBFGS().minimize(problem, problem.values)
    assert (result.iterations, result.evaluations, result.converged) == (0, 1, True)


def test_it_has_no_single_update():
    optimizer, values = LBFGS(), np.zeros(2)
    state = optimizer.create_state(values, 1)
    assert state.slots == {}
    with pytest.raises(HyperparameterError, match=r"all samples at once and has no single update.*fit"):
        optimizer.update(values, np.zeros(2), state)


def test_it_takes_no_learning_rate():
    with pytest.raises(TypeError, match="learning_rate"):
        LBFGS(learning_rate=0.1)
    config = LBFGS(history_size=3).config()
    assert set(config) == {
        "class", "max_iterations", "max_function_evaluations", "history_size", "tolerance", "loss_tolerance"
    }  # fmt: skip
    assert from_config("optimizer", config) == LBFGS(history_size=3)
    assert resolve("optimizer", "lbfgs") == LBFGS()
    assert "learning_rate" not in repr(LBFGS())


def test_scipy_is_imported_only_when_needed():
    code = "import sys, glassnet.optimizers; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
