import math
from types import SimpleNamespace

import pytest

from glassnet.callbacks.monitor import Monitor
from glassnet.errors import HyperparameterError
from glassnet.metrics import Metric, resolve

NAN = math.nan


def training_with(*metrics, validation=False):
    return SimpleNamespace(
        metrics=[m if isinstance(m, Metric) else resolve(m) for m in metrics],
        validation=("data", None) if validation else None,
        epoch=0,
    )


def followed(monitor, values, training=None):
    """Return per epoch: best so far?, and epochs waited."""
    training = training or training_with()
    monitor.start(training)
    steps = []
    for i, value in enumerate(values):
        training.epoch = i + 1
        steps.append((monitor.update(training, {monitor.column: value}), monitor.waited))
    return steps


def test_lower_is_better():
    monitor = Monitor("Test", "loss")
    assert followed(monitor, [3, 2, 2, 2.5, 1]) == [(True, 0), (True, 0), (False, 1), (False, 2), (True, 0)]
    assert (monitor.best_value, monitor.best_epoch) == (1, 4)


def test_higher_is_better():
    monitor = Monitor("Test", "accuracy")
    steps = followed(monitor, [0.1, 0.3, 0.2], training_with("accuracy"))
    assert steps == [(True, 0), (True, 0), (False, 1)]
    assert (monitor.best_value, monitor.best_epoch) == (0.3, 1)


def test_min_delta_decides_progress_but_not_the_best():
    # The reference stays at the last progress, so small steps add up; the best follows each of them.
    monitor = Monitor("Test", "score", "max", min_delta=1.0)
    steps = followed(monitor, [0.0, 0.6, 1.0, 1.2, 1.1])
    assert steps == [(True, 0), (True, 1), (True, 2), (True, 0), (False, 1)]
    assert monitor.best_value == 1.2


def test_nan_is_never_better_and_costs_patience():
    monitor = Monitor("Test", "loss")
    assert followed(monitor, [NAN, NAN]) == [(False, 1), (False, 2)]
    assert (monitor.best_value, monitor.best_epoch) == (None, None)
    assert followed(monitor, [1.0, NAN, 0.5]) == [(True, 0), (False, 1), (True, 0)]


def test_infinity_is_not_better_than_nothing():
    monitor = Monitor("Test", "loss")
    assert followed(monitor, [math.inf, 5.0]) == [(False, 1), (True, 0)]


def test_starting_again_forgets():
    monitor = Monitor("Test", "loss")
    followed(monitor, [1.0, 2.0])
    assert followed(monitor, [9.0]) == [(True, 0)]


@pytest.mark.parametrize(("validation", "column"), [(False, "loss"), (True, "val_loss")])
def test_the_default_column(validation, column):
    monitor = Monitor("Test", None)
    monitor.start(training_with(validation=validation))
    assert monitor.column == column


@pytest.mark.parametrize(
    ("name", "higher"),
    [("loss", False), ("val_loss", False), ("mse", False), ("val_r2", True), ("accuracy", True)],
)
def test_auto_takes_the_direction_of_the_metric(name, higher):
    monitor = Monitor("Test", name)
    steps = followed(monitor, [1.0, 2.0], training_with("mse", "r2", "accuracy", validation=True))
    assert steps[1][0] is higher


def test_a_metric_named_like_a_validation_column_is_found_as_it_is():
    metric = Metric("val_score", lambda y, p: 0.0, higher_is_better=True)
    assert followed(Monitor("Test", "val_score"), [1, 2], training_with(metric))[1][0]


def test_min_and_max_overrule_the_metric():
    steps = followed(Monitor("Test", "accuracy", "min"), [1.0, 2.0], training_with("accuracy"))
    assert steps == [(True, 0), (False, 1)]


def test_an_unknown_column_is_refused_at_the_start_in_mode_auto():
    message = (
        r"Unknown Test monitor 'val_acuracy'. Did you mean 'val_accuracy'\? Choose from: accuracy, "
        r"learning_rate, .*val_loss. For a column that another callback adds, give mode='min' or mode='max'."
    )
    with pytest.raises(HyperparameterError, match=message):
        Monitor("Test", "val_acuracy").start(training_with("accuracy", validation=True))


def test_an_unknown_column_is_refused_at_the_first_epochs_end_in_other_modes():
    monitor, training = Monitor("Test", "score", "max"), training_with()
    monitor.start(training)
    with pytest.raises(HyperparameterError, match=r"Test monitor 'score'.*Choose from: loss, seconds"):
        monitor.update(training, {"loss": 1.0, "seconds": 1.0})


def test_a_column_that_is_missing_later_counts_as_nan():
    monitor, training = Monitor("Test", "score", "max"), training_with()
    monitor.start(training)
    assert monitor.update(training, {"score": 1.0})
    assert not monitor.update(training, {"loss": 1.0})
    assert monitor.waited == 1


@pytest.mark.parametrize("name", ["val_loss", "val_accuracy"])
def test_a_validation_column_needs_validation_data(name):
    with pytest.raises(HyperparameterError, match=f"Test monitor '{name}' needs validation data"):
        Monitor("Test", name).start(training_with("accuracy"))


@pytest.mark.parametrize("name", ["learning_rate", "seconds", "odd"])
def test_auto_refuses_a_column_without_direction(name):
    metric = Metric("odd", lambda y, p: 0.0)
    with pytest.raises(HyperparameterError, match=f"whether a higher '{name}' is better; give mode="):
        Monitor("Test", name).start(training_with(metric))
    Monitor("Test", name, "max").start(training_with(metric))


@pytest.mark.parametrize("name", ["", 3, b"loss"])
def test_the_column_is_a_name(name):
    with pytest.raises(HyperparameterError, match="Test monitor must be the name of a column or None"):
        Monitor("Test", name)
