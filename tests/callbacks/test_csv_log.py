import csv

import pytest

import glassnet as gn
from glassnet.errors import DataError, HyperparameterError


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_a_row_per_epoch_with_all_digits(fit, tmp_path):
    path = tmp_path / "log.csv"
    _, history = fit(gn.CSVLog(path), epochs=3, metrics=["accuracy"], validation_fraction=0.2)
    header, *rows = read(path)
    assert header == ["epoch", *history]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    for name in history:
        assert [float(row[header.index(name)]) for row in rows] == history[name]


def test_it_is_what_the_history_writes(fit, tmp_path):
    _, history = fit(gn.CSVLog(tmp_path / "log.csv"), epochs=3)
    history.write_csv(tmp_path / "history.csv")
    assert (tmp_path / "log.csv").read_bytes() == (tmp_path / "history.csv").read_bytes()


def test_each_epoch_is_on_disk_at_once(fit, tmp_path):
    class Look(gn.callbacks.Callback):
        lengths = ()

        def on_epoch_end(self, training, logs):
            self.lengths = (*self.lengths, len(read(tmp_path / "log.csv")))

    look = Look()
    fit(gn.CSVLog(tmp_path / "log.csv"), look, epochs=3)
    assert look.lengths == (2, 3, 4)


def test_a_column_that_appears_later(fit, tmp_path):
    class Sometimes(gn.callbacks.Callback):
        def on_epoch_end(self, training, logs):
            if training.epoch in (2, 4):
                logs['odd, "quoted"'] = 0.5

    _, history = fit(Sometimes(), gn.CSVLog(tmp_path / "log.csv"), epochs=4)
    header, *rows = read(tmp_path / "log.csv")
    assert header == ["epoch", *history]
    assert [row[-1] for row in rows] == ["nan", "0.5", "nan", "0.5"]
    assert [float(row[1]) for row in rows] == history["loss"]
    history.write_csv(tmp_path / "history.csv")
    assert (tmp_path / "log.csv").read_bytes() == (tmp_path / "history.csv").read_bytes()


def test_a_second_fit_starts_afresh(fit, tmp_path):
    log = gn.CSVLog(tmp_path / "log.csv")
    fit(log, epochs=4, metrics=["accuracy"])
    _, history = fit(log, epochs=2)
    header, *rows = read(tmp_path / "log.csv")
    assert header == ["epoch", *history]
    assert len(rows) == 2


def test_a_file_that_cannot_be_written_is_told_before_the_first_step(fit, tmp_path):
    with pytest.raises(DataError, match=r"CSVLog cannot write .*there is no folder"):
        fit(gn.CSVLog(tmp_path / "no" / "log.csv"))
    with pytest.raises(DataError, match=r"CSVLog cannot write .*it is a folder"):
        fit(gn.CSVLog(tmp_path))
    with pytest.raises(DataError, match=r"CSVLog cannot write .*: File name too long\."):
        fit(gn.CSVLog(tmp_path / ("x" * 300)))


def test_the_path_is_a_path():
    with pytest.raises(HyperparameterError, match="CSVLog path must be a path, got 3"):
        gn.CSVLog(3)
