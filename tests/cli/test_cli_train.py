import csv
import json
import os
import shlex
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.tabular import TabularModel

FILES = {"model.safetensors", "history.csv", "learning_curve.png", "report.html", "report.json"}
QUICK = ("--epochs", 3, "--quiet")


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_train_writes_the_run_folder_and_says_what_it_did(glassnet, table, tmp_path):
    result = glassnet("train", table, "--drop", "id", "--epochs", 30, "--out", "run")
    assert result.code == 0, result.err
    assert result.err == ""
    run = tmp_path / "run"
    assert names(run) == FILES | {"confusion_matrix.png"}
    assert names(tmp_path) == {"people.csv", "run"}
    for told in (
        "120: 72 train, 24 validation, 24 test",
        "2 numbers, 1 category, 1 boolean, 1 date",
        "1 with missing values",
        "kind, 2 classes: old",
        "the last column; --target chooses another",
        "dense1 (relu)",
        "val_loss",
        "Results",
        "validation",
        "run/learning_curve.png",
        "run/model.safetensors",
    ):
        assert told in result.out.replace("\n", " "), told
    report = json.loads((run / "report.json").read_text())
    assert report["data"]["parts"] == {"train": 72, "validation": 24, "test": 24}
    assert set(report["results"]) == {"train", "validation", "test"}
    assert report["target"]["task"] == "classification"
    assert sum(report["target"]["classes"].values()) == 120
    assert {"glassnet", "numpy", "python"} <= set(report["versions"])
    assert set(report["files"]) == names(run)
    epochs = rows(run / "history.csv")
    assert len(epochs) == report["epochs"]
    assert {"loss", "val_loss", "accuracy", "val_accuracy"} <= set(epochs[0])


def test_the_best_epoch_is_kept(glassnet, table):
    assert glassnet("train", table, "--drop", "id", "--epochs", 60, "--patience", 5, "--out", "run").code == 0
    report = json.loads(Path("run/report.json").read_text())
    losses = [float(row["val_loss"]) for row in rows("run/history.csv")]
    assert report["best_epoch"] == int(np.argmin(losses)) + 1
    assert report["results"]["validation"]["loss"] == pytest.approx(min(losses), rel=1e-4)


def test_the_reported_command_repeats_the_run(glassnet, table):
    first = (
        "--drop",
        "id",
        "--target",
        "income",
        "--epochs",
        5,
        "--batchnorm",
        "--seed",
        4,
        "--hidden",
        "9,4",
    )
    assert glassnet("train", table, *first, "--out", "a").code == 0
    command = json.loads(Path("a/report.json").read_text())["command"]
    program, *words = shlex.split(command)
    assert program == "glassnet"
    assert glassnet(*words, "--out", "b").code == 0
    one, two = Path("a/model.safetensors").read_bytes(), Path("b/model.safetensors").read_bytes()
    assert one == two
    assert glassnet(*words, "--out", "c", "--seed", 5).code == 0
    assert (
        gn.load("a/model.safetensors").parameters.values != gn.load("c/model.safetensors").parameters.values
    ).any()


def test_a_value_as_target(glassnet, table, tmp_path):
    result = glassnet(
        "train", table, "--target", "income", "--drop", "id,kind", "--epochs", 100, "--out", "run"
    )
    assert result.code == 0, result.err
    assert names(tmp_path / "run") == FILES | {"predicted_vs_true.png"}
    assert "income, a value" in result.out
    report = json.loads(Path("run/report.json").read_text())
    assert report["results"]["test"]["r2"] > 0.3
    assert report["results"]["test"]["rmse"] < 100
    assert "kind" not in {column["name"] for column in report["columns"]}


