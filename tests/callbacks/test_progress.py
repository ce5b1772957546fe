import io
import re
import sys
import time

import pytest

import glassnet as gn
from glassnet.callbacks import progress, progress_bar
from glassnet.errors import HyperparameterError

rich_console = pytest.importorskip("rich.console")


def terminal(width=100, **options):
    return rich_console.Console(
        file=io.StringIO(), force_terminal=True, force_interactive=True, width=width, **options
    )


def seen(console):
    """Return what stands on the screen at the end: the text after the last clearing, without colours."""
    text = console.file.getvalue()
    last = text.rsplit("\x1b[2K", 1)[-1]
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", last)


def test_lines_is_one_line_per_epoch(fit):
    file = io.StringIO()
    _, history = fit(
        gn.Progress("lines", file=file), epochs=12, metrics=["accuracy"], validation_fraction=0.2
    )
    lines = file.getvalue().splitlines()
    assert len(lines) == 12
    pattern = (
        r"epoch  3/12  loss \d\.\d{4}  accuracy \d\.\d{4}  val_loss \d\.\d{4}  val_accuracy \d\.\d{4}  "
        r"[\d,]+ samples/s  elapsed 0:0\d  left 0:0\d"
    )
    assert re.fullmatch(pattern, lines[2])
    assert f"loss {history['loss'][2]:.4f}" in lines[2]


def test_lines_is_all_text_that_ascii_holds(fit):
    file = io.StringIO()
    fit(gn.Progress("lines", file=file))
    assert file.getvalue().isascii()


def test_the_default_file_is_the_present_stdout(fit, monkeypatch):
    callback = gn.Progress("lines")
    file = io.StringIO()
    monkeypatch.setattr(sys, "stdout", file)
    fit(callback, epochs=2)
    assert file.getvalue().count("\n") == 2


@pytest.mark.parametrize(("epochs", "lines"), [(3, 3), (20, 20), (21, 11), (100, 20), (1000, 20), (1010, 20)])
def test_without_a_terminal_there_are_few_lines(fit, epochs, lines):
    file = io.StringIO()
    fit(gn.Progress(file=file), epochs=epochs, network=gn.Network([gn.Dense(2)], seed=0), batch_size=None)
    written = file.getvalue().splitlines()
    assert len(written) == lines
    assert written[-1].startswith(f"epoch {epochs}/{epochs}  loss")
    assert "\x1b" not in file.getvalue()


def test_an_early_end_writes_the_last_epoch_and_the_reason(fit, script):
    file = io.StringIO()
    stopping = gn.EarlyStopping("score", mode="min", patience=4)
    fit(script(range(100)), gn.Progress(file=file), stopping, epochs=100)
    *_, last, reason = file.getvalue().splitlines()
    assert last.startswith("epoch   5/100")
    assert reason == "stopped: score made no progress for 4 epochs (best 0 in epoch 1)"


def test_an_epoch_is_not_written_twice(fit, script):
    file = io.StringIO()
    stopping = gn.EarlyStopping("score", mode="min", patience=4)
    fit(script(range(20)), gn.Progress(file=file), stopping, epochs=20)
    assert [line[:11] for line in file.getvalue().splitlines()[-2:]] == ["epoch  5/20", "stopped: sc"]


def test_long_epochs_have_lines_within(fit, monkeypatch):
    monkeypatch.setattr(progress, "_QUIET_SECONDS", -1.0)
    monkeypatch.setattr(progress.Lines, "_left", lambda self, status: 0.0)
    file = io.StringIO()
    callback = gn.Progress(file=file)

    class Hurry(gn.callbacks.Callback):
        def on_step_end(self, training, loss):
            callback._due = 0.0

    fit(Hurry(), callback, epochs=2, batch_size=10)
    lines = file.getvalue().splitlines()
    assert len(lines) == 10
    assert re.match(r"epoch 1/2  batch 1/4  loss \d\.\d{4}  [\d,]+ samples/s  elapsed", lines[0])
    assert re.match(r"epoch 2/2  batch 2/4  loss", lines[6])


def test_the_pace_of_lines_slows_down():
    view = progress.Lines(io.StringIO(), every_epoch=False)

    class Status:
        elapsed = 0.0

    assert view._left(Status) == pytest.approx(60, abs=1)
    Status.elapsed = 36_000.0
    assert view._left(Status) == pytest.approx(3600, abs=1)


def test_the_bar_shows_everything(fit):
    console = terminal()
    fit(gn.Progress(console=console), epochs=3, metrics=["accuracy"], validation_fraction=0.2)
    bar, figures = seen(console).strip().splitlines()
    assert re.fullmatch(r"epoch 3/3 ━+ 100% 0:0\d elapsed", bar)
    assert re.fullmatch(r"loss .* accuracy .* val_loss .* val_accuracy .* samples/s", figures.strip())
    assert "left" in console.file.getvalue()
    assert console.file.getvalue().endswith("\x1b[?25h")  # the cursor is back


