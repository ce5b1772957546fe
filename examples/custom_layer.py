"""A layer of your own: learned frequencies, so that a network can follow a wave.

    python examples/custom_layer.py

Every feature x becomes sin(x f) and cos(x f) for a few frequencies f, which are learned.
"""

import argparse
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import glassnet as gn
from glassnet.hyperparameters import Interval, hyperparameter


# A frozen dataclass of hyperparameters. What a pass computes goes into `context.saved`, not into
# the layer, so that one network can predict in many threads at once.
@dataclass(frozen=True)
class Waves(gn.layers.Layer):
    """Replace every feature x by sin(x f) and cos(x f), f learned: (B, I) -> (B, 2 I F)."""

    frequencies: int = hyperparameter(interval=Interval(1, math.inf, "left", integer=True), positional=True)
    spread: float = hyperparameter(3.0, interval=Interval(0, math.inf, "neither"))

    def build(self, n_inputs, scope):
        first_values = gn.initializers.Normal(self.spread)
        scope.parameter("frequency", (n_inputs, self.frequencies), first_values, decay=False)
        return 2 * n_inputs * self.frequencies  # how many outputs the layer has

    def forward(self, inputs, context):
        angle = inputs[:, :, None] * context.parameters["frequency"]  # (B, I, 1) (I, F) -> (B, I, F)
        sine, cosine = np.sin(angle), np.cos(angle)
        context.saved.update(inputs=inputs, sine=sine, cosine=cosine)
        return np.concatenate([sine, cosine], axis=2).reshape(len(inputs), -1)

    def backward(self, gradient, context):
        inputs, sine, cosine = (context.saved[name] for name in ("inputs", "sine", "cosine"))
        by_sine, by_cosine = np.split(gradient.reshape(*inputs.shape, -1), 2, axis=2)
        d_angle = by_sine * cosine - by_cosine * sine  # sin' = cos, cos' = -sin; (B, I, F)
        np.sum(d_angle * inputs[:, :, None], axis=0, out=context.gradients["frequency"])
        return np.sum(d_angle * context.parameters["frequency"], axis=2)  # dL/d(inputs), (B, I)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--epochs", type=int, default=300)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

generator = np.random.default_rng(args.seed)
X = generator.uniform(-3, 3, size=(400, 1))
y = np.sin(4 * X) + 0.5 * np.cos(9 * X) + generator.normal(0, 0.1, size=X.shape)
X_test = np.linspace(-3, 3, 200)[:, None]
y_test = np.sin(4 * X_test) + 0.5 * np.cos(9 * X_test)

# First of all: do the derivatives hold? Once as the first layer, once above one that learns.
for layers in ([Waves(3), gn.Dense(1)], [gn.Dense(2, activation="tanh"), Waves(3), gn.Dense(1)]):
    report = gn.check_gradients(gn.Network(layers, seed=args.seed), X[:8], y[:8], gn.MeanSquaredError())
    print(f"{report}\n")
    if not report.passed:
        raise SystemExit("The gradients of Waves are wrong.")

# Then it trains like any other.
errors = {}
for name, layers in {
    "with Waves": [Waves(16), gn.Dense(32, activation="tanh"), gn.Dense(1)],
    "without": [gn.Dense(32, activation="tanh"), gn.Dense(32, activation="tanh"), gn.Dense(1)],
}.items():
    net = gn.Network(layers, seed=args.seed)
    net.fit(X, y, loss="mse", optimizer=gn.Adam(3e-3), epochs=args.epochs)
    errors[name] = net.evaluate(X_test, y_test, loss="mse")["loss"]
    print(f"{name:<12} mean squared error on new points {errors[name]:.4f}")
    if name == "with Waves":
        trained = net
print(trained.summary())

# It is saved with its hyperparameters. Loading takes the class from you: a file builds nothing
# that it was not handed.
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "waves.safetensors"
    trained.save(path)
    loaded = gn.load(path, custom={"Waves": Waves})
same = bool((loaded.predict(X_test) == trained.predict(X_test)).all())
print(f"Saved and loaded: predictions {'are the same to the last bit' if same else 'DIFFER'}.")
