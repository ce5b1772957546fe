import dataclasses

import numpy as np
import pytest
import sklearn.datasets

from glassnet import datasets
from glassnet.errors import HyperparameterError

CLASSIFICATIONS = ("iris", "digits", "wine", "breast_cancer")


@pytest.mark.parametrize("name", CLASSIFICATIONS)
def test_classifications_equal_scikit_learns(name):
    data = getattr(datasets, name)()
    bunch = getattr(sklearn.datasets, f"load_{name}")()
    scale = 16.0 if name == "digits" else 1.0
    np.testing.assert_allclose(data.X, bunch.data / scale, rtol=1e-6)
    np.testing.assert_array_equal(data.y, bunch.target)
    assert data.X.dtype == np.float32
    assert data.X.flags.c_contiguous
    assert data.y.dtype == np.int64
    assert len(data.feature_names) == data.X.shape[1]
    assert len(data.target_names) == data.y.max() + 1
    assert all(type(text) is str for text in (*data.feature_names, *data.target_names))
    assert (data.task, data.name) == ("classification", name)


def test_digits_lie_between_0_and_1():
    X, _ = datasets.digits()
    assert X.min() == 0.0
    assert X.max() == 1.0


def test_diabetes_is_raw_unless_asked_otherwise():
    raw, scaled = datasets.diabetes(), datasets.diabetes(scaled=True)
    expected = sklearn.datasets.load_diabetes(scaled=False)
    np.testing.assert_allclose(raw.X, expected.data, rtol=1e-6)
    np.testing.assert_allclose(raw.y, expected.target)
    assert raw.y.dtype == np.float32
    np.testing.assert_allclose((scaled.X**2).sum(axis=0), 1.0, rtol=1e-5)
    assert raw.task == "regression"
    assert raw.target_names == ("progression",)


def test_diabetes_scaled_must_be_a_flag():
    with pytest.raises(HyperparameterError, match="diabetes scaled must be True or False, got 'no'"):
        datasets.diabetes(scaled="no")


def test_a_dataset_unpacks_and_is_frozen_and_short_to_print():
    data = datasets.iris()
    X, y = data
    assert X is data.X
    assert y is data.y
    assert repr(data) == "Dataset(iris: classification, X (150, 4) float32, 3 classes)"
    assert repr(datasets.diabetes()) == "Dataset(diabetes: regression, X (442, 10) float32)"
    with pytest.raises(dataclasses.FrozenInstanceError):
        data.name = "other"
