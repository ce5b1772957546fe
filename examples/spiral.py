"""The three-class spiral, with the layers and the loss driven by hand.

    python examples/spiral.py                   # or: glassnet recipe spiral

First with the softmax's own Jacobian, then with the fused softmax and cross-entropy, which agree;
then SGD with momentum against Adagrad, with a log every 100 epochs and the decision boundaries;
the same on iris; and mean squared error and binary cross-entropy.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import glassnet as gn

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--epochs", type=int, default=1000)
parser.add_argument("--log-every", type=int, default=100)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--out", type=Path, default=Path("runs/recipes/spiral"), help="folder for the figure")
args = parser.parse_args()
args.out.mkdir(parents=True, exist_ok=True)

X, y = gn.datasets.spiral(n_per_class=100, n_classes=3, seed=args.seed)

# -- one pass, two ways ---------------------------------------------------------------------------
hidden = gn.Dense(64, activation="relu")
separate = gn.Network([hidden, gn.Dense(3, activation="softmax")], seed=args.seed, dtype="float64")
fused = gn.Network([hidden, gn.Dense(3, initializer="xavier_uniform")], seed=args.seed, dtype="float64")

probabilities = separate.forward(X, training=True)
loss_a, gradient = gn.CategoricalCrossEntropy().value_and_gradient(probabilities, y)
separate.backward(gradient)  # through the Jacobian of the softmax: a * (g - sum(g a))

logits = fused.forward(X, training=True)
loss_b, gradient = gn.SoftmaxCrossEntropy().value_and_gradient(logits, y)
fused.backward(gradient)  # the gradient is already (probabilities - targets) / n

difference = np.abs(separate.parameters.gradients - fused.parameters.gradients).max()
print(f"separate softmax: loss {loss_a:.12f}")
print(f"fused softmax:    loss {loss_b:.12f}, largest difference of all gradients {difference:.1e}\n")


# -- training by hand -----------------------------------------------------------------------------
def train(X, y, n_classes, optimizer, name):
    """One call each: forward, loss, backward, update."""
    net = gn.Network([gn.Dense(64, activation="relu"), gn.Dense(n_classes)], seed=args.seed)
    loss = gn.SoftmaxCrossEntropy()
    net.build(X.shape[1])
    state = optimizer.create_state(net.parameters.values)
    print(f"{name}:")
    for epoch in range(args.epochs + 1):
        outputs = net.forward(X, training=True)
        value, gradient = loss.value_and_gradient(outputs, y)
        if epoch % args.log_every == 0:
            accuracy, rate = np.mean(outputs.argmax(axis=1) == y), optimizer.rate_at(epoch)
            print(f"  epoch {epoch:5d}   loss {value:.4f}   accuracy {accuracy:.3f}   rate {rate:.5f}")
        net.backward(gradient)
        optimizer.update(net.parameters.values, net.parameters.gradients, state)
    return net


def contestants():
    """SGD with momentum and a falling rate, against Adagrad."""
    decay = gn.schedules.InverseTime
    return {
        "SGD, rate 1.0, momentum 0.9, decay 1e-3": gn.SGD(decay(1.0, decay=1e-3), momentum=0.9),
        "Adagrad, rate 1.0, decay 1e-4": gn.Adagrad(decay(1.0, decay=1e-4), epsilon=1e-7),
    }


figure = Figure(figsize=(11, 5), layout="constrained")
for ax, (name, optimizer) in zip(figure.subplots(1, 2), contestants().items(), strict=True):
    net = train(X, y, 3, optimizer, f"spiral, {name}")
    gn.plots.decision_boundary(net, X, y, title=name, ax=ax)
gn.plots.save(figure, args.out / "spiral.png")

iris, species = gn.datasets.iris()
iris = (iris - iris.mean(axis=0)) / iris.std(axis=0)
for name, optimizer in contestants().items():
    train(iris, species, 3, optimizer, f"iris, {name}")

# -- two more losses ------------------------------------------------------------------------------
outputs = np.array([[0.9], [0.2], [0.6]])
targets = np.array([1.0, 0.0, 1.0])
print("\nTwo more losses on outputs 0.9, 0.2, 0.6 and targets 1, 0, 1:")
for loss in (gn.MeanSquaredError(), gn.BinaryCrossEntropy()):
    value, gradient = loss.value_and_gradient(outputs, targets)
    print(f"  {type(loss).__name__:<20} {value:.6f}   gradient {gradient[:, 0].round(6)}")
print(f"\nThe decision boundaries: {args.out / 'spiral.png'}")
