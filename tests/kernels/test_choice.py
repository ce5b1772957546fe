"""Which kernels run, by GLASSNET_KERNELS and by what is installed; what is compiled, and when."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import glassnet as gn
from glassnet import kernels
from glassnet.errors import HyperparameterError
from glassnet.optimizers.adam import adam

INSTALLED = importlib.util.find_spec("numba") is not None
needs_numba = pytest.mark.skipif(not INSTALLED, reason="compiled kernels need numba (the extra fast)")

FIT = """
import sys, json, logging
if {blocked}:
    sys.modules["numba"] = None  # as if it were not installed
said = []
class Keep(logging.Handler):
    def emit(self, record):
        said.append([record.levelname, record.getMessage()])
logging.getLogger("glassnet").addHandler(Keep())
import numpy as np
import glassnet as gn
from glassnet import kernels
X = np.random.default_rng(0).normal(size=(8, 2))
net = gn.Network([gn.Dense(1)], seed=0)
try:
    for _ in range(2):
        net.fit(X, X[:, :1], loss="mse", optimizer="sgd", epochs=1)
    error = None
except gn.errors.GlassnetError as caught:
    error = [type(caught).__name__, str(caught)]
print(json.dumps(dict(chosen=kernels._chosen, numba="numba" in sys.modules, error=error, said=said,
                      active=type(kernels._kernels["sgd"].active).__module__.split(".")[0])))
"""


def run(code, **environment):
    environment = {k: v for k, v in os.environ.items() if k != "GLASSNET_KERNELS"} | environment
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def fit(blocked=False, **environment):
    return run(FIT.format(blocked=blocked), **environment)


def test_numpy_never_imports_numba():
    told = fit(GLASSNET_KERNELS="numpy")
    assert told == {"chosen": "numpy", "numba": False, "error": None, "said": [], "active": "builtins"}


@needs_numba
@pytest.mark.parametrize("choice", [{}, {"GLASSNET_KERNELS": "auto"}, {"GLASSNET_KERNELS": "numba"}], ids=str)
def test_compiled_kernels_run_where_numba_is_installed(choice):
    told = fit(**choice)
    assert told["error"] is None
    assert told["active"] == "numba"
    assert told["chosen"] == choice.get("GLASSNET_KERNELS") or told["chosen"] in ("numba", "mkl")


@pytest.mark.parametrize("choice", [{}, {"GLASSNET_KERNELS": "auto"}], ids=str)
def test_auto_falls_back_without_numba_and_without_a_word(choice):
    told = fit(blocked=True, **choice)
    assert (told["chosen"], told["active"], told["error"], told["said"]) == ("numpy", "builtins", None, [])


def test_numba_where_it_is_missing_is_an_error():
    told = fit(blocked=True, GLASSNET_KERNELS="numba")
    name, message = told["error"]
    assert name == "MissingDependencyError"
    assert 'pip install "glassnet[fast]"' in message


def test_another_word_is_an_error():
    name, message = fit(GLASSNET_KERNELS="nonsense")["error"]
    assert name == "HyperparameterError"
    assert message == "GLASSNET_KERNELS must be one of auto, numpy, numba, mkl, got 'nonsense'."


def test_another_word_to_use_is_an_error(choose):
    with pytest.raises(HyperparameterError, match="choice must be one of auto, numpy, numba, mkl, got 'jax'"):
        choose("jax")


def test_a_choice_can_be_changed(choose):
    assert choose("numpy") == kernels.chosen() == "numpy"
    assert adam.active is adam.reference
    assert choose() == "numpy"  # None keeps it
    if INSTALLED:
        assert choose("numba") == kernels.chosen() == "numba"
        assert adam.active is not adam.reference


def test_importing_loading_and_predicting_leave_numba_alone(tmp_path):
    net = gn.Network(
        [gn.Dense(4, activation="relu"), gn.BatchNorm(), gn.LayerNorm(), gn.Dropout(0.1), gn.Dense(2)],
        seed=0,
    ).build(3)
    path = tmp_path / "net.safetensors"
    net.save(path)
    code = f"""
import sys, json
import glassnet as gn
import numpy as np
gn.load({str(path)!r}).predict(np.ones((5, 3)))
print(json.dumps("numba" in sys.modules))
"""
    assert run(code, GLASSNET_KERNELS="auto") is False


@needs_numba
def test_compiling_is_announced_once_and_only_the_first_time(tmp_path):
    first, second = (fit(NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(2))
    ((level, message),) = first["said"]
    assert level == "WARNING"
    assert "ompil" in message
    assert second["said"] == []


@needs_numba
@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "mse"])
def test_an_equal_fit_compiles_nothing_more(choose, loss):
    choose("numba")
    from glassnet.kernels.compiled import BY_NAME

    generator = np.random.default_rng(0)
    X = generator.normal(size=(50, 2)).astype(np.float32)  # thin products; not copied where not shuffled
    y = generator.integers(0, 3, 50) if loss != "mse" else generator.normal(size=(50, 3)).astype(np.float32)

    def train(n, **options):
        layers = [gn.BatchNorm(), gn.Dense(4, activation="relu"), gn.BatchNorm(), gn.LayerNorm()]
        net = gn.Network([*layers, gn.Dropout(0.1), gn.Dense(3)], seed=0)
        data = {"validation_data": (X[:9], y[:9])}
        net.fit(X[:n], y[:n], loss=loss, optimizer="adam", epochs=2, **data, **options)
        return sum(len(each.signatures) for each in BY_NAME.values())

    count = train(50, batch_size=10)
    assert count > 0
    assert train(50, batch_size=7, shuffle=False) == count
    assert train(50, batch_size=50) == count
    assert train(49, batch_size=16, shuffle=True) == count
    X = X.astype(np.float64)  # batches are converted
    assert train(50, batch_size=7) == count
    assert train(50, batch_size=7, shuffle=False) == count