def test_the_encoders_are_fitted_on_the_training_part_alone(glassnet, tmp_path):
    values = np.arange(200.0)
    lines = ["x,y"] + [f"{v},{'a' if i % 2 else 'b'}" for i, v in enumerate(values)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    assert glassnet("train", "t.csv", *QUICK, "--out", "run", "--seed", 1).code == 0
    from glassnet.tabular import split_rows

    labels = [i % 2 for i in range(200)]
    split = split_rows(200, validation=0.2, test=0.2, labels=labels, seed=1)
    model = TabularModel.load("run/model.safetensors")
    (column,) = model.encoder.to_dict()["columns"]
    assert column["mean"] == pytest.approx(values[split.train].mean())


@pytest.mark.parametrize("name", ["iris", "digits", "diabetes", "spiral", "waves"])
def test_built_in_datasets(glassnet, name):
    assert glassnet("train", name, *QUICK, "--out", "run").code == 0
    model = TabularModel.load("run/model.safetensors")
    assert (model.encoder is None) == (name == "digits")
    assert glassnet("predict", "run/model.safetensors", name, "--quiet").code == 0
    assert len(rows("predictions.csv")) == gn.datasets.DESCRIPTIONS[name].rows


def test_the_default_folder_is_new_each_time(glassnet, tmp_path):
    for count in (1, 2):
        assert glassnet("train", "iris", *QUICK).code == 0
        assert len(list((tmp_path / "runs").iterdir())) == count
    assert all(path.name.startswith("iris-") for path in (tmp_path / "runs").iterdir())


def test_an_existing_folder_is_only_replaced_with_force(glassnet, tmp_path):
    assert glassnet("train", "diabetes", *QUICK, "--out", "run").code == 0
    before = (tmp_path / "run" / "report.json").read_bytes()
    glassnet("train", "iris", *QUICK, "--out", "run").refused("run is not empty", "--force")
    assert (tmp_path / "run" / "report.json").read_bytes() == before
    (tmp_path / "run" / "notes.txt").write_text("mine")
    assert glassnet("train", "iris", *QUICK, "--out", "run", "--force").code == 0
    assert names(tmp_path / "run") == FILES | {"confusion_matrix.png", "notes.txt"}
    assert names(tmp_path) == {"run"}
    (tmp_path / "empty").mkdir()
    assert glassnet("train", "iris", *QUICK, "--out", "empty").code == 0


def test_force_never_replaces_what_is_no_run(glassnet, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.txt").write_text("years of work")
    glassnet("train", "iris", *QUICK, "--out", home, "--force").refused("not the folder of an earlier run")
    glassnet("train", "iris", *QUICK, "--out", ".", "--force").refused("cannot be replaced")
    glassnet("train", "iris", *QUICK, "--out", home / "thesis.txt").refused("is a file")
    glassnet("train", "iris", *QUICK, "--out", home / "thesis.txt" / "run").refused("is a file")
    assert names(tmp_path) == {"home"}
    assert names(home) == {"thesis.txt"}


def test_a_failure_while_writing_leaves_nothing(glassnet, tmp_path, monkeypatch):
    from glassnet import plots

    def full(*_, **__):
        raise OSError(28, "No space left on device", "x.png")

    assert glassnet("train", "iris", *QUICK, "--out", "run").code == 0
    before = (tmp_path / "run" / "report.json").read_bytes()
    monkeypatch.setattr(plots, "save", full)
    glassnet("train", "iris", *QUICK, "--out", "run", "--force").refused("x.png: No space left on device.")
    glassnet("train", "iris", *QUICK, "--out", "other").refused("No space left")
    assert names(tmp_path) == {"run"}
    assert (tmp_path / "run" / "report.json").read_bytes() == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told_before_the_training(glassnet, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    glassnet("train", "iris", "--out", "locked/run").refused("not writable")


@pytest.mark.parametrize(
    "schedule", ["constant", "cosine", "one_cycle", "inverse_time", "step", "exponential", "polynomial"]
)
def test_schedules(glassnet, schedule):
    words = ("--schedule", schedule, "--learning-rate", 0.01, "--patience", 0)
    assert glassnet("train", "iris", "--epochs", 6, "--quiet", *words, "--out", "run").code == 0
    rates = [float(row["learning_rate"]) for row in rows("run/history.csv")]
    assert len(rates) == 6
    ends = {
        "constant": (0.01, 0.01),
        "inverse_time": (1e-3, 1.2e-3),
        "step": (1e-4, 1e-4),
        "polynomial": (5e-4, 6e-4),
    }
    low, high = ends.get(schedule, (0, 3e-4))
    assert low * 0.999 <= rates[-1] <= high * 1.001


def test_every_optimizer_and_activation_is_a_choice(glassnet, monkeypatch):
    from glassnet import plots
    from glassnet.cli.settings import names_of

    monkeypatch.setattr(plots, "save", lambda *_: None)  # slow, and tested above
    for optimizer in names_of("optimizer"):
        result = glassnet("train", "iris", *QUICK, "--optimizer", optimizer, "--out", "o", "--force")
        assert result.code == 0, result.err
    for activation in names_of("activation"):
        result = glassnet("train", "iris", *QUICK, "--activation", activation, "--out", "o", "--force")
        assert result.code == 0, result.err


def test_other_settings(glassnet):
    words = ("--class-weight", "balanced", "--label-smoothing", 0.1, "--clip-norm", 1, "--test", 0)
    assert glassnet("train", "wine", *QUICK, *words, "--out", "a").code == 0
    words = ("--validation", 0, "--test", 0, "--hidden", "none", "--loss", "huber", "--dropout", 0)
    result = glassnet("train", "plane", "--epochs", 4, *words, "--out", "b")
    assert result.code == 0, result.err
    assert "The weights are those of the last epoch, 4." in result.out
    assert [layer.units for layer in gn.load("b/model.safetensors").layers] == [1]


def test_rows_without_a_target_are_left_out(glassnet, tmp_path):
    lines = ["x,y"] + [f"{i},{'' if i < 3 else i % 2}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    result = glassnet("train", "t.csv", *QUICK, "--out", "run")
    assert result.code == 0
    assert result.err == "Warning: 3 rows without a value of 'y' left out.\n"
    assert json.loads(Path("run/report.json").read_text())["data"]["rows"] == 57


@pytest.mark.filterwarnings("default")
def test_categories_that_training_lacks_are_one_warning(glassnet, tmp_path):
    lines = ["c,x,y"] + [f"k{i if i % 3 else 0},{i},{i % 2}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    result = glassnet("train", "t.csv", *QUICK, "--out", "run")
    assert result.code == 0
    (line,) = result.err.splitlines()
    assert line.startswith("Warning: Categories not seen in training")


def test_quiet_and_verbose(glassnet):
    quiet = glassnet("train", "iris", "--epochs", 3, "--quiet", "--out", "a")
    assert len(quiet.out.splitlines()) == 4
    verbose = glassnet("train", "iris", "--epochs", 30, "--patience", 0, "--verbose", "--out", "b")
    assert sum(line.startswith("epoch ") for line in verbose.out.splitlines()) == 30


def test_lines_fit_a_narrow_terminal(glassnet, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for words in (("train", "breast_cancer", *QUICK[:2], "--out", "a"), ("datasets",)):
        result = glassnet(*words)
        assert result.code == 0
        long = [line for line in result.out.splitlines() if len(line) > 80 and not line.startswith("epoch ")]
        assert long == []


def test_a_class_and_its_count_stay_on_one_line(glassnet, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "80")
    kinds = [f"sort of thing {i}" for i in range(9)]
    lines = [f"{i},{kinds[i % 9]}" for i in range(90)]
    (tmp_path / "t.csv").write_text("x,kind\n" + "\n".join(lines))
    result = glassnet("train", "t.csv", "--epochs", 2, "--out", "run")
    assert result.code == 0, result.err
    for kind in kinds:
        assert f"{kind}: 10" in result.out
    assert "1 number; 1 feature\n" in result.out.replace("  ", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "metric", "least"), [("digits", "accuracy", 0.97), ("diabetes", "r2", 0.40)]
)
def test_defaults_are_good(glassnet, name, metric, least):
    assert glassnet("train", name, "--quiet", "--out", "run").code == 0
    assert json.loads(Path("run/report.json").read_text())["results"]["test"][metric] >= least
