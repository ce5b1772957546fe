"""Six optimisers from the same start: 784-128-10 on MNIST where it is on disk, else 64-128-10 on digits.

    python examples/six_optimizers.py                  # or: glassnet recipe six-optimizers
    python examples/six_optimizers.py --mnist FOLDER   # the folder with MNIST's four idx files

Shows the cache of one pass, its gradients and one update, then trains with each optimiser.
"""

import argparse
from pathlib import Path

import numpy as np

import glassnet as gn

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument(
    "--mnist", metavar="FOLDER", help="folder with MNIST's idx files; default: the digits set"
)
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--learning-rate", type=float, default=0.01, help="of SGD, momentum and Nesterov")
parser.add_argument("--adaptive-rate", type=float, default=0.001, help="of RMSprop, Adam and NAdam")
parser.add_argument("--momentum", type=float, default=0.9)
parser.add_argument("--beta1", type=float, default=0.9)
parser.add_argument("--beta2", type=float, default=0.999)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument(
    "--out", type=Path, default=Path("runs/recipes/six-optimizers"), help="folder for the figure"
)
args = parser.parse_args()

# -- data ---------------------------------------------------------------------------------------
if args.mnist:
    X, y = gn.datasets.mnist(args.mnist)
    X_test, y_test = gn.datasets.mnist(args.mnist, split="test")
else:
    X, y = gn.datasets.digits()
    parts = gn.tabular.split_rows(len(X), test=0.2, labels=y, seed=args.seed)
    X, y, X_test, y_test = X[parts.train], y[parts.train], X[parts.test], y[parts.test]
print(f"{len(X)} training and {len(X_test)} test images of {X.shape[1]} pixels, scaled to 0..1\n")


def new_network() -> gn.Network:
    """The same start for everyone: the seed decides the weights and the order of the batches."""
    small = gn.initializers.Normal(0.01)
    return gn.Network(
        [
            gn.Dense(128, activation="relu", initializer=small),
            gn.Dense(10, activation="softmax", initializer=small),
        ],
        seed=args.seed,
    )


loss = gn.CategoricalCrossEntropy()

# -- one pass, looked into ----------------------------------------------------------------------
net = new_network()
seen = gn.trace(net, X[: args.batch_size], y[: args.batch_size], loss)
cache = {
    "h0 (inputs)": seen["dense1"].inputs,
    "a1 = h0 W1 + b1": seen["dense1"].z,
    "h1 = relu(a1)": seen["dense1"].a,
    "a2 = h1 W2 + b2": seen["dense2"].z,
    "h2 = softmax(a2)": seen["dense2"].a,
}
print("The cache of one forward pass:")
for name, array in cache.items():
    print(f"  {name:<18}{array.shape!s:<12} mean {array.mean():9.6f}   spread {array.std():9.6f}")
print(f"  loss {seen.loss:.6f}, against log(10) = {np.log(10):.6f} for a blind guess")

print("\nThe gradients of the backward pass, and the weights after one step of Adam:")
optimizer = gn.Adam(args.adaptive_rate, beta1=args.beta1, beta2=args.beta2)
state = optimizer.create_state(net.parameters.values)
before = {name: array.copy() for name, array in net.parameters.items()}
optimizer.update(net.parameters.values, net.parameters.gradients, state)
for name, array in net.parameters.items():
    gradient, moved = net.gradients[name], np.abs(array - before[name]).max()
    print(
        f"  {name:<15}{array.shape!s:<11} gradient norm {np.linalg.norm(gradient):8.5f}   moved {moved:.6f}"
    )

# -- six optimisers -----------------------------------------------------------------------------
rate, adaptive = args.learning_rate, args.adaptive_rate
optimizers = {
    "SGD": gn.SGD(rate),
    "momentum": gn.SGD(rate, momentum=args.momentum),
    "Nesterov": gn.SGD(rate, momentum=args.momentum, nesterov=True),
    "RMSprop": gn.RMSprop(adaptive),
    "Adam": gn.Adam(adaptive, beta1=args.beta1, beta2=args.beta2),
    "NAdam": gn.NAdam(adaptive, beta1=args.beta1, beta2=args.beta2),
}
print(f"\n{'':<10}  loss after each of {args.epochs} epochs (first, middle, last)     test accuracy")
histories = {}
for name, optimizer in optimizers.items():
    net = new_network()
    history = net.fit(
        X,
        y,
        loss=loss,
        optimizer=optimizer,
        epochs=args.epochs,
        batch_size=args.batch_size,
        metrics=["accuracy"],
        validation_data=(X_test, y_test),
    )
    histories[name] = history
    losses = history["loss"]
    middle = losses[len(losses) // 2]
    print(f"{name:<10}  {losses[0]:10.4f}{middle:10.4f}{losses[-1]:10.4f}{history['val_accuracy'][-1]:30.4f}")

args.out.mkdir(parents=True, exist_ok=True)
figure = args.out / "six_optimizers.png"
gn.plots.save(gn.plots.optimizer_comparison(histories, title="Six optimisers, one start"), figure)
print(f"\nThe six curves: {figure}")
