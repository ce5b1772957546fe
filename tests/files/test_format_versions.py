"""A file of every format version loads, and predicts what it predicted when it was written."""

import os
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.files import FORMAT_VERSION
from glassnet.tabular import TabularModel

HERE = Path(__file__).parent
INPUTS = np.array([[0.0, 0.0, 0.0, 0.0], [1.0, -2.0, 0.5, 3.0], [-4.0, 0.25, 8.0, -0.125]])
OUTPUTS = {
    1: np.array(
        [
            [0.3414311408996582, 0.3344365060329437, 0.32413235306739807],
            [0.16562224924564362, 0.3034129738807678, 0.5309647917747498],
            [0.12328793853521347, 0.23004305362701416, 0.6466690301895142],
        ]
    )
}
TABLE = {
    "age": [20.0, 30.0, None, 35.5],
    "city": ["Oslo", "Rome", "Oslo", "Bern"],
    "member": [True, False, None, True],
    "since": ["2024-01-01", "2024-06-15", "2025-03-09", None],
}
PROBABILITIES = {
    1: np.array(
        [
            [0.3268853724002838, 0.6731146574020386],
            [0.7063297629356384, 0.29367026686668396],
            [0.5519351363182068, 0.4480648934841156],
            [0.3832992911338806, 0.6167007088661194],
        ]
    )
}


def test_there_is_a_file_of_every_version():
    assert set(OUTPUTS) == set(PROBABILITIES) == set(range(1, FORMAT_VERSION + 1))


@pytest.mark.parametrize("version", OUTPUTS)
def test_a_network_of_an_older_format(version):
    net = gn.load(HERE / f"format-{version}.safetensors")
    np.testing.assert_allclose(net.predict(INPUTS), OUTPUTS[version], rtol=1e-5, atol=1e-7)
    assert net.layers[0] == gn.Dense(6, activation=gn.LeakyReLU(0.3), l2=0.01)


@pytest.mark.parametrize("version", PROBABILITIES)
def test_a_tabular_model_of_an_older_format(version):
    model = TabularModel.load(HERE / f"format-{version}-tabular.safetensors")
    np.testing.assert_allclose(model.predict_proba(TABLE), PROBABILITIES[version], rtol=1e-5, atol=1e-7)
    assert model.target.classes == ("no", "yes")
    assert model.training == {"written": "for a test"}


def _write(version):
    """Write the files of the present version; run once, when a version is born."""
    net = gn.Network(
        [
            gn.Dense(6, activation=gn.LeakyReLU(0.3), l2=0.01),
            gn.BatchNorm(),
            gn.Residual([gn.LayerNorm(), gn.Dense(5, activation="gelu"), gn.Dropout(0.1)]),
            gn.Dense(3, initializer=gn.initializers.Normal(0.1)),
            gn.Activation("softmax"),
        ],
        seed=4,
    )
    X = np.random.default_rng(0).normal(size=(30, 4))
    net.fit(X, np.arange(30) % 3, loss="categorical_cross_entropy", epochs=5)
    net.save(HERE / f"format-{version}.safetensors")
    encoder = gn.tabular.TabularEncoder().fit(TABLE)
    target = gn.tabular.TargetEncoder().fit(["no", "yes", "no", "yes"], "answer")
    small = gn.Network([gn.Dense(4, activation="tanh"), gn.Dense(2)], seed=1).build(encoder.n_features)
    model = TabularModel(small, target, encoder=encoder, training={"written": "for a test"})
    model.save(HERE / f"format-{version}-tabular.safetensors")
    print(net.predict(INPUTS).tolist(), model.predict_proba(TABLE).tolist(), sep="\n")


if __name__ == "__main__" and os.environ.get("WRITE"):
    _write(FORMAT_VERSION)
