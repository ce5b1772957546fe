import subprocess
import sys

import numpy as np
import pytest

from glassnet import datasets
from glassnet.errors import HyperparameterError

HERE = ("spiral", "moons", "circles", "xor", "gaussians", "plane", "waves", "iris", "digits", "wine",
        "breast_cancer", "diabetes")  # fmt: skip
FETCHED = {"mnist": (60000, 784), "fashion_mnist": (60000, 784), "cifar10": (50000, 3072)}


def test_every_dataset_is_listed_and_tested():
    assert set(datasets.names()) == set(datasets.DESCRIPTIONS) == {*HERE, *FETCHED}
    for name in datasets.names():
        assert callable(getattr(datasets, name))
        assert name in datasets.__all__


@pytest.mark.parametrize("name", HERE)
def test_load_gives_what_the_table_says(name):
    line = datasets.DESCRIPTIONS[name]
    data = datasets.load(name)
    assert isinstance(data, datasets.Dataset)
    assert (data.name, data.task) == (line.name, line.task) == (name, line.task)
    assert data.X.shape == (line.rows, line.features)
    assert data.X.dtype == np.float32
    assert data.y.shape == (line.rows,)
    assert len(data.feature_names) == line.features
    assert data.description
    assert line.source in ("made", "scikit-learn")
    if line.task == "regression":
        assert line.classes is None
        assert data.y.dtype == np.float32
        assert len(data.target_names) == 1
    else:
        assert data.y.dtype == np.int64
        assert len(np.unique(data.y)) == line.classes == len(data.target_names)


@pytest.mark.parametrize("name", FETCHED)
def test_the_fetched_are_described(name):
    line = datasets.DESCRIPTIONS[name]
    assert (line.rows, line.features) == FETCHED[name]
    assert (line.source, line.classes) == ("download", 10)


def test_options_reach_the_generator():
    data = datasets.load("spiral", n_per_class=7, n_classes=4, noise=0.0, seed=5)
    np.testing.assert_array_equal(data.X, datasets.spiral(7, 4, noise=0.0, seed=5)[0])
    assert data.target_names == ("class 0", "class 1", "class 2", "class 3")


def test_an_unknown_name_lists_the_choices():
    with pytest.raises(
        HyperparameterError, match=r"Unknown dataset 'irsi'\. Did you mean 'iris'\?"
    ) as caught:
        datasets.load("irsi")
    assert all(name in str(caught.value) for name in datasets.names())
    with pytest.raises(HyperparameterError, match="Unknown dataset '3'"):
        datasets.load(3)


def test_an_unknown_option_lists_the_choices():
    with pytest.raises(
        HyperparameterError, match="moons has no option 'sead'; it takes: n_per_class, noise, seed"
    ):
        datasets.load("moons", sead=1)
    with pytest.raises(HyperparameterError, match="iris has no option 'seed'; it takes none"):
        datasets.load("iris", seed=1)


def test_importing_datasets_stays_light():
    heavy = ["sklearn", "scipy", "pyarrow", "pooch", "requests", "matplotlib", "pandas"]
    code = f"import sys, glassnet.datasets; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
