import csv
import json

import numpy as np
import pytest

from glassnet.tabular import TabularModel


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_predict_writes_labels_and_probabilities(glassnet, trained, table):
    result = glassnet("predict", trained / "model.safetensors", table, "--keep", "id,age")
    assert result.code == 0, result.err
    assert "120 predictions of 'kind'" in result.out
    written = rows("predictions.csv")
    assert list(written[0]) == ["id", "age", "prediction", "probability_old", "probability_young"]
    assert [row["id"] for row in written[:2]] == ["n000", "n001"]
    assert written[0]["age"] == ""
    for row in written:
        shares = float(row["probability_old"]), float(row["probability_young"])
        assert sum(shares) == pytest.approx(1, abs=1e-4)
        assert row["prediction"] == ("old" if shares[0] > shares[1] else "young")


def test_predict_values(glassnet, table, tmp_path):
    assert (
        glassnet("train", table, "--target", "income", "--drop", "id", "--epochs", 3, "--out", "r", "-q").code
        == 0
    )
    assert glassnet("predict", "r/model.safetensors", table, "--out", "p.csv").code == 0
    from glassnet.datasets import read_table

    expected = TabularModel.load("r/model.safetensors").predict(read_table(table))
    written = rows("p.csv")
    assert list(written[0]) == ["prediction"]
    np.testing.assert_allclose([float(r["prediction"]) for r in written], expected, rtol=1e-6)


def test_predict_needs_neither_target_nor_order(glassnet, trained, tmp_path):
    (tmp_path / "new.csv").write_text("since,city,age,member,income\n2023-05-05,Oslo,70,true,300\n")
    assert glassnet("predict", trained / "model.safetensors", "new.csv").code == 0
    assert len(rows("predictions.csv")) == 1


@pytest.mark.filterwarnings("default")
def test_unknown_categories_are_one_warning(glassnet, trained, tmp_path):
    (tmp_path / "new.csv").write_text("since,city,age,member,income\n2023-05-05,Lima,70,true,300\n")
    result = glassnet("predict", trained / "model.safetensors", "new.csv")
    assert result.code == 0
    (line,) = result.err.splitlines()
    assert line.startswith("Warning: ")
    assert "'Lima'" in line


def test_predictions_are_not_overwritten(glassnet, trained, table, tmp_path):
    model = trained / "model.safetensors"
    assert glassnet("predict", model, table).code == 0
    glassnet("predict", model, table).refused("predictions.csv exists already", "--force")
    assert glassnet("predict", model, table, "--force").code == 0
    before = table.read_bytes(), model.read_bytes()
    glassnet("predict", model, table, "--out", table, "--force").refused("is what is read")
    glassnet("predict", model, table, "--out", model, "--force").refused("is what is read")
    assert (table.read_bytes(), model.read_bytes()) == before
    glassnet("predict", model, table, "--out", "no/such/p.csv").refused("no folder")
    glassnet("predict", model, table, "--out", tmp_path).refused("is a folder")
    glassnet("predict", model, table, "--force", "--keep", "idd").refused("'idd'", "Did you mean 'id'")


def test_evaluate(glassnet, trained, table):
    model = trained / "model.safetensors"
    report = json.loads((trained / "report.json").read_text())
    for part in ("train", "validation", "test"):
        result = glassnet("evaluate", model, table, "--part", part)
        assert result.code == 0, result.err
        assert result.err == ""
        assert f"{report['results'][part]['accuracy']:.4f}" in result.out
        assert f"{report['results'][part]['loss']:.4f}" in result.out
    everything = glassnet("evaluate", model, table)
    assert "Warning: the model was trained on some of these rows" in everything.err
    assert "120" in everything.out
    named = glassnet("evaluate", model, table, "--metrics", "balanced_accuracy,recall", "--part", "test")
    assert "balanced_accuracy" in named.out
    glassnet("evaluate", model, table, "--metrics", "accurcy").refused("Did you mean 'accuracy'")


