"""Two classes of images: CIFAR-10 bird against airplane where it is on disk, else digits 3 against 8.

    python examples/two_class_images.py                     # or: glassnet recipe two-class-images
    python examples/two_class_images.py --cifar10 FOLDER    # CIFAR-10's binary version, folder or tar.gz

Shows an image, flattens and scales, and trains n-h-1 (ReLU, sigmoid) with binary cross-entropy.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import glassnet as gn

INITIALIZERS = {"random": gn.initializers.Normal(0.01), "xavier": "xavier_normal", "he": "he_normal"}
OPTIMIZERS = {
    "gd": lambda rate: gn.SGD(rate),
    "momentum": lambda rate: gn.SGD(rate, momentum=0.9, averaged=True),
    "rmsprop": lambda rate: gn.RMSprop(rate),
    "adam": lambda rate: gn.Adam(rate),
}

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--cifar10", metavar="FOLDER", help="CIFAR-10's binary version; default: the digits set")
parser.add_argument("--hidden", type=int, default=32)
parser.add_argument("--initializer", choices=INITIALIZERS, default="he")
parser.add_argument("--optimizer", choices=OPTIMIZERS, default="adam")
parser.add_argument("--learning-rate", type=float, default=0.001)
parser.add_argument("--epochs", type=int, default=100)
parser.add_argument("--print-every", type=int, default=10, metavar="K", help="print the cost every K epochs")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument(
    "--out", type=Path, default=Path("runs/recipes/two-class-images"), help="folder for the figures"
)
args = parser.parse_args()
args.out.mkdir(parents=True, exist_ok=True)

# -- data: one label of 0 or 1 per image ----------------------------------------------------------
if args.cifar10:
    names, side, channels = ("airplane", "bird"), 32, 3
    X, y = gn.datasets.cifar10(args.cifar10, classes=names)
    X_test, y_test = gn.datasets.cifar10(args.cifar10, split="test", classes=names)
else:
    names, side, channels = ("3", "8"), 8, 1
    X, y = gn.datasets.digits()
    chosen = (y == 3) | (y == 8)
    X, y = X[chosen], (y[chosen] == 8).astype(int)
    parts = gn.tabular.split_rows(len(X), test=0.25, labels=y, seed=args.seed)
    X, y, X_test, y_test = X[parts.train], y[parts.train], X[parts.test], y[parts.test]


def picture(row: np.ndarray) -> np.ndarray:
    """A flat row as (height, width) or (height, width, channels): colours lie one plane after the other."""
    return row.reshape(side, side) if channels == 1 else row.reshape(channels, side, side).transpose(1, 2, 0)


image = picture(X[0])
print(f"The first image: {image.shape}, label {y[0]} ({names[y[0]]})")
print(f"Flattened and scaled: X {X.shape} from {X.min():.2f} to {X.max():.2f}; test {X_test.shape}")
shades = " .:-=+*#%@"
for line in image if channels == 1 else image.mean(axis=2)[::2]:
    print("   " + "".join(shades[int(v * 9.99)] * 2 for v in line))

# -- the network n-h-1 ----------------------------------------------------------------------------
net = gn.Network(
    [
        gn.Dense(args.hidden, activation="relu", initializer=INITIALIZERS[args.initializer]),
        gn.Dense(1, activation="sigmoid", initializer=INITIALIZERS[args.initializer]),
    ],
    seed=args.seed,
)


class PrintCost(gn.callbacks.Callback):
    """Prints the cost every K epochs."""

    def on_epoch_end(self, training, logs):
        if training.epoch % args.print_every == 0 or training.epoch == 1:
            print(f"  epoch {training.epoch:4d}   cost {logs['loss']:.6f}")


print(f"\nTraining {X.shape[1]}-{args.hidden}-1, start {args.initializer}, {args.optimizer}:")
history = net.fit(
    X,
    y,
    loss=gn.BinaryCrossEntropy(),
    optimizer=OPTIMIZERS[args.optimizer](args.learning_rate),
    epochs=args.epochs,
    batch_size=128,  # a new shuffle each epoch, the last partial batch included
    callbacks=[PrintCost()],
)
train = net.evaluate(X, y, loss="binary_cross_entropy", metrics=["accuracy"])
test = net.evaluate(X_test, y_test, loss="binary_cross_entropy", metrics=["accuracy"])
print(f"accuracy: training {train['accuracy']:.4f}, test {test['accuracy']:.4f}")

picture_of = Figure(figsize=(3, 3), layout="constrained")
ax = picture_of.subplots()
ax.imshow(image, cmap="gray_r" if channels == 1 else None)
ax.set(title=f"label {y[0]} ({names[y[0]]})", xticks=[], yticks=[])
gn.plots.save(picture_of, args.out / "image.png")
title = f"cost, learning rate {args.learning_rate:g}, {args.optimizer}"
gn.plots.save(gn.plots.learning_curve(history, title=title), args.out / "cost.png")
print(f"The cost curve: {args.out / 'cost.png'}, the image: {args.out / 'image.png'}")
