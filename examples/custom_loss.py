"""A loss of your own: log cosh, a square near the target and a straight line far from it.

    python examples/custom_loss.py

A line is fitted through points of which one in ten lies far off.
"""

import argparse
from dataclasses import dataclass

import numpy as np

import glassnet as gn


# One method gives the value and its gradient. Both are the (weighted) mean over the samples; the
# 1 / n sits here and nowhere else.
@dataclass(frozen=True)
class LogCosh(gn.losses.Loss):
    """Mean of log cosh(residual); its derivative is tanh(residual), so no point pulls harder than 1."""

    def value_and_gradient(self, outputs, targets, sample_weight=None):
        # In the outputs' shape, for (n,) and (n, 1) would broadcast to (n, n); and in their dtype.
        residual = outputs - np.asarray(targets, outputs.dtype).reshape(outputs.shape)
        weights = np.ones(len(outputs)) if sample_weight is None else np.asarray(sample_weight)
        weights = (weights / weights.sum()).reshape(-1, 1).astype(outputs.dtype)
        size = np.abs(residual)
        values = size + np.log1p(np.exp(-2 * size)) - np.log(2)  # log cosh, without overflow
        return float(np.sum(weights * values)), weights * np.tanh(residual)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--epochs", type=int, default=200)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

generator = np.random.default_rng(args.seed)
X = generator.uniform(-2, 2, size=(200, 1))
y = 1.5 * X[:, 0] - 0.5 + generator.normal(0, 0.2, size=200)
far_off = generator.choice(200, 20, replace=False)
y[far_off] += generator.uniform(10, 20, size=20)

# First of all: does the gradient belong to the value? Without weights and with them.
net = gn.Network([gn.Dense(4, activation="tanh"), gn.Dense(1)], seed=args.seed)
for weights in (None, generator.uniform(0, 2, size=8)):
    report = gn.check_gradients(net, X[:8], y[:8], LogCosh(), sample_weight=weights)
    print(f"{report}\n")
    if not report.passed:
        raise SystemExit("The gradient of LogCosh is wrong.")

# Then it trains like any other.
print("true line                 y = 1.50 x - 0.50")
for loss in (LogCosh(), gn.MeanSquaredError()):
    line = gn.Network([gn.Dense(1)], seed=args.seed)
    line.fit(X, y, loss=loss, optimizer=gn.Adam(0.02), epochs=args.epochs)
    slope, intercept = float(line.parameters["dense1.weight"][0, 0]), float(line.parameters["dense1.bias"][0])
    print(f"{type(loss).__name__:<25} y = {slope:.2f} x {'-' if intercept < 0 else '+'} {abs(intercept):.2f}")
