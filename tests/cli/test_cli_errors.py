import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from glassnet.cli.errors import Told, guarded, in_options
from glassnet.cli.interrupt import CtrlC

HEADER = "x,y,z"
LINES = [f"{i},{i % 7},{i % 3}" for i in range(40)]


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def good(tmp_path):
    return write(tmp_path / "good.csv", HEADER, *LINES)


BAD = {
    "empty file": ([""], (), "empty"),
    "header only": ([HEADER], (), "no rows"),
    "one column": (["x", "1", "2"], (), "no column beside the target"),
    "target of one value": (["x,y", *(f"{i},7" for i in range(9))], (), "holds 7 alone"),
    "one class only": (["x,y", *(f"{i},cat" for i in range(9))], (), "holds 'cat' alone"),
    "all-NaN column": (["x,n,y", *(f"{i},NaN,{i % 2}" for i in range(40))], (), "no value at all: 'n'"),
    "all columns NaN": (["n,m,y", *(f",NaN,{i % 2}" for i in range(40))], (), "no value at all: 'n', 'm'"),
    "all-NaN target": (["x,y", *(f"{i}," for i in range(9))], (), "holds no value at all"),
    "more classes than rows": (
        ["x,y", *(f"{i},c{i}" for i in range(30))],
        ("--task", "classification"),
        "too few rows for each",
    ),
    "identifiers as target": (["x,y", *(f"{i},c{i}" for i in range(30))], (), "Is it an identifier?"),
    "constant columns": (
        ["x,y", *(f"5,{i % 2}" for i in range(30))],
        (),
        "no column has more than one value",
    ),
    "text of many values": (
        ["x,y", *(f"t{i},{i % 2}" for i in range(300))],
        (),
        "more than --max-categories 100",
    ),
    "text as a value": (
        ["x,y", *(f"{i},{'ab'[i % 2]}" for i in range(30))],
        ("--task", "regression"),
        "numbers for regression",
    ),
    "ragged rows": ([HEADER, "1,2,3", "1,2"], (), "line 3"),
    "columns of one name": (["x,x,y", "1,2,3"], (), "2 columns called 'x'"),
    "too few rows": (["x,y", "1,a", "2,b"], (), "rows"),
    "dates as target": (["x,y", *(f"{i},2024-01-{1 + i % 20:02}" for i in range(30))], (), "dates"),
    "infinite value": (["x,y", "inf,a", *(f"{i},{'ab'[i % 2]}" for i in range(30))], (), "inf"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_tables_are_one_line(glassnet, tmp_path, name):
    lines, options, message = BAD[name]
    path = tmp_path / "bad.csv"
    path.write_text("\n".join(lines) + ("\n" if lines != [""] else ""))
    glassnet("train", path, *options, "--epochs", 2, "--out", "run").refused(message)
    assert os.listdir(tmp_path) == ["bad.csv"]


def test_missing_files(glassnet, tmp_path, trained, good):
    glassnet("train", "digit").refused("no file 'digit'", "Did you mean the dataset 'digits'")
    glassnet("train", tmp_path / "none.csv").refused("none.csv")
    glassnet("train", tmp_path).refused("is a folder")
    glassnet("predict", "none.safetensors", good).refused("no model file none.safetensors")
    glassnet("predict", trained / "model.safetensors", "none.csv").refused("none.csv")
    glassnet("evaluate", "none.safetensors", good).refused("no model file")
    glassnet("summary", "none.safetensors").refused("no model file")
    assert os.listdir(tmp_path) == ["good.csv"]


def test_missing_target_lists_near_names(glassnet, tmp_path):
    write(tmp_path / "t.csv", "age,price,prices,city", "1,2,3,a", "2,3,4,b")
    result = glassnet("train", "t.csv", "--target", "pricee").refused("no target column 'pricee'")
    assert "Did you mean 'price' or 'prices'" in result.err
    assert "'age', 'price', 'prices', 'city'" in result.err
    glassnet("train", "t.csv", "--drop", "agee").refused("Did you mean 'age'")
    glassnet("train", "t.csv", "--target", "age", "--drop", "age").refused("cannot be dropped")
    glassnet("train", "t.csv", "--drop", "age,price,prices,city").refused("leaves no column")


def test_options_of_built_in_data(glassnet):
    glassnet("train", "iris", "--target", "petal").refused("--target is for files")
    glassnet("train", "iris", "--task", "regression").refused("iris is a classification")
    glassnet("train", "digits", "--drop", "pixel_0_0").refused("--drop is for tables")
    glassnet("train", "iris", "--loss", "mse").refused("for values")
    glassnet("train", "diabetes", "--label-smoothing", 0.1).refused("for classes")
    glassnet("train", "diabetes", "--class-weight", "balanced").refused("for classes")


OPTIONS = [
    ("--hidden", "12,x", "widths such as 128,64"),
    ("--hidden", "0", "at least 1"),
    ("--activation", "rellu", "Did you mean 'relu'"),
    ("--optimizer", "adm", "Did you mean 'adam'"),
    ("--schedule", "cosin", "Did you mean 'cosine'"),
    ("--task", "classify", "classification"),
    ("--loss", "mce", "Did you mean"),
    ("--class-weight", "balance", "Did you mean 'balanced'"),
    ("--dropout", "1", "[0, 1)"),
    ("--dropout", "-0.1", "[0, 1)"),
    ("--learning-rate", "0", "(0, inf)"),
    ("--learning-rate", "nan", "(0, inf)"),
    ("--weight-decay", "-1", "[0, inf)"),
    ("--epochs", "0", "[1, inf)"),
    ("--epochs", "ten", "--epochs"),
    ("--batch-size", "0", "[1, inf)"),
    ("--patience", "-1", "[0, inf)"),
    ("--validation", "1.5", "[0, 1)"),
    ("--test", "-1", "[0, 1)"),
    ("--test", "0.9", "no row for training"),
    ("--seed", "-1", "--seed"),
    ("--nonsense", "1", "--nonsense"),
]


@pytest.mark.parametrize(("option", "value", "message"), OPTIONS)
def test_bad_options_are_one_line(glassnet, tmp_path, option, value, message):
    glassnet("train", "iris", option, value, "--out", "run").refused(message)
    assert os.listdir(tmp_path) == []


def test_options_that_exclude_each_other(glassnet):
    glassnet("train", "iris", "--validation", 0, "--patience", 3).refused("needs a validation part")
    glassnet("train", "iris", "--optimizer", "lbfgs", "--learning-rate", 0.1).refused("no --learning-rate")
    glassnet("train", "iris", "--optimizer", "lbfgs", "--schedule", "cosine").refused("--schedule")


def test_usage(glassnet):
    glassnet("train").refused("DATA", "glassnet train --help")
    glassnet("trian", "iris").refused("trian")
    assert glassnet().code == 0
    version = glassnet("--version")
    assert version.code == 0
    assert version.out.startswith("glassnet ")


@pytest.mark.parametrize("command", ["", "train", "predict", "evaluate", "compare", "datasets", "summary"])
def test_help(glassnet, command):
    result = glassnet(*command.split(), "--help")
    assert result.code == 0
    assert "Usage: glassnet" in result.out
    if command == "train":
        for told in ("Data", "Network", "Training", "Output", "In [0, 1)", "small 300", "--schedule"):
            assert told in result.out


def test_values_that_do_not_fit_the_training(glassnet, trained, tmp_path):
    model = trained / "model.safetensors"
    write(tmp_path / "text.csv", "since,city,age,member,income", "2023-05-05,Oslo,old,true,3")
    glassnet("predict", model, "text.csv").refused("'age' held numbers in training", "row 0")
    write(tmp_path / "lacks.csv", "since,city,age", "2023-05-05,Oslo,1")
    glassnet("predict", model, "lacks.csv").refused("lacks the columns 'member', 'income'")
    write(tmp_path / "infinite.csv", "since,city,age,member,income", "2023-05-05,Oslo,inf,true,3")
    glassnet("predict", model, "infinite.csv").refused("'age' holds inf")
    assert not (tmp_path / "predictions.csv").exists()


def test_damaged_models(glassnet, trained, good, tmp_path):
    content = (trained / "model.safetensors").read_bytes()
    damaged = {
        "truncated": content[: len(content) // 2],
        "header only": content[:300],
        "empty": b"",
        "foreign": b"PK\x03\x04" + b"x" * 1000,
        "text": b"a,b\n1,2\n",
    }
    for name, data in damaged.items():
        path = tmp_path / "m.safetensors"
        path.write_bytes(data)
        for command in (("predict", path, good), ("evaluate", path, good), ("summary", path)):
            result = glassnet(*command)
            assert result.code == 2, (name, result.err)
            result.refused("m.safetensors")
    assert sorted(os.listdir(tmp_path)) == ["good.csv", "m.safetensors"]
    from safetensors.numpy import save_file

    save_file({"a": __import__("numpy").zeros(3)}, tmp_path / "other.safetensors")
    glassnet("predict", "other.safetensors", good).refused("not a glassnet model")
    import glassnet as gn

    gn.Network([gn.Dense(2)], seed=0).build(2).save(tmp_path / "bare.safetensors")
    glassnet("predict", "bare.safetensors", good).refused("a network alone")


def test_divergence_is_one_line_and_writes_nothing(glassnet, tmp_path):
    words = ("--optimizer", "sgd", "--learning-rate", "1e30", "--epochs", 3, "--out", "run")
    glassnet("train", "diabetes", *words, "--quiet").refused("The loss became", "epoch 1")
    assert os.listdir(tmp_path) == []


def test_what_is_unexpected_is_a_fault_of_ours(capsys, monkeypatch):
    def fail():
        raise RuntimeError("something\nodd")

    assert guarded(fail) == 1
    error = capsys.readouterr().err
    assert error.startswith("Unexpected error: RuntimeError: something odd.")
    assert len(error.splitlines()) == 1
    assert "report" in error
    assert "GLASSNET_TRACEBACK=1" in error
    monkeypatch.setenv("GLASSNET_TRACEBACK", "1")
    assert guarded(fail) == 1
    assert "Traceback" in capsys.readouterr().err


# -- the real command --------------------------------------------------------------------------------


def test_the_real_command_refuses_in_one_line(process, tmp_path, good):
    process("train", "nothing.csv").refused("nothing.csv")
    process("train", good, "--target", "w").refused("no target column 'w'")
    (tmp_path / "empty.csv").write_text("")
    process("train", "empty.csv", "--out", "run").refused("empty.csv is empty")
    (tmp_path / "m.safetensors").write_bytes(b"nonsense")
    process("predict", "m.safetensors", good).refused("m.safetensors")
    assert sorted(os.listdir(tmp_path)) == ["empty.csv", "good.csv", "m.safetensors"]


def test_the_real_command_trains_and_predicts(process, tmp_path, good):
    result = process("train", good, "--epochs", 3, "--out", "run")
    assert result.code == 0, result.err
    assert result.err == ""
    result = process("predict", "run/model.safetensors", good)
    assert (result.code, result.err) == (0, "")
    assert (tmp_path / "predictions.csv").exists()


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_one_line_says_how_to_install_it(missing):
    code = f"import sys; sys.modules[{missing!r}] = None; from glassnet.cli import main; main(['datasets'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == f'Error: The command line needs {missing}: pip install "glassnet[cli]"\n'


def test_without_pyarrow_files_say_how_to_install_it(good):
    code = "import sys; sys.modules['pyarrow'] = None; from glassnet.cli import main; main(sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", code, "train", str(good)], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert "pip install" in done.stderr


def test_a_closed_pipe_is_no_error(tmp_path):
    command = f"{sys.executable} -m glassnet train --help | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr == ""


def interrupt(child, times=1):
    """Send Ctrl-C once the first epoch is told."""
    for line in child.stdout:
        if line.startswith("epoch "):
            break
    for _ in range(times):
        child.send_signal(signal.SIGINT)
        time.sleep(0.01)
    out, err = child.communicate(timeout=120)
    return out, err


def test_ctrl_c_keeps_the_best_model_and_says_so(start, tmp_path):
    words = ("train", "digits", "--epochs", 100000, "--patience", 0, "--verbose", "--out", "run")
    child = start(*words, cwd=tmp_path)
    out, err = interrupt(child)
    assert child.returncode == 130, err
    assert "stopped: interrupted with Ctrl-C" in out
    assert err.splitlines()[-1] == "Interrupted: the best model so far is kept in run."
    assert "Traceback" not in err
    from glassnet.tabular import TabularModel

    model = TabularModel.load(tmp_path / "run" / "model.safetensors")
    assert model.training["interrupted"] is True
    assert model.training["best_epoch"] >= 1
    assert (tmp_path / "run" / "report.json").exists()
    assert os.listdir(tmp_path) == ["run"]


def test_ctrl_c_before_the_training_writes_nothing(tmp_path):
    script = (
        "import os, signal, glassnet.cli.data as d\n"
        "d.read_source = lambda name: os.kill(os.getpid(), signal.SIGINT)\n"
        "import glassnet.cli.train as t\n"
        "t.read_source = d.read_source\n"
        "from glassnet.cli import main\n"
        "main(['train', 'iris'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert done.returncode == 130
    assert done.stderr == "Interrupted: nothing was written.\n"
    assert os.listdir(tmp_path) == []


@pytest.fixture
def sigint():
    """Have Ctrl-C raise KeyboardInterrupt, whatever this test run was started with."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_by_phase(sigint, monkeypatch):
    with CtrlC() as interrupt:
        with pytest.raises(KeyboardInterrupt):
            sigint()
        interrupt.on_fit_start(None)
        sigint()
        assert interrupt.asked
        sigint()  # a double tap
        monkeypatch.setattr("glassnet.cli.interrupt.DOUBLE_TAP", 0.0)
        with pytest.raises(KeyboardInterrupt):
            sigint()
        interrupt.on_fit_end(None)
        sigint()


@pytest.mark.parametrize("delay", [0.4, 0.8, 1.2, 1.6, 2.2])
@pytest.mark.parametrize("pause", [None, 0.05, 0.3])
def test_ctrl_c_at_any_time_says_what_is_there(start, tmp_path, delay, pause):
    words = ("train", "digits", "--epochs", 100000, "--patience", 0, "--out", "run")
    child = start(*words, cwd=tmp_path, env={"OPENBLAS_NUM_THREADS": "1"})
    time.sleep(delay)
    child.send_signal(signal.SIGINT)
    if pause is not None:
        time.sleep(pause)
        child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=120)
    kept = (tmp_path / "run" / "model.safetensors").exists()
    if "Traceback" in err and "glassnet/cli/" not in err:
        pytest.skip("the interpreter was still loading the package, before the command line")
    # Python ends by the signal itself if it came within exec(); to a shell that is 130 as well.
    assert child.returncode in (130, -signal.SIGINT), err
    told = "the best model so far is kept in run." if kept else "nothing was written."
    assert set(err.splitlines()) == {f"Interrupted: {told}"}
    assert os.listdir(tmp_path) == (["run"] if kept else [])


@pytest.mark.parametrize("pause", [0.0, 0.05, 0.2, 0.5])
def test_a_double_ctrl_c_in_training_keeps_the_model(start, tmp_path, pause):
    words = ("train", "digits", "--epochs", 100000, "--patience", 0, "--verbose", "--out", "run")
    child = start(*words, cwd=tmp_path)
    for line in child.stdout:
        if line.startswith("epoch "):
            break
    child.send_signal(signal.SIGINT)
    time.sleep(pause)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=120)
    assert child.returncode == 130, err
    assert err == "Interrupted: the best model so far is kept in run.\n"
    assert (tmp_path / "run" / "model.safetensors").exists()
    assert os.listdir(tmp_path) == ["run"]


@pytest.mark.parametrize("redirect", ["", "2>&1"])
def test_a_reader_that_leaves_does_not_lose_the_run(tmp_path, redirect):
    words = f"train iris --epochs 200 --patience 0 --verbose --out run {redirect}"
    command = f"{{ {sys.executable} -m glassnet {words}; echo $? > code; }} | head -3"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 3
    assert (tmp_path / "code").read_text() == "0\n"
    assert (tmp_path / "run" / "report.json").exists()


def test_an_import_that_ctrl_c_stops_is_no_fault(capsys):
    def stopped():
        raise ImportError("initialization failed") from KeyboardInterrupt()

    assert guarded(stopped) == 130
    assert capsys.readouterr().err == "Interrupted: nothing was written.\n"


def test_typers_own_interrupt_is_told(capsys):
    assert guarded(lambda: 130) == 130
    assert capsys.readouterr().err == "Interrupted: nothing was written.\n"
    assert guarded(lambda: Told(130)) == 130
    assert capsys.readouterr().err == ""


# -- what errors and warnings say ----------------------------------------------------------------------


def table_of(tmp_path, **changed):
    """Sixty rows of two numbers and a class, some cells of them changed."""
    rows = [["a", "b", "y"], *([str(i % 7), str(i + 0.5), "pq"[i % 2]] for i in range(60))]
    for cell, text in changed.items():
        rows[int(cell[1:]) + 1]["aby".index(cell[0])] = text
    return write(tmp_path / "t.csv", *map(",".join, rows))


@pytest.mark.parametrize(
    ("value", "row"),
    [("inf", 0), ("inf", 3), ("inf", 20), ("inf", 37), ("inf", 58), ("1e300", 0), ("1e300", 3)],
)
def test_rows_in_errors_are_those_of_the_table(glassnet, tmp_path, row, value):
    # A row without a target goes before; the numbers stay those of the table.
    path = table_of(tmp_path, **{"y1": "", f"b{row}": value})
    result = glassnet("train", path, "--epochs", 1, "--out", "run")
    assert result.code == 2
    assert f"at row {row} (counting from 0)" in result.err.splitlines()[-1]


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("row", range(30, 42))
def test_a_stray_text_is_told_with_its_row(glassnet, tmp_path, row):
    path = table_of(tmp_path, **{f"a{row}": "oops"})
    result = glassnet("train", path, "--epochs", 1, "--quiet", "--out", "run")
    assert f"'oops' in row {row} (counting from 0)" in result.err or (
        result.code == 2 and f"row {row} (counting from 0) holds 'oops'" in result.err
    )


def test_a_stray_text_in_the_target_is_named(glassnet, tmp_path):
    path = table_of(tmp_path, b39="oops")
    words = ("--target", "b", "--epochs", 1, "--out", "run")
    glassnet("train", path, *words).refused("59 of 60 values of 'b' are numbers, but 'oops' in row 39")
    path = write(tmp_path / "u.csv", "x,y", *(f"{i},u{i}" for i in range(30)))
    glassnet("train", path).refused("Is it an identifier?", "--task regression")


@pytest.mark.filterwarnings("default")
def test_a_file_without_a_header_is_one_warning(glassnet, tmp_path):
    write(tmp_path / "bare.csv", *(f"{i}.5,{i % 2}" for i in range(40)))
    result = glassnet("train", "bare.csv", "--epochs", 1, "--quiet", "--out", "run")
    assert result.code == 0
    assert result.err.startswith(
        "Warning: The first row of bare.csv is all numbers; it is read as the header."
    )
    assert len(result.err.splitlines()) == 1


def test_messages_speak_of_options():
    assert in_options("clip (clip_norm=1.0), or") == "clip (--clip-norm 1.0), or"
    assert in_options("validation=0.2 and test=0.9 of 3 rows") == "--validation 0.2 and --test 0.9 of 3 rows"
    assert in_options("Column 'test=5' and raise max_categories.") == (
        "Column 'test=5' and raise --max-categories."
    )


def test_an_unknown_metric_lists_our_own_alone(glassnet, trained, good):
    result = glassnet("evaluate", trained / "model.safetensors", good, "--metrics", "accurcy")
    result.refused("Did you mean 'accuracy'?", "rmse", "or any scikit-learn scorer.")
    assert "neg_log_loss" not in result.err


def test_a_question_ends_in_its_mark(glassnet):
    assert "?." not in glassnet("trian", "iris").refused("Did you mean 'train'? See: ").err


def test_where_sigint_is_ignored_it_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with CtrlC():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of files are text")
def test_a_file_whose_name_is_no_text_can_be_trained_on(glassnet, tmp_path, monkeypatch, good):
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"d\xff.csv")
    os.rename(good, name)
    glassnet("train", name, "--epochs", 2, "--out", "run", "--quiet")
    assert (
        json.loads((tmp_path / "run" / "report.json").read_text("utf-8"))["data"]["name"] == Path(name).stem
    )
