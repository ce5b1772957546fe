import json
import math

import numpy as np
import pytest
from scipy import stats

from glassnet import initializers
from glassnet.errors import HyperparameterError
from glassnet.initializers import (
    Constant,
    HeNormal,
    HeUniform,
    Initializer,
    LeCunNormal,
    LeCunUniform,
    Normal,
    Orthogonal,
    Uniform,
    XavierNormal,
    XavierUniform,
    Zeros,
)
from glassnet.registry import from_config, resolve

ALL = [
    Zeros(),
    Constant(0.5),
    Normal(),
    Normal(std=0.3),
    Uniform(),
    Uniform(low=-1, high=0.5),
    XavierNormal(),
    XavierUniform(),
    HeNormal(),
    HeUniform(),
    LeCunNormal(),
    LeCunUniform(),
    Orthogonal(),
    Orthogonal(gain=1.5),
]
SHAPES = [(1,), (7,), (1, 1), (5, 3), (3, 5), (4, 4), (2, 5, 3), ()]


def rng(seed=0):
    return np.random.default_rng(seed)


def test_every_registered_initializer_is_tested():
    assert {type(initializer) for initializer in ALL} == set(initializers.BY_NAME.values())


def test_short_names():
    names = {
        "zeros": Zeros,
        "constant": Constant,
        "normal": Normal,
        "uniform": Uniform,
        "xavier": XavierUniform,
        "xavier_normal": XavierNormal,
        "xavier_uniform": XavierUniform,
        "he": HeNormal,
        "he_normal": HeNormal,
        "he_uniform": HeUniform,
        "lecun": LeCunNormal,
        "lecun_normal": LeCunNormal,
        "lecun_uniform": LeCunUniform,
        "orthogonal": Orthogonal,
    }
    assert names == initializers.BY_NAME
    classes = {cls.__name__ for cls in initializers.BY_NAME.values()}
    assert set(initializers.__all__) == {"BY_NAME", "Initializer"} | classes


# -- each one -----------------------------------------------------------------------------------


def test_zeros_and_constant():
    np.testing.assert_array_equal(Zeros()((2, 3), rng()), [[0, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(Constant(-2)((2,), rng()), [-2, -2])


def test_defaults():
    assert Normal() == Normal(std=0.01) == Normal(0.01)
    assert Uniform() == Uniform(low=-0.05, high=0.05)
    assert Orthogonal() == Orthogonal(gain=1.0)


def test_normal_is_the_generators_own():
    np.testing.assert_array_equal(Normal(0.3)((4, 5), rng(7)), 0.3 * rng(7).standard_normal((4, 5)))
    np.testing.assert_array_equal(Normal(0)((3,), rng()), np.zeros(3))


FAN_IN, FAN_OUT = 400, 200
LAWS = [
    (Normal(0.3), "normal", 0.09),
    (XavierNormal(), "normal", 2 / 600),
    (HeNormal(), "normal", 2 / 400),
    (LeCunNormal(), "normal", 1 / 400),
    (Uniform(-0.05, 0.05), "uniform", 0.1**2 / 12),
    (XavierUniform(), "uniform", 2 / 600),
    (HeUniform(), "uniform", 2 / 400),
    (LeCunUniform(), "uniform", 1 / 400),
]


@pytest.mark.parametrize(("initializer", "law", "variance"), LAWS, ids=[repr(law[0]) for law in LAWS])
def test_mean_variance_and_law(initializer, law, variance):
    drawn = initializer((FAN_IN, FAN_OUT), rng(3)).ravel()
    n = drawn.size
    kurtosis = 3.0 if law == "normal" else 1.8
    assert abs(drawn.mean()) < 5 * math.sqrt(variance / n)
    assert abs(drawn.var() - variance) < 5 * variance * math.sqrt((kurtosis - 1) / n)
    if law == "normal":
        assert stats.kstest(drawn, "norm", args=(0, math.sqrt(variance))).pvalue > 1e-3
    else:
        limit = math.sqrt(3 * variance)
        assert abs(drawn).max() <= limit
        assert stats.kstest(drawn, "uniform", args=(-limit, 2 * limit)).pvalue > 1e-3


def test_uniform_stays_within_its_bounds():
    drawn = Uniform(low=2, high=3)((1000,), rng())
    assert drawn.min() >= 2
    assert drawn.max() < 3
    assert drawn.mean() == pytest.approx(2.5, abs=0.05)


def test_limits_worked_by_hand():
    # sqrt(6 / (4 + 2)) = 1, sqrt(6 / 6) = 1, sqrt(3 / 3) = 1: each draws what U[-1, 1) draws
    for initializer, shape in [(XavierUniform(), (4, 2)), (HeUniform(), (6, 2)), (LeCunUniform(), (3, 2))]:
        np.testing.assert_array_equal(initializer(shape, rng(5)), rng(5).uniform(-1, 1, shape))


def test_deviations_worked_by_hand():
    # sqrt(2 / (6 + 2)) = 1/2, sqrt(2 / 8) = 1/2, sqrt(1 / 4) = 1/2
    for initializer, shape in [(XavierNormal(), (6, 2)), (HeNormal(), (8, 3)), (LeCunNormal(), (4, 9))]:
        np.testing.assert_array_equal(initializer(shape, rng(5)), rng(5).standard_normal(shape) / 2)


def test_a_vector_has_equal_fans():
    # fan_in = fan_out = 2: sqrt(2 / 4), sqrt(2 / 2), sqrt(1 / 2)
    z = rng(5).standard_normal(2)
    np.testing.assert_allclose(XavierNormal()((2,), rng(5)), z * math.sqrt(1 / 2))
    np.testing.assert_allclose(HeNormal()((2,), rng(5)), z)
    np.testing.assert_allclose(LeCunNormal()((2,), rng(5)), z * math.sqrt(1 / 2))


def test_a_stack_of_matrices_has_the_fans_of_one():
    np.testing.assert_array_equal(HeNormal()((3, 8, 2), rng(5)), rng(5).standard_normal((3, 8, 2)) / 2)


@pytest.mark.parametrize("gain", [1.0, 0.5, math.sqrt(2)])
@pytest.mark.parametrize("shape", [(1, 1), (6, 6), (9, 4), (4, 9), (1, 5), (5, 1), (300, 20), (3, 5, 2)])
def test_orthogonal(shape, gain):
    matrix = Orthogonal(gain)(shape, rng(1))
    transposed = np.swapaxes(matrix, -2, -1)
    product = transposed @ matrix if shape[-2] >= shape[-1] else matrix @ transposed
    expected = np.broadcast_to(gain**2 * np.eye(min(shape[-2:])), product.shape)
    np.testing.assert_allclose(product, expected, atol=1e-12)


def test_orthogonal_vector_has_length_gain():
    assert np.linalg.norm(Orthogonal(3.0)((10,), rng())) == pytest.approx(3.0)


def test_orthogonal_is_uniform_over_rotations_and_reflections():
    # Without the sign fix LAPACK's Q has determinant (-1)^(n-1) and a skewed trace.
    drawn = Orthogonal()((4000, 3, 3), rng(2))
    determinants = np.linalg.det(drawn)
    assert np.mean(determinants > 0) == pytest.approx(0.5, abs=0.04)
    assert np.trace(drawn, axis1=1, axis2=2).mean() == pytest.approx(0.0, abs=0.08)
    assert drawn[:, 0, 0].var() == pytest.approx(1 / 3, abs=0.03)


# -- what holds for all -------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("initializer", ALL, ids=repr)
def test_shape_dtype_and_layout(initializer, shape):
    drawn = initializer(shape, rng())
    drawn = np.asarray(drawn)
    assert drawn.shape == shape
    assert drawn.dtype == np.float64
    assert drawn.flags.c_contiguous
    assert np.isfinite(drawn).all()


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)], ids=str)
@pytest.mark.parametrize("initializer", ALL, ids=repr)
def test_empty_shapes(initializer, shape):
    assert initializer(shape, rng()).shape == shape


