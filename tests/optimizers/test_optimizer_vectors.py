"""Trajectories computed elsewhere, met to 1e-12."""

import json
from pathlib import Path

import numpy as np
import pytest

from glassnet.optimizers import SGD, Adagrad, Adam, RMSprop

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "optimiser_trajectories.json").read_text())
RATE = VECTORS["learning_rate"]
OPTIMIZERS = {
    "sgd": SGD(RATE),
    "momentum (v = 0.9 v + lr g; p -= v)": SGD(RATE, momentum=0.9),
    "averaged momentum (v = 0.9 v + 0.1 g; p -= lr v)": SGD(RATE, momentum=0.9, averaged=True),
    "nesterov momentum (v = 0.9 v + g; p -= lr (g + 0.9 v))": SGD(RATE, momentum=0.9, nesterov=True),
    "adagrad (eps 1e-7 outside the root)": Adagrad(RATE, epsilon=1e-7),
    "rmsprop (decay 0.9, eps 1e-8 outside the root)": RMSprop(RATE, rho=0.9, epsilon=1e-8),
    "adam (0.9, 0.999, 1e-8)": Adam(RATE, beta1=0.9, beta2=0.999, epsilon=1e-8),
}


def test_every_trajectory_is_tested():
    assert set(VECTORS["trajectories"]) == set(OPTIMIZERS)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_trajectory(name):
    values = np.array(VECTORS["start"])
    state = OPTIMIZERS[name].create_state(values)
    path = VECTORS["trajectories"][name]
    assert len(path) == len(VECTORS["gradients"])
    for gradient, expected in zip(VECTORS["gradients"], path, strict=True):
        OPTIMIZERS[name].update(values, np.array(gradient), state)
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-12)
