import math

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import HyperparameterError, NonFiniteError


class Keep(gn.callbacks.Callback):
    """Copies values and statistics at every epoch's end."""

    def __init__(self, then=None):
        self.values, self.statistics, self.then = [], [], then

    def on_epoch_end(self, training, logs):
        parameters = training.network.parameters
        self.values.append(parameters.values.copy())
        self.statistics.append(parameters.statistics.flat.copy())
        if self.then is not None and training.epoch == 4:
            self.then(training)


def same_as_epoch(network, keep, epoch):
    parameters = network.parameters
    return np.array_equal(parameters.values, keep.values[epoch]) and np.array_equal(
        parameters.statistics.flat, keep.statistics[epoch]
    )


def test_it_stops_after_patience_and_restores_the_best_epoch(watch_scores):
    keep, stopping = Keep(), gn.EarlyStopping("score", patience=3, mode="min")
    network, history = watch_scores(stopping, [5, 2, 3, 4, 2, 1, 0, 0], keep)
    assert history.n_epochs == 5
    assert (stopping.best_value, stopping.best_epoch) == (2, 1)
    assert history.stop_reason == "score made no progress for 3 epochs (best 2 in epoch 2)"
    assert same_as_epoch(network, keep, 1)
    assert not np.array_equal(keep.values[1], keep.values[4])
    assert not np.array_equal(keep.statistics[1], keep.statistics[4])


def test_without_restore_the_last_epoch_stays(watch_scores):
    keep = Keep()
    stopping = gn.EarlyStopping("score", patience=1, mode="min", restore_best=False)
    network, history = watch_scores(stopping, [1, 2, 3], keep)
    assert history.n_epochs == 2
    assert history.stop_reason == "score made no progress for 1 epoch (best 1 in epoch 1)"
    assert same_as_epoch(network, keep, 1)


def test_it_restores_when_fit_ends_by_itself(watch_scores):
    keep = Keep()
    network, history = watch_scores(gn.EarlyStopping("score", mode="max"), [1, 4, 3, 2], keep)
    assert history.stop_reason is None
    assert same_as_epoch(network, keep, 1)


def test_the_restored_epoch_is_the_very_best_even_within_min_delta(watch_scores):
    keep = Keep()
    stopping = gn.EarlyStopping("score", mode="max", patience=2, min_delta=1.0)
    network, history = watch_scores(stopping, [1.0, 1.5, 1.25, 9.0], keep)
    assert history.n_epochs == 3
    assert (stopping.best_value, stopping.best_epoch) == (1.5, 1)
    assert same_as_epoch(network, keep, 1)


@pytest.mark.parametrize("error", [KeyboardInterrupt, NonFiniteError])
def test_it_restores_after_an_error(watch_scores, make_network, error):
    def fail(training):
        training.network.parameters.values[:] = math.nan
        raise error("now")

    network, keep = make_network(), Keep(fail)
    with pytest.raises(error):
        watch_scores(gn.EarlyStopping("score", mode="max"), [1, 3, 2, 2, 2], keep, network=network)
    assert same_as_epoch(network, keep, 1)


def test_it_restores_after_the_loss_left_the_finite_range(make_network):
    X = np.random.default_rng(0).normal(size=(64, 3))
    network, keep = gn.Network([gn.Dense(1)], seed=0), Keep()
    stopping = gn.EarlyStopping("loss")
    with pytest.raises(NonFiniteError), np.errstate(all="ignore"):
        network.fit(X, X[:, 0], loss="mse", optimizer=gn.SGD(10.0), epochs=100, callbacks=[keep, stopping])
    assert same_as_epoch(network, keep, stopping.best_epoch)
    assert np.isfinite(network.parameters.values).all()


def test_nan_only_stops_and_restores_nothing(watch_scores):
    keep, stopping = Keep(), gn.EarlyStopping("score", mode="min", patience=2)
    network, history = watch_scores(stopping, [math.nan] * 4, keep)
    assert history.stop_reason == "score made no progress for 2 epochs (it was never a number)"
    assert (stopping.best_value, stopping.best_epoch) == (None, None)
    assert same_as_epoch(network, keep, 1)


def test_a_second_fit_starts_afresh(watch_scores, make_network):
    stopping = gn.EarlyStopping("score", mode="min", patience=2)
    watch_scores(stopping, [1, 2, 3])
    keep, network = Keep(), make_network(seed=1)
    network, history = watch_scores(stopping, [9, 8, 7], keep, network=network)
    assert history.stop_reason is None
    assert (stopping.best_value, stopping.best_epoch) == (7, 2)
    assert same_as_epoch(network, keep, 2)


def test_a_fit_that_fails_at_its_start_restores_nothing(fit, make_network):
    class Fails(gn.callbacks.Callback):
        def on_fit_start(self, training):
            raise RuntimeError("no")

    stopping, network = gn.EarlyStopping(), make_network()
    fit(stopping, network=network)
    before = network.parameters.values.copy()
    network.parameters.values[:] += 1
    with pytest.raises(RuntimeError, match="no"):
        fit(Fails(), stopping, network=network)
    np.testing.assert_array_equal(network.parameters.values, before + 1)


def test_it_keeps_the_views_and_frees_the_copy(watch_scores, make_network):
    network = make_network().build(3)
    view = network.parameters["dense1.weight"]
    stopping = gn.EarlyStopping("score", mode="min")
    watch_scores(stopping, [1, 2], network=network)
    assert np.shares_memory(view, network.parameters.values)
    assert stopping._kept is None


def test_real_columns(fit):
    stopping = gn.EarlyStopping(patience=2)
    _, history = fit(stopping, epochs=30, validation_fraction=0.3, metrics=["accuracy"])
    assert stopping.best_value == min(history["val_loss"])
    assert history["val_loss"][stopping.best_epoch] == stopping.best_value
    stopping = gn.EarlyStopping("val_accuracy", patience=2)
    _, history = fit(stopping, epochs=30, validation_fraction=0.3, metrics=["accuracy"])
    assert stopping.best_value == max(history["val_accuracy"])
    assert history.row(stopping.best_epoch)["val_accuracy"] == stopping.best_value


def test_lbfgs_can_be_stopped_too(fit, script):
    net = gn.Network([gn.Dense(4, activation="tanh"), gn.Dense(2)], seed=0)
    scores = script([1, 2, 3, 4, *range(100)])
    keep, stopping = Keep(), gn.EarlyStopping("score", mode="min", patience=2)
    net, history = fit(scores, keep, stopping, network=net, optimizer="lbfgs", epochs=50)
    assert history.n_epochs == 3
    assert "made no progress" in history.stop_reason
    assert same_as_epoch(net, keep, 0)


def test_an_unknown_column_stops_fit_before_the_first_step(fit, make_network):
    network = make_network().build(3)
    before = network.parameters.values.copy()
    with pytest.raises(HyperparameterError, match=r"Unknown EarlyStopping monitor 'val_acc'.*Choose from: "):
        fit(gn.EarlyStopping("val_acc"), network=network, metrics=["accuracy"])
    np.testing.assert_array_equal(network.parameters.values, before)
