"""Products by Intel's MKL (the extra mkl): the choice, the results, the same bits in every run."""

import importlib.metadata
import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import MissingDependencyError
from glassnet.products import large_product

pytest.importorskip("numba", reason="MKL is called from compiled kernels (the extra fast)")


def installed():
    try:
        return bool(importlib.metadata.version("mkl"))
    except importlib.metadata.PackageNotFoundError:
        return False


needs_mkl = pytest.mark.skipif(not installed(), reason="products by MKL need its wheel (the extra mkl)")


@pytest.mark.skipif(installed(), reason="here MKL is installed")
def test_without_its_wheel_it_is_refused_by_name_and_left_out_of_auto(choose):
    with pytest.raises(MissingDependencyError, match=r'MKL.s products need its wheel: .*"glassnet\[mkl\]"'):
        choose("mkl")
    assert choose("auto") == "numba"


def test_a_library_that_does_not_load_is_told_once_and_left_out(choose, monkeypatch, caplog):
    monkeypatch.delitem(sys.modules, "glassnet.kernels.compiled.mkl", raising=False)
    broken = importlib.metadata.PackagePath("libmkl_rt.so.3")
    broken.dist = importlib.metadata.distribution("numpy")  # which holds no such file
    monkeypatch.setattr(importlib.metadata, "files", lambda name: [broken])
    assert choose("auto") == "numba"
    assert "MKL's products are left out, and training goes on without: " in caplog.text
    with pytest.raises(MissingDependencyError, match="libmkl_rt"):
        choose("mkl")


SHAPES = [(300, 50, 256), (128, 784, 10), (64, 4000, 3), (33, 257, 129), (1, 900, 900), (2, 3, 4), (0, 5, 3)]


@needs_mkl
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_products_equal_numpys_to_rounding(shape, dtype, choose):
    rng = np.random.default_rng(0)
    n, k, m = shape
    x, w, d = (rng.normal(size=size).astype(dtype) for size in ((n, k), (k, m), (n, m)))
    choose("mkl")
    for a, b in ((x, w), (x.T, d), (d, w.T), (x[:, ::2], w[::2])):
        a.flags.writeable = b.flags.writeable = False
        out = np.full((len(a), b.shape[1]), np.nan, dtype)
        large_product(a, b, out)
        exact = a.astype(float) @ b.astype(float)
        bound = 4 * np.finfo(dtype).eps * (np.abs(a).astype(float) @ np.abs(b).astype(float))
        assert (np.abs(out - exact) <= bound).all()


@needs_mkl
def test_nan_and_infinity_arrive(choose):
    choose("mkl")
    a, b = np.ones((600, 600), np.float32), np.ones((600, 600), np.float32)
    a[3, 5], a[4, 0], b[0, 7] = np.nan, np.inf, 0
    out = np.empty_like(a)
    large_product(a, b, out)
    assert np.isnan(out[3]).all()
    assert np.isnan(out[4, 7])
    assert np.isposinf(np.delete(out[4], 7)).all()
    assert np.isfinite(np.delete(out, [3, 4], axis=0)).all()


FIT = """
import hashlib, numpy as np, glassnet as gn
rng = np.random.default_rng(0)
shift = np.empty({shift})  # memory lies elsewhere
X, y = rng.normal(size=(600, 1100)).astype("float32"), rng.integers(0, 5, 600)
net = gn.Network([gn.Dense(200, activation="relu"), gn.Residual([gn.Dense(150)]), gn.Dense(5)], seed=1)
net.fit(X, y, loss="softmax_cross_entropy", optimizer="adam", epochs=2, batch_size=200)
before = net.predict(X[:50]).tobytes()
gn.kernels.use("numpy")
assert net.predict(X[:50]).tobytes() == before  # prediction does not depend on the choice
print(hashlib.sha256(net.parameters.values.tobytes()).hexdigest())
"""


def fit(choice, shift):
    environment = os.environ | {"GLASSNET_KERNELS": choice}
    done = subprocess.run(
        [sys.executable, "-c", FIT.format(shift=shift)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_mkl
def test_every_run_gives_the_same_bits_and_not_those_of_numpys_blas():
    first = fit("mkl", 1)
    assert [fit("mkl", shift) for shift in (7, 1003)] == [first, first]
    assert fit("numba", 1) != first  # that MKL was called at all


@needs_mkl
def test_a_forked_process_trains_on(choose):
    choose("mkl")
    X, y = np.random.default_rng(0).normal(size=(512, 300)), np.arange(512) % 3

    def trained():
        net = gn.Network([gn.Dense(300, activation="relu"), gn.Dense(3)], seed=0)
        net.fit(X, y, loss="softmax_cross_entropy", epochs=1, batch_size=256)
        return net.parameters.values.copy()

    expected = trained()
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(trained(), expected) else 1)
    assert os.waitpid(child, 0)[1] == 0
