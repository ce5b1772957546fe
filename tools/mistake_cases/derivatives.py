"""Wrong derivatives: leaky ReLU, the neighbour's activation, batch normalisation without a backward pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import glassnet as gn
from glassnet.activations import ActivationFunction
from glassnet.hyperparameters import hyperparameter
from glassnet.layers import Layer
from mistake_cases.common import digits, gradient_error, network, number, percent, table, train

# -- the slope assigned, not multiplied ------------------------------------------------------------


@dataclass(frozen=True)
class AssignedLeakyReLU(gn.LeakyReLU):
    def backward(self, gradient, z, a, out, buffers):
        out[...] = gradient
        out[a < 0] = self.slope  # the gradient from above is lost


def leaky_relu() -> str:
    rows = []
    for name, activation in (("multiplied", gn.LeakyReLU(0.01)), ("assigned", AssignedLeakyReLU(0.01))):
        layers = [
            gn.Dense(32, activation=activation, initializer="he_normal"),
            gn.Dense(16, activation=activation, initializer="he_normal"),
            gn.Dense(10),
        ]
        X, y, *_ = digits()
        seen = gn.trace(network(layers), X[:32], y[:32], gn.SoftmaxCrossEntropy())["dense2"]
        below = np.abs(seen.dz[seen.z < 0]).mean()
        result = train(layers)
        rows.append(
            [
                name,
                number(below, 2),
                gradient_error(layers),
                *(number(result.losses[epoch - 1], 2) for epoch in (1, 2, 10)),
                percent(result.test_accuracy),
            ]
        )
    return table(
        [
            "slope",
            "mean size of dZ2 where Z2 < 0",
            "worst relative error of a gradient",
            "loss, epoch 1",
            "epoch 2",
            "epoch 10",
            "test accuracy",
        ],
        rows,
    )


# -- the neighbour's derivative --------------------------------------------------------------------


@dataclass(frozen=True)
class Borrowed(ActivationFunction):
    """Goes forward with a function of its own and backward with the neighbour's."""

    own: ActivationFunction = hyperparameter(kind="activation", positional=True)
    neighbour: ActivationFunction = hyperparameter(kind="activation", positional=True)

    def forward(self, z, out, buffers):
        self.own.forward(z, out, buffers)

    def backward(self, gradient, z, a, out, buffers):
        self.neighbour.backward(gradient, z, self.neighbour(z), out, buffers)


def neighbour_activation() -> str:
    rows = []
    for names in (("relu", "tanh"), ("tanh", "relu"), ("relu", "relu")):
        for verdict, turned in (("right", names), ("wrong", names[::-1])):
            layers = [
                gn.Dense(width, activation=Borrowed(own, neighbour), initializer="xavier_uniform")
                for width, own, neighbour in zip((32, 16), names, turned, strict=True)
            ]
            layers.append(gn.Dense(10))
            result = train(layers)
            rows.append(
                [
                    f"{', '.join(names)}; {verdict}",
                    gradient_error(layers),
                    number(result.losses[-1]),
                    percent(result.test_accuracy),
                ]
            )
    return table(
        [
            "hidden activations; backward pass",
            "worst relative error of a gradient",
            "loss after 10 epochs",
            "test accuracy",
        ],
        rows,
    )


# -- batch normalisation in the forward pass only --------------------------------------------------


@dataclass(frozen=True)
class ForwardOnlyNorm(Layer):
    """Normalises by the batch at hand, always, and sends the gradient through as it came."""

    epsilon: float = 1e-5

    def forward(self, inputs, context):
        return (inputs - inputs.mean(axis=0)) / np.sqrt(inputs.var(axis=0) + self.epsilon)

    def backward(self, gradient, context):
        return gradient


def batch_norm_forward_only() -> str:
    data, rows = digits(), []
    for name, norm in (("gn.BatchNorm", gn.BatchNorm()), ("forward pass only", ForwardOnlyNorm())):
        layers: list[Layer] = []
        for width in (20, 7, 5):
            layers += [gn.Dense(width, bias=False, initializer="he_normal"), norm, gn.Activation("relu")]
        layers.append(gn.Dense(10))
        result = train(layers, epochs=20, batch_size=64)
        singly = [result.net.predict(row[None])[0].argmax() for row in data.X_test]
        rows.append(
            [
                name,
                gradient_error(layers),
                number(result.losses[-1]),
                percent(result.test_accuracy),
                percent(np.mean(singly == data.y_test)),
            ]
        )
    return table(
        [
            "normalisation",
            "worst relative error of a gradient",
            "loss after 20 epochs",
            "test accuracy, all rows at once",
            "the same, row by row",
        ],
        rows,
    )