@pytest.mark.parametrize("initializer", ALL, ids=repr)
def test_the_generator_alone_decides(initializer):
    first = initializer((6, 4), rng(11))
    np.testing.assert_array_equal(first, initializer((6, 4), rng(11)))
    if not isinstance(initializer, Zeros | Constant):
        assert not np.array_equal(first, initializer((6, 4), rng(12)))
        shared = rng(11)
        initializer((6, 4), shared)
        assert not np.array_equal(first, initializer((6, 4), shared))


@pytest.mark.parametrize("initializer", ALL, ids=repr)
def test_the_global_random_state_is_untouched(initializer):
    before = np.random.get_state()  # noqa: NPY002 - it is what must not change
    initializer((6, 4), rng())
    after = np.random.get_state()  # noqa: NPY002
    assert before[0] == after[0]
    np.testing.assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


@pytest.mark.parametrize("initializer", ALL, ids=repr)
def test_config_round_trip(initializer):
    config = json.loads(json.dumps(initializer.config()))
    assert from_config("initializer", config) == initializer


@pytest.mark.parametrize("name", sorted(set(initializers.BY_NAME) - {"constant"}))
def test_names_resolve(name):
    assert resolve("initializer", name) == initializers.BY_NAME[name]()


# -- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Normal(-0.1), r"Normal std must lie in \[0, inf\), got -0.1"),
        (lambda: Normal(math.nan), "Normal std must lie in"),
        (lambda: Normal("small"), "Normal std must be a number"),
        (lambda: Constant(math.inf), "Constant value must lie in"),
        (lambda: Uniform(low=math.nan), "Uniform low must lie in"),
        (lambda: Uniform(high=math.inf), "Uniform high must lie in"),
        (lambda: Uniform(low=1, high=1), r"Uniform low must lie below high, got low=1.0, high=1.0"),
        (lambda: Uniform(low=0.2), r"low=0.2, high=0.05"),
        (lambda: Orthogonal(0), r"Orthogonal gain must lie in \(0, inf\), got 0"),
        (lambda: Orthogonal(gain=-1), "Orthogonal gain must lie in"),
    ],
)
def test_values_out_of_range_are_named(make, message):
    with pytest.raises(HyperparameterError, match=message):
        make()


def test_unknown_name_lists_the_choices():
    with pytest.raises(HyperparameterError, match=r"Did you mean 'xavier_normal'.*Choose from: constant, he"):
        resolve("initializer", "xavier_norml")


def test_base_class_says_what_to_define():
    with pytest.raises(NotImplementedError, match="__call__"):
        Initializer()((1,), rng())
