"""What users write themselves works as before where kernels are fused, compiled or given no memory."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import glassnet as gn
from glassnet import kernels

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 3)), RNG.integers(0, 3, 40)


class Doubled:
    def backward(self, gradient, z, a, out, buffers):
        super().backward(gradient, z, a, out, buffers)
        out *= 2


class DoubledReLU(Doubled, gn.ReLU):
    pass


class OwnReLU(gn.ReLU):
    def backward(self, gradient, z, a, out, buffers):
        super().backward(gradient, z, a, out, buffers)
        out *= 2


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", [DoubledReLU, OwnReLU])
def test_a_backward_of_ones_own_over_a_built_in_one_counts(kind, bias):
    gradients = []
    for activation in (gn.ReLU(), kind()):
        layer = gn.Dense(4, activation=activation, bias=bias, initializer="he_normal")
        net = gn.Network([layer], seed=0, dtype="float64").build(3)
        net.backward(np.ones_like(net.forward(X, training=True)))
        gradients.append(net.gradients.flat.copy())
    assert gradients[0].any()
    np.testing.assert_allclose(gradients[1], 2 * gradients[0], rtol=1e-13)


def test_a_penalty_of_a_subclass_of_dense_is_asked():
    class Costly(gn.Dense):
        def penalize(self, context, add_gradient):
            return 1.0

    plain, costly = (gn.Network([kind(3)], seed=0).build(3) for kind in (gn.Dense, Costly))
    losses = [net.evaluate(X, Y, loss="softmax_cross_entropy")["loss"] for net in (plain, costly)]
    assert losses[1] == pytest.approx(losses[0] + 1)


@pytest.mark.parametrize("batch_size", [None, 10])
def test_a_loss_that_writes_into_its_targets_is_stopped(batch_size):
    class Careless(gn.losses.Loss):
        def value_and_gradient(self, outputs, targets, sample_weight=None):
            targets *= 2
            return float(targets.sum()), np.zeros_like(outputs)

    y = np.ones(40, np.float32)
    net = gn.Network([gn.Dense(1)], seed=0)
    with pytest.raises(ValueError, match="read-only"):
        net.fit(X, y, loss=Careless(), epochs=3, batch_size=batch_size)
    assert (y == 1).all()


def test_matrix_targets_of_a_whole_batch_are_not_copied():
    targets = np.ascontiguousarray(X.astype(np.float32))
    seen = []

    class Look(gn.losses.MeanSquaredError):
        def compute(self, outputs, targets, sample_weight, buffers):
            seen.append(targets)
            return super().compute(outputs, targets, sample_weight, buffers)

    gn.Network([gn.Dense(3)], seed=0).fit(targets, targets, loss=Look(), epochs=2, batch_size=None)
    assert all(np.shares_memory(one, targets) and not one.flags.writeable for one in seen)


def test_an_optimiser_of_ones_own_has_its_work_memory():
    class Slow(gn.optimizers.Optimizer):
        def apply(self, values, gradients, state, learning_rate):
            work = state.scratch[0, : values.size]
            np.multiply(gradients, learning_rate, out=work)
            values -= work

    before = kernels.chosen()
    try:
        for choice in ("numpy", "auto"):
            kernels.use(choice)
            net = gn.Network([gn.Dense(3)], seed=0)
            net.fit(X, Y, loss="softmax_cross_entropy", optimizer=Slow(0.1), epochs=1)
    finally:
        kernels.use(before)


def test_a_read_only_gradient_of_a_layer_of_ones_own_is_copied():
    class Mean(gn.layers.Layer):
        def build(self, n_inputs, scope):
            return 1

        def forward(self, inputs, context):
            context.saved["shape"] = inputs.shape
            return inputs.mean(axis=1, keepdims=True)

        def backward(self, gradient, context):
            shape = context.saved["shape"]
            return np.broadcast_to(gradient / shape[1], shape)

    net = gn.Network([gn.Dense(4, activation="relu"), Mean(), gn.Dense(3)], seed=0, dtype="float64").build(3)
    assert gn.check_gradients(net, X, Y, gn.SoftmaxCrossEntropy()).passed


@pytest.mark.parametrize("how", ["jit", "library"])
def test_numba_that_cannot_compile_is_passed_over(how, tmp_path):
    setup = {
        "jit": "import os; os.environ['NUMBA_DISABLE_JIT'] = '1'",
        "library": f"import sys; sys.path.insert(0, {str(tmp_path)!r})",
    }[how]
    (tmp_path / "numba").mkdir()
    (tmp_path / "numba" / "__init__.py").write_text("raise OSError('libLLVM is missing')")
    code = f"""
{setup}
import numpy as np, glassnet as gn
gn.Network([gn.Dense(2)], seed=0).fit(np.eye(4), [0, 1, 0, 1], loss="softmax_cross_entropy", epochs=1)
assert gn.kernels.chosen() == "numpy"
try:
    gn.kernels.use("numba")
except gn.MissingDependencyError as error:
    assert "glassnet[fast]" in str(error)
else:
    raise SystemExit("no error")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Compiled kernels are left out" in done.stderr


def test_sparse_input_to_a_network_is_refused_with_the_way_out():
    sparse = pytest.importorskip("scipy.sparse").csr_array(X)
    with pytest.raises(gn.DataError, match=r"X is sparse: give X\.toarray"):
        gn.Network([gn.Dense(3)], seed=0).fit(sparse, Y, loss="softmax_cross_entropy")
