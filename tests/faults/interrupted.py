"""Interrupts trainings at random moments, in a process of its own; the tests start it.

Usage: interrupted.py MOMENTS SEED FILE. Prints how many interrupts came in a fit, a prediction and a save.
"""

import random
import signal
import sys

import numpy as np

import glassnet as gn


def network(seed):
    layers = [
        gn.Dense(24, activation="relu", max_norm=3.0, l2=1e-4),
        gn.BatchNorm(),
        gn.Residual([gn.LayerNorm(), gn.Dense(24, activation="gelu"), gn.Dropout(0.2)]),
        gn.Dense(3, activation="softmax"),
    ]
    return gn.Network(layers, seed=seed)


def fit(net, X, y, epochs):
    net.fit(
        X,
        y,
        loss="categorical_cross_entropy",
        epochs=epochs,
        validation_fraction=0.25,
        metrics=["accuracy"],
        callbacks=[gn.EarlyStopping(patience=1000)],
    )


def check(net, X, y):
    """What must hold after an interrupt: finite numbers, a prediction, and another fit."""
    if net.built:
        assert np.isfinite(net.parameters.values).all()
        assert np.isfinite(net.parameters.statistics.flat).all()
        assert np.isfinite(net.predict(X)).all()
    fit(net, X, y, 1)
    assert np.isfinite(net.predict(X)).all()


def main(moments, seed, file):
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    draw = random.Random(seed)
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(400, 6)).astype(np.float32)
    y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
    net, counts = network(seed), {"fit": 0, "predict": 0, "save": 0}
    fit(net, X, y, 1)
    net.save(file)
    for moment in range(moments):
        what = draw.choices(list(counts), [3, 1, 1])[0]
        if what == "fit" and moment % 5 == 0:
            net = network(moment)  # one that is not built yet
        try:
            signal.setitimer(signal.ITIMER_REAL, draw.uniform(1e-4, 0.03))
            while True:
                if what == "fit":
                    fit(net, X, y, 1000)
                elif what == "predict":
                    net.predict(X)
                else:
                    net.save(file)
        except KeyboardInterrupt:
            counts[what] += 1
        check(net, X, y)
        assert gn.load(file).predict(X).shape == (400, 3)
    print(*counts.values())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