def test_evaluate_other_data(glassnet, trained, table, tmp_path):
    text = table.read_text().splitlines()
    (tmp_path / "few.csv").write_text("\n".join(text[:30]))
    result = glassnet("evaluate", trained / "model.safetensors", "few.csv")
    assert result.code == 0
    assert result.err == ""
    glassnet("evaluate", trained / "model.safetensors", "few.csv", "--part", "test").refused(
        "not what the model"
    )
    glassnet("evaluate", trained / "model.safetensors", "few.csv", "--part", "tset").refused(
        "none of all, train"
    )
    (tmp_path / "bare.csv").write_text("age,city\n1,Oslo\n")
    glassnet("evaluate", trained / "model.safetensors", "bare.csv").refused("no target column 'kind'")
    glassnet("evaluate", trained / "model.safetensors", "iris").refused("lacks the columns 'age'")


def test_summary(glassnet, trained, tmp_path):
    result = glassnet("summary", trained / "model.safetensors")
    assert result.code == 0
    for told in ("dense1 (relu)", "2 numbers", "kind, 2 classes", "people, 120 rows", "glassnet train"):
        assert told in result.out
    TabularModel.load(trained / "model.safetensors").network.save("bare.safetensors")
    bare = glassnet("summary", "bare.safetensors")
    assert bare.code == 0
    assert "a network alone" in bare.out


def test_datasets(glassnet):
    from glassnet.datasets import DESCRIPTIONS

    result = glassnet("datasets")
    assert result.code == 0
    assert all(name in result.out for name in DESCRIPTIONS)


def test_compare(glassnet, tmp_path):
    words = ("--epochs", 4, "--out", "c", "--optimizers", "sgd,momentum,sgd:0.5,adam,lbfgs")
    result = glassnet("compare", "iris", *words)
    assert result.code == 0, result.err
    assert {p.name for p in (tmp_path / "c").iterdir()} == {
        "comparison.csv",
        "comparison.png",
        "histories.csv",
        "report.json",
    }
    summary = rows("c/comparison.csv")
    assert [row["optimizer"] for row in summary] == ["sgd", "momentum", "sgd:0.5", "adam", "lbfgs"]
    assert summary[2]["learning_rate"] == "0.5"
    epochs = rows("c/histories.csv")
    assert sum(row["optimizer"] == "adam" for row in epochs) == 4
    for name in ("sgd", "momentum", "adam"):
        assert name in result.out
        best = min(float(row["val_loss"]) for row in epochs if row["optimizer"] == name)
        told = next(row for row in summary if row["optimizer"] == name)
        assert float(told["best_val_loss"]) == pytest.approx(best)


def test_compare_starts_all_from_the_same_weights_and_batches(glassnet):
    # A step so small that the weights stay: the losses of all epochs are those of the same start.
    words = ("--epochs", 2, "--optimizers", "sgd:1e-12,adagrad:1e-12,adam:1e-12", "--weight-decay", 0)
    assert glassnet("compare", "iris", *words, "--dropout", 0.3, "--out", "c", "--quiet").code == 0
    epochs = rows("c/histories.csv")
    for epoch in ("1", "2"):
        losses = {float(row["loss"]) for row in epochs if row["epoch"] == epoch}
        assert max(losses) - min(losses) < 1e-6
        assert len({row["val_loss"] for row in epochs}) == 1


def test_compare_goes_on_when_one_diverges(glassnet):
    words = ("--epochs", 3, "--optimizers", "sgd:1e30,adam", "--out", "c")
    result = glassnet("compare", "diabetes", *words)
    assert result.code == 0
    assert "Warning: sgd diverged in epoch 1" in result.err
    assert rows("c/comparison.csv")[0]["failure"] == "diverged in epoch 1"
    words = ("--epochs", 3, "--optimizers", "sgd:1e30", "--out", "d")
    alone = glassnet("compare", "diabetes", *words)
    assert alone.code == 2
    assert "No optimiser finished an epoch" in alone.err


@pytest.mark.parametrize(
    ("optimizers", "message"),
    [
        ("sdg", "Did you mean 'sgd'"),
        ("sgd:x", "a number"),
        (" ", "at least one"),
        ("sgd:-1", "(0, inf)"),
        ("sgd,adam,sgd", "same training twice: sgd and sgd"),
        ("adam,adam:0.001", "adam and adam:0.001"),
    ],
)
def test_compare_refuses(glassnet, optimizers, message, tmp_path):
    glassnet("compare", "iris", "--optimizers", optimizers, "--out", "c").refused(message)
    assert not (tmp_path / "c").exists()
