import csv
import json
import math

import pytest

from glassnet.training import History


@pytest.fixture
def history():
    made = History()
    made.append({"loss": 0.1 + 0.2, "accuracy": 0.5})
    made.append({"loss": 0.25, "extra": 1})
    return made


def test_new_and_missing_columns_are_nan_elsewhere(history):
    assert list(history) == ["loss", "accuracy", "extra"]
    assert history["loss"] == [0.1 + 0.2, 0.25]
    assert history["accuracy"][0] == 0.5
    assert math.isnan(history["accuracy"][1])
    assert math.isnan(history["extra"][0])
    assert history.row(1)["extra"] == 1.0
    assert (history.n_epochs, len(history)) == (2, 3)


def test_an_unknown_column_lists_those_there_are(history):
    with pytest.raises(KeyError, match="No column 'los' in the history; it has: loss, accuracy, extra"):
        history["los"]
    assert history.get("los") is None


def test_to_dict_is_a_copy(history):
    columns = history.to_dict()
    columns["loss"].append(9.0)
    columns["new"] = []
    assert history.n_epochs == 2
    assert "new" not in history
    assert json.loads(json.dumps(history.to_dict()["loss"])) == history["loss"]


def test_to_dict_makes_a_table(history):
    pandas = pytest.importorskip("pandas")
    assert pandas.DataFrame(history.to_dict()).shape == (2, 3)


def test_write_csv_keeps_every_digit(history, tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("what was there before, and longer than what comes\n" * 100)
    history.write_csv(path)
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["epoch", "loss", "accuracy", "extra"]
    assert rows == [["1", "0.30000000000000004", "0.5", "nan"], ["2", "0.25", "nan", "1.0"]]
    assert [p.name for p in tmp_path.iterdir()] == ["history.csv"]


def test_write_csv_without_epochs_or_folder(tmp_path):
    History().write_csv(str(tmp_path / "empty.csv"))
    assert (tmp_path / "empty.csv").read_text().splitlines() == ["epoch"]
    with pytest.raises(FileNotFoundError, match="no folder"):
        History().write_csv(tmp_path / "no" / "empty.csv")


def test_repr(history):
    assert repr(history) == "History(2 epochs: loss, accuracy, extra)"
