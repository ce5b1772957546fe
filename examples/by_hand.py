"""5-10-10-4 on ten random samples: one forward pass, one backward pass, one update, every matrix shown.

python examples/by_hand.py                  # or: glassnet recipe by-hand
"""

import argparse

import numpy as np

import glassnet as gn

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--learning-rate", type=float, default=0.01)
parser.add_argument("--seed", type=int, default=1)
args = parser.parse_args()
np.set_printoptions(precision=4, suppress=True, linewidth=120)

generator = np.random.default_rng(args.seed)
X = generator.random((10, 5))
y = generator.integers(0, 4, 10)

net = gn.Network(
    [gn.Dense(10, activation="relu"), gn.Dense(10, activation="relu"), gn.Dense(4, activation="softmax")],
    seed=args.seed,
    dtype="float64",
)
seen = gn.trace(net, X, y, gn.CategoricalCrossEntropy())


def show(name, formula, array):
    """One matrix: its name, formula, shape and numbers."""
    print(f"{name} = {formula}   {array.shape}\n{array}\n")


print("---- forward: rows are samples -------------------------------------------------------")
show("A0", "X", X)
for i, function in ((1, "relu"), (2, "relu"), (3, "softmax")):
    layer = seen[f"dense{i}"]
    show(f"W{i}", "weights", layer.weight)
    show(f"b{i}", "biases", layer.bias)
    show(f"Z{i}", f"A{i - 1} W{i} + b{i}", layer.z)
    show(f"A{i}", f"{function}(Z{i})", layer.a)
print(f"loss = -mean over samples of log A3[sample, label] = {seen.loss:.6f}\n")

print("---- backward: from the last layer to the first ----------------------------------------")
for i in (3, 2, 1):
    layer = seen[f"dense{i}"]
    above = "dL/dA3, -1 / (10 A3) at the label" if i == 3 else f"dZ{i + 1} W{i + 1}^T"
    slope = "softmax Jacobian times dA3 = (A3 - Y) / 10" if i == 3 else f"dA{i} where Z{i} > 0, else 0"
    show(f"dA{i}", above, layer.da)
    show(f"dZ{i}", slope, layer.dz)
    show(f"dW{i}", f"A{i - 1}^T dZ{i}", layer.dweight)
    show(f"db{i}", f"sum of dZ{i} over the samples", layer.dbias)

print("---- update: gradient descent ------------------------------------------------------------")
optimizer = gn.SGD(args.learning_rate)
optimizer.update(
    net.parameters.values, net.parameters.gradients, optimizer.create_state(net.parameters.values)
)
for i in (1, 2, 3):
    show(f"W{i}", f"W{i} - {args.learning_rate:g} dW{i}", net.parameters[f"dense{i}.weight"])
    show(f"b{i}", f"b{i} - {args.learning_rate:g} db{i}", net.parameters[f"dense{i}.bias"])
after = net.evaluate(X, y, loss="categorical_cross_entropy")["loss"]
print(f"loss after the update: {after:.6f}, before: {seen.loss:.6f}")
