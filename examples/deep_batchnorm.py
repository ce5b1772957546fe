"""784-20-7-5-10: why weights of 0.01 do not train this depth, and what does.

    python examples/deep_batchnorm.py                  # or: glassnet recipe deep-batchnorm
    python examples/deep_batchnorm.py --mnist FOLDER

The same network three times, by gradient descent: normal(0.01), He, He with batch normalisation.
"""

import argparse
from pathlib import Path

import numpy as np

import glassnet as gn

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument(
    "--mnist", metavar="FOLDER", help="folder with MNIST's idx files; default: the digits set"
)
parser.add_argument("--epochs", type=int, default=60)
parser.add_argument("--learning-rate", type=float, default=0.1)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument(
    "--out", type=Path, default=Path("runs/recipes/deep-batchnorm"), help="folder for the figure"
)
args = parser.parse_args()
args.out.mkdir(parents=True, exist_ok=True)

if args.mnist:
    X, y = gn.datasets.mnist(args.mnist)
    X_test, y_test = gn.datasets.mnist(args.mnist, split="test")
else:
    X, y = gn.datasets.digits()
    parts = gn.tabular.split_rows(len(X), test=0.2, labels=y, seed=args.seed)
    X, y, X_test, y_test = X[parts.train], y[parts.train], X[parts.test], y[parts.test]

WIDTHS = (20, 7, 5)


def network(initializer, normalise):
    """Dense layers of 20, 7 and 5 units and a softmax over 10; optionally normalised before each ReLU."""
    layers = []
    for width in WIDTHS:
        if normalise:
            layers += [
                gn.Dense(width, bias=False, initializer=initializer),
                gn.BatchNorm(),
                gn.Activation("relu"),
            ]
        else:
            layers += [gn.Dense(width, activation="relu", initializer=initializer)]
    return gn.Network([*layers, gn.Dense(10, activation="softmax", initializer=initializer)], seed=args.seed)


variants = {
    "normal(0.01)": network(gn.initializers.Normal(0.01), normalise=False),
    "He": network("he_normal", normalise=False),
    "He + batch norm": network("he_normal", normalise=True),
}
loss = gn.CategoricalCrossEntropy()

# -- step by step: what one batch looks like on its way up, and its gradient on the way down --------
print("One batch of 64: spread of each layer's outputs, and size of each weight's gradient")
for name, net in variants.items():
    seen = gn.trace(net, X[:64], y[:64], loss)
    spreads = [layer.a.std() for key, layer in seen.items() if key.startswith(("dense", "activation"))]
    sizes = [np.abs(layer.dweight).mean() for key, layer in seen.items() if key.startswith("dense")]
    print(f"  {name:<16} outputs   " + "  ".join(f"{s:8.1e}" for s in spreads))
    print(f"  {'':<16} gradients " + "  ".join(f"{s:8.1e}" for s in sizes))

normalised = gn.trace(variants["He + batch norm"], X[:64], y[:64], loss)["batchnorm1"]
print("\nThe first batch normalisation, step by step:")
for key in ("inputs", "x_hat", "a", "dscale", "dshift", "dinputs"):
    array = normalised[key]
    told = f"mean {array.mean():8.4f}  spread {array.std():8.4f}"
    print(f"  {key:<8}{array.shape!s:<10} {told}   {normalised.formula(key)}")

# -- training ---------------------------------------------------------------------------------------
print(f"\nGradient descent, rate {args.learning_rate:g}, {args.epochs} epochs of batches of 64:")
histories = {}
for name, net in variants.items():
    histories[name] = net.fit(
        X,
        y,
        loss=loss,
        optimizer=gn.SGD(args.learning_rate),
        epochs=args.epochs,
        batch_size=64,
        metrics=["accuracy"],
        validation_data=(X_test, y_test),
    )
    last = histories[name].row(-1)
    print(f"  {name:<16} loss {last['loss']:.4f}   test accuracy {last['val_accuracy']:.4f}")

path = args.out / "deep_batchnorm.png"
title = f"{X.shape[1]}-20-7-5-10 from three starts"
gn.plots.save(gn.plots.optimizer_comparison(histories, title=title), path)
print(f"The curves: {path}")
