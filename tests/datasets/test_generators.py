import numpy as np
import pytest
from sklearn.datasets import make_circles, make_moons

from glassnet.datasets import generators
from glassnet.datasets.generators import (
    CLASSIFICATIONS,
    REGRESSIONS,
    RULES,
    circles,
    gaussians,
    moons,
    plane,
    spiral,
    waves,
    xor,
)
from glassnet.errors import HyperparameterError

ARGUMENTS = {
    "spiral": ("n_per_class", "n_classes", "noise", "seed"),
    "moons": ("n_per_class", "noise", "seed"),
    "circles": ("n_per_class", "noise", "factor", "seed"),
    "xor": ("n_per_class", "noise", "seed"),
    "gaussians": ("n_per_class", "n_classes", "noise", "seed"),
    "plane": ("n_samples", "noise", "seed"),
    "waves": ("n_samples", "noise", "seed"),
}
ALL = {**CLASSIFICATIONS, **REGRESSIONS}
BAD = {
    "n_per_class": (0, -1, 2.5, "many", None, True),
    "n_samples": (0, -1, 2.5, "many", None, True),
    "n_classes": (1, 11, 2.5, "three"),
    "noise": (-0.1, 101, float("nan"), float("inf"), "low"),
    "factor": (-0.1, 1.0, float("nan")),
    "seed": (-1, 0.5, "zero", None),
}


def test_every_generator_is_tested():
    assert set(ARGUMENTS) == set(ALL)
    assert set(BAD) == set(RULES)
    assert set(ALL) <= set(generators.__all__)


@pytest.mark.parametrize("name", CLASSIFICATIONS)
def test_classification_gives_balanced_float32_rows_in_class_order(name):
    X, y = CLASSIFICATIONS[name](20)
    assert X.dtype == np.float32
    assert X.flags.c_contiguous
    assert y.dtype == np.int64
    assert X.shape == (len(y), 2)
    assert np.isfinite(X).all()
    assert (np.diff(y) >= 0).all()
    np.testing.assert_array_equal(np.bincount(y), 20)


@pytest.mark.parametrize("name", REGRESSIONS)
def test_regression_gives_float32_rows(name):
    X, y = REGRESSIONS[name](30)
    assert X.dtype == y.dtype == np.float32
    assert X.shape == (30, 2)
    assert y.shape == (30,)
    assert np.abs(X).max() <= 1.0
    assert np.abs(y).max() <= 1.0


@pytest.mark.parametrize("name", ALL)
def test_the_seed_decides_everything_and_the_global_state_is_left_alone(name):
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - it must not move
    first, second = ALL[name](10, noise=0.3, seed=7), ALL[name](10, noise=0.3, seed=7)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    from_generator = ALL[name](10, noise=0.3, seed=np.random.default_rng(7))
    np.testing.assert_array_equal(first[0], from_generator[0])
    other = ALL[name](10, noise=0.3, seed=8)
    assert not np.array_equal(first[0], other[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("name", ALL)
def test_one_point_is_enough(name):
    X, y = ALL[name](1, noise=0.0)
    assert len(X) == len(y) >= 1
    assert np.isfinite(X).all()


@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [(name, argument, value) for name in ALL for argument in ARGUMENTS[name] for value in BAD[argument]],
)
def test_values_out_of_range_are_named(name, argument, value):
    with pytest.raises(HyperparameterError, match=f"^{name} {argument} must"):
        ALL[name](**{argument: value})


def test_spiral_follows_the_formula():
    X, y = spiral(50, 4, noise=0.2, seed=3)
    jitter = np.random.default_rng(3).standard_normal((4, 50))
    for arm in range(4):
        radius = np.linspace(0.0, 1.0, 50)
        angle = np.linspace(arm * 4, (arm + 1) * 4, 50) + 0.2 * jitter[arm]
        expected = np.c_[radius * np.sin(angle), radius * np.cos(angle)]
        np.testing.assert_allclose(X[y == arm], expected, atol=1e-6)


def test_moons_agree_with_scikit_learn():
    X, y = moons(40, noise=0.0)
    expected, labels = make_moons(80, shuffle=False)
    np.testing.assert_allclose(X, expected, atol=1e-6)
    np.testing.assert_array_equal(y, labels)


def test_circles_agree_with_scikit_learn():
    X, y = circles(40, noise=0.0, factor=0.3)
    expected, labels = make_circles(80, shuffle=False, factor=0.3)
    np.testing.assert_allclose(X, expected, atol=1e-6)
    np.testing.assert_array_equal(y, labels)


def test_xor_fills_all_four_corners_evenly():
    X, y = xor(200, noise=0.0)
    np.testing.assert_array_equal(y == 1, (X[:, 0] > 0) != (X[:, 1] > 0))
    corners = 2 * (X[:, 0] > 0) + (X[:, 1] > 0)
    np.testing.assert_array_equal(np.bincount(corners), 100)
    assert np.abs(X).max() <= 1.0


def test_gaussians_have_the_asked_centres_and_spread():
    X, y = gaussians(20_000, 4, noise=0.25, seed=1)
    centres = [[1, 0], [0, 1], [-1, 0], [0, -1]]
    for label, centre in enumerate(centres):
        cloud = X[y == label]
        np.testing.assert_allclose(cloud.mean(axis=0), centre, atol=0.01)
        np.testing.assert_allclose(cloud.std(axis=0), 0.25, atol=0.01)


def test_noise_of_a_surface_is_added_to_y_alone():
    for surface in (plane, waves):
        X, y = surface(20_000, noise=0.5, seed=4)
        clean_X, clean_y = surface(20_000, seed=4)
        np.testing.assert_array_equal(X, clean_X)
        assert np.std(y - clean_y) == pytest.approx(0.5, abs=0.02)