def test_the_bar_ends_with_the_reason(fit, script):
    console = terminal()
    stopping = gn.EarlyStopping("score", mode="min", patience=1)
    fit(script(range(9)), gn.Progress(console=console), stopping, epochs=9)
    lines = seen(console).strip().splitlines()
    assert lines[0].startswith("epoch 2/9")
    assert " 22% " in lines[0]
    assert lines[-1].strip() == "stopped: score made no progress for 1 epoch (best 0 in epoch 1)"


def test_the_bar_counts_batches_only_where_epochs_are_long(fit, monkeypatch):
    quick, long = terminal(), terminal()
    monkeypatch.setattr(progress_bar, "_INTERVAL", 0.0)
    monkeypatch.setattr(progress_bar, "_SHARE", 0.0)
    fit(gn.Progress(console=quick))
    assert "batch" not in quick.file.getvalue()
    monkeypatch.setattr(progress_bar, "_LONG_EPOCH", 0.0)
    fit(gn.Progress(console=long))
    assert "batch 2/3" in long.file.getvalue()


def test_the_bar_is_drawn_at_most_ten_times_a_second(fit, monkeypatch):
    drawn = []
    original = progress_bar.Bar._picture
    monkeypatch.setattr(
        progress_bar.Bar, "_picture", lambda *a, **k: drawn.append(time.perf_counter()) or original(*a, **k)
    )
    started = time.perf_counter()
    fit(gn.Progress(console=terminal()), epochs=300, batch_size=8)
    assert len(drawn) <= 3 + (time.perf_counter() - started) / progress_bar._INTERVAL


def test_names_are_not_markup(fit, script):
    console = terminal()
    fit(script([1.0], "[bold]x[/y]"), gn.Progress(console=console), epochs=1)
    assert "[bold]x[/y] 1.0000" in seen(console)


@pytest.mark.parametrize("width", [20, 40, 200])
def test_any_width(fit, width):
    console = terminal(width)
    fit(gn.Progress(console=console), epochs=2, metrics=["accuracy"], validation_fraction=0.2)
    assert all(len(line.rstrip()) <= width for line in seen(console).splitlines())


@pytest.mark.parametrize(("width", "least"), [(80, "val_accuracy"), (60, "val_accuracy"), (30, "loss")])
def test_the_figures_stay_on_one_line(fit, width, least):
    console = terminal(width)
    fit(gn.Progress(console=console), epochs=2, metrics=["accuracy"], validation_fraction=0.2)
    lines = seen(console).strip().splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("loss ")
    assert least in lines[1]
    assert "samples/s" not in lines[1]


def test_a_dumb_terminal_gets_lines(fit, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    console = terminal()
    fit(gn.Progress(console=console), epochs=2)
    assert console.file.getvalue().startswith("epoch 1/2  loss")


def test_a_notebook_without_widgets_gets_lines(fit, monkeypatch):
    monkeypatch.setattr(progress_bar.importlib.util, "find_spec", lambda name: None)
    console = rich_console.Console(file=io.StringIO(), force_jupyter=True, width=80)
    fit(gn.Progress(console=console), epochs=2)
    assert console.file.getvalue().startswith("epoch 1/2  loss")


def test_a_console_on_which_another_bar_is_drawn(fit, monkeypatch):
    from rich.errors import LiveError
    from rich.live import Live

    def refuse(self, refresh=False):
        raise LiveError("Only one live display may be active at once")

    monkeypatch.setattr(Live, "start", refuse)
    console = terminal()
    fit(gn.Progress(console=console), epochs=2)
    assert console.file.getvalue().startswith("epoch 1/2  loss")


def test_after_an_error_the_terminal_is_as_before(fit):
    class Fails(gn.callbacks.Callback):
        def on_epoch_end(self, training, logs):
            raise RuntimeError("no")

    console, stdout = terminal(), sys.stdout
    with pytest.raises(RuntimeError, match="no"):
        fit(gn.Progress(console=console), Fails())
    assert console.file.getvalue().endswith("\x1b[?25h")
    assert sys.stdout is stdout
    fit(gn.Progress(console=console), epochs=1)


def test_lbfgs_shows_its_iterations(fit):
    file = io.StringIO()
    network = gn.Network([gn.Dense(2)], seed=0)
    _, history = fit(gn.Progress("lines", file=file), network=network, optimizer="lbfgs", epochs=4)
    assert [line.split("  ")[0] for line in file.getvalue().splitlines()] == [
        f"epoch {i}/4" for i in range(1, history.n_epochs + 1)
    ]


def test_lines_needs_no_rich(monkeypatch):
    monkeypatch.setitem(sys.modules, "rich", None)
    gn.Progress("lines")


@pytest.mark.parametrize("options", [{"mode": "lines"}, {"file": io.StringIO()}])
def test_a_console_excludes_a_file_and_lines(options):
    with pytest.raises(HyperparameterError, match="Progress console is for mode='bar', and without a file"):
        gn.Progress(console=terminal(), **options)
