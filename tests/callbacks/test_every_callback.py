"""What holds for all callbacks; one that is exported and not listed here fails the suite."""

import copy
import io
import math
import pickle
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import GlassnetError, HyperparameterError, MissingDependencyError

EVERY = {
    "CSVLog": lambda folder: gn.CSVLog(folder / "log.csv"),
    "Checkpoint": lambda folder: gn.Checkpoint(folder / "run.checkpoint", every_steps=2),
    "EarlyStopping": lambda folder: gn.EarlyStopping(patience=3),
    "Progress": lambda folder: gn.Progress("lines", file=io.StringIO()),
    "ReduceOnPlateau": lambda folder: gn.ReduceOnPlateau(patience=2),
    "SaveBest": lambda folder: gn.SaveBest(folder / "best.safetensors"),
    "TensorBoardLog": lambda folder: gn.TensorBoardLog(folder / "runs"),
}
NEEDS = {
    "Progress": ("rich", "Progress", r'pip install "glassnet\[cli\]", or use mode="lines"'),
    "TensorBoardLog": ("tensorboardX", "TensorBoardLog", r'pip install "glassnet\[tensorboard\]"'),
}
WITH_PATH = {"CSVLog", "Checkpoint", "SaveBest", "TensorBoardLog"}

each = pytest.mark.parametrize("name", sorted(EVERY))


def test_the_list_is_complete():
    assert {*EVERY, "Callback"} == set(gn.callbacks.__all__)
    for name in EVERY:
        cls = getattr(gn, name)
        assert cls is getattr(gn.callbacks, name)
        assert issubclass(cls, gn.callbacks.Callback)


@each
def test_two_fits_and_a_failed_one(fit, tmp_path, name):
    callback = EVERY[name](tmp_path)
    _, first = fit(callback, validation_fraction=0.2)
    _, second = fit(callback, validation_fraction=0.2)
    assert first["loss"] == second["loss"]

    class Fails(gn.callbacks.Callback):
        def on_fit_start(self, training):
            raise RuntimeError("no")

    for order in ([callback, Fails()], [Fails(), callback]):
        with pytest.raises(RuntimeError, match="no"):
            fit(*order)


@each
def test_none_changes_how_a_network_learns(fit, tmp_path, name):
    plain, _ = fit(epochs=2)
    with_callback, _ = fit(EVERY[name](tmp_path), epochs=2)
    if name == "EarlyStopping":
        return  # may restore an earlier epoch
    np.testing.assert_array_equal(plain.parameters.values, with_callback.parameters.values)


@each
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_copies_before_and_after_a_fit(fit, tmp_path, name, duplicate):
    callback = EVERY[name](tmp_path)
    if name == "Progress":
        callback.file = None
    fit(duplicate(callback), epochs=2)
    fit(callback, epochs=2)
    fit(duplicate(callback), epochs=2)


@each
def test_repr_tells_the_hyperparameters(tmp_path, name):
    assert repr(EVERY[name](tmp_path)).startswith(f"{name}(")
    if name == "EarlyStopping":
        assert repr(EVERY[name](tmp_path)) == (
            "EarlyStopping(monitor=None, patience=3, min_delta=0.0, mode='auto', restore_best=True)"
        )


def bad_values():
    for name in sorted(EVERY):
        for f in fields(getattr(gn, name)):
            rule = f.metadata.get("rule")
            if rule is None or f.name == "monitor":
                continue
            bad = ["no such thing", [1], *([] if rule.optional else [None])]
            if rule.interval is not None:
                low, high = rule.interval.low, rule.interval.high
                bad += [math.nan, math.inf, True]
                bad += [low - 1] if math.isfinite(low) else []
                bad += [low] if rule.interval.closed in ("right", "neither") else []
                bad += [high, high + 1] if math.isfinite(high) else []
                bad += [low + 1.5] if rule.interval.integer else []
            bad += [1] if rule.flag else []
            yield from ((name, f.name, value) for value in bad)


@pytest.mark.parametrize(("name", "hyperparameter", "value"), list(bad_values()))
def test_values_out_of_range(name, hyperparameter, value):
    path = ["somewhere"] if name in WITH_PATH else []
    with pytest.raises(HyperparameterError, match=f"{name} {hyperparameter}"):
        getattr(gn, name)(*path, **{hyperparameter: value})


@pytest.mark.parametrize("name", sorted(set(EVERY) - {"CSVLog", "Checkpoint", "Progress", "TensorBoardLog"}))
def test_the_monitor_is_a_name(name):
    path = ["somewhere"] if name in WITH_PATH else []
    with pytest.raises(HyperparameterError, match=f"{name} monitor must be the name of a column or None"):
        getattr(gn, name)(*path, monitor=3)


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_a_missing_package_is_told_at_construction(monkeypatch, name):
    package, owner, advice = NEEDS[name]
    monkeypatch.setitem(sys.modules, package, None)
    path = ["somewhere"] if name in WITH_PATH else []
    with pytest.raises(MissingDependencyError, match=f"{owner} .*{advice}") as caught:
        getattr(gn, name)(*path)
    assert isinstance(caught.value, GlassnetError)


def test_importing_the_callbacks_imports_none_of_the_optional_packages():
    code = (
        "import sys, glassnet as gn, glassnet.callbacks, glassnet.training; "
        "print([m for m in ('rich', 'tensorboardX', 'matplotlib', 'sklearn', 'scipy', 'safetensors') "
        "if m in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"
