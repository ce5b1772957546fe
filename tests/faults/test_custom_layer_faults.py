"""A layer of one's own that breaks the rules is named in the error, with what it should have done."""

from dataclasses import dataclass

import numpy as np
import pytest

import glassnet as gn


@dataclass(frozen=True)
class Scale(gn.layers.Layer):
    """y = x * factor; the classes below each spoil one thing."""

    def build(self, n_inputs, scope):
        scope.parameter("factor", (n_inputs,), gn.initializers.Constant(2.0), decay=False)
        return n_inputs

    def forward(self, inputs, context):
        context.saved["inputs"] = inputs
        return inputs * context.parameters["factor"]

    def backward(self, gradient, context):
        np.sum(gradient * context.saved["inputs"], axis=0, out=context.gradients["factor"])
        return gradient * context.parameters["factor"]


@dataclass(frozen=True)
class ForwardShape(Scale):
    def forward(self, inputs, context):
        return super().forward(inputs, context)[:, :-1]


@dataclass(frozen=True)
class ForwardNone(Scale):
    def forward(self, inputs, context):
        super().forward(inputs, context)


@dataclass(frozen=True)
class ForwardList(Scale):
    def forward(self, inputs, context):
        return super().forward(inputs, context).tolist()


@dataclass(frozen=True)
class BackwardShape(Scale):
    def backward(self, gradient, context):
        return super().backward(gradient, context)[:-1]


@dataclass(frozen=True)
class BackwardNone(Scale):
    def backward(self, gradient, context):
        super().backward(gradient, context)


@dataclass(frozen=True)
class BackwardTuple(Scale):
    def backward(self, gradient, context):
        return super().backward(gradient, context), None


@dataclass(frozen=True)
class Forgets(Scale):
    def backward(self, gradient, context):
        return gradient * context.parameters["factor"]


@dataclass(frozen=True)
class ForgetsOne(Scale):
    def backward(self, gradient, context):
        below = super().backward(gradient.copy(), context)
        whole = context.gradients["factor"].copy()
        context.gradients["factor"].fill(np.float32(np.nan))
        self.mark(context)
        context.gradients["factor"][1:] = whole[1:]
        return below

    def mark(self, context):
        """Put back what was there before: as if the first element had never been touched."""
        from glassnet.passes import _MARK

        view = context.gradients["factor"]
        view.view(_MARK[view.dtype].dtype)[...] = _MARK[view.dtype]


@dataclass(frozen=True)
class Rebinds(Scale):
    def backward(self, gradient, context):
        context.gradients["factor"] = np.sum(gradient * context.saved["inputs"], axis=0)
        return gradient * context.parameters["factor"]


@dataclass(frozen=True)
class Adds(Scale):
    def backward(self, gradient, context):
        context.gradients["factor"] += np.sum(gradient * context.saved["inputs"], axis=0)
        return gradient * context.parameters["factor"]


@dataclass(frozen=True)
class BuildNone(Scale):
    def build(self, n_inputs, scope):
        super().build(n_inputs, scope)


FAULTS = [
    (ForwardShape, gn.ShapeError, r"forwardshape1 \(ForwardShape\) promised .* \(8, 4\) .* returned shape"),
    (ForwardNone, gn.ShapeError, r"forwardnone1 \(ForwardNone\) promised outputs .* returned None"),
    (ForwardList, gn.ShapeError, r"forwardlist1 \(ForwardList\) promised outputs"),
    (
        BackwardShape,
        gn.GradientError,
        r"backwardshape1 \(BackwardShape\) backward\(\) must return .* \(8, 4\)",
    ),
    (BackwardNone, gn.GradientError, r"backwardnone1 \(BackwardNone\) backward\(\) returned None"),
    (BackwardTuple, gn.GradientError, r"backwardtuple1 \(BackwardTuple\) backward\(\) must return"),
    (Forgets, gn.GradientError, r"forgets1 \(Forgets\) backward\(\) left 4 of 4 .*\['factor'\] unwritten"),
    (ForgetsOne, gn.GradientError, r"forgetsone1 \(ForgetsOne\) backward\(\) left 1 of 4 elements"),
    (Rebinds, gn.GradientError, r"rebinds1 \(Rebinds\) backward\(\) left 4 of 4 .* in place"),
    (Adds, gn.GradientError, r"adds1 \(Adds\) backward\(\) left 4 of 4 elements"),
    (BuildNone, gn.ShapeError, r"buildnone1: build\(\) must return the number of outputs, got None"),
]


def data():
    return np.random.default_rng(0).normal(size=(16, 4)), np.arange(16) % 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(("layer", "error", "message"), FAULTS)
def test_a_layer_that_breaks_the_rules_is_named(layer, error, message, nested, dtype):
    own = gn.Residual([layer()]) if nested else layer()
    net = gn.Network([gn.Dense(4), own, gn.Dense(2)], seed=0, dtype=dtype)
    with pytest.raises(error, match=message):
        net.fit(*data(), loss="softmax_cross_entropy", batch_size=8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_layer_that_keeps_the_rules_trains(dtype):
    net = gn.Network([Scale(), gn.Residual([Scale()]), gn.Dense(2)], seed=0, dtype=dtype)
    net.fit(*data(), loss="softmax_cross_entropy", epochs=3)
    assert np.isfinite(net.parameters.values).all()
    assert np.isfinite(net.gradients["scale1.factor"]).all()


def test_a_true_nan_is_not_taken_for_a_forgotten_gradient():
    net = gn.Network([Scale(), gn.Dense(2)], seed=0).build(4)
    net.forward(data()[0])
    net.backward(np.full((16, 2), np.nan))
    assert np.isnan(net.gradients["scale1.factor"]).all()


def test_layers_of_glassnet_are_not_looked_at_again():
    net = gn.Network([gn.Dense(4), gn.Residual([gn.Dense(4)])], seed=0).build(4)
    assert net.new_pass().unproven == []
