import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import HyperparameterError

RATE = 0.5


def rates(history):
    return [rate / RATE for rate in history["learning_rate"]]


@pytest.mark.parametrize(
    ("options", "scores", "expected"),
    [
        # A plateau of two epochs halves the rate of the next; the counting starts again then.
        ({"patience": 2}, [5, 5, 5, 5, 5, 5], [1, 1, 1, 0.5, 0.5, 0.25]),
        ({"patience": 2}, [5, 5, 4, 4, 4, 4], [1, 1, 1, 1, 1, 0.5]),
        ({"patience": 1, "factor": 0.1}, [5, 5, 5], [1, 1, 0.1]),
        # After a reduction the next two epochs do not count.
        ({"patience": 1, "cooldown": 2}, [5] * 7, [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]),
        # A gain of no more than min_delta is none.
        ({"patience": 2, "min_delta": 1}, [5, 4.5, 4, 3.5], [1, 1, 1, 0.5]),
        ({"patience": 2, "min_delta": 0}, [5, 4.5, 4, 3.5], [1, 1, 1, 1]),
        ({"patience": 1, "min_learning_rate": 0.2 * RATE}, [5] * 6, [1, 1, 0.5, 0.25, 0.2, 0.2]),
        ({"patience": 1, "min_learning_rate": 2 * RATE}, [5] * 3, [1, 1, 1]),
        ({"patience": 1}, [float("nan")] * 3, [1, 0.5, 0.25]),
    ],
)
def test_the_rate_of_every_epoch(watch_scores, options, scores, expected):
    reducing = gn.ReduceOnPlateau("score", mode="min", **options)
    _, history = watch_scores(reducing, scores, optimizer=gn.SGD(RATE))
    np.testing.assert_allclose(rates(history), expected)


def test_a_second_fit_starts_afresh(watch_scores):
    reducing = gn.ReduceOnPlateau("score", mode="min", patience=2, cooldown=5)
    watch_scores(reducing, [5, 5, 5, 5], optimizer=gn.SGD(RATE))
    _, history = watch_scores(reducing, [9, 9, 9, 9], optimizer=gn.SGD(RATE))
    np.testing.assert_allclose(rates(history), [1, 1, 1, 0.5])


def test_it_works_on_top_of_a_schedule(watch_scores):
    schedule = gn.schedules.InverseTime(RATE, decay=0.1)
    reducing = gn.ReduceOnPlateau("score", mode="min", patience=1)
    _, history = watch_scores(reducing, [5, 5, 5], optimizer=gn.SGD(schedule), batch_size=None)
    expected = [schedule(step) * factor for step, factor in enumerate([1, 1, 0.5])]
    np.testing.assert_allclose(history["learning_rate"], expected)


def test_the_next_update_is_that_much_smaller(data):
    class Twin(gn.callbacks.Callback):
        """Forces the figure to stand still."""

        def on_epoch_end(self, training, logs):
            logs["score"] = 0.0

    X, y = data
    # One row, one weight column, plain gradient descent: the weight change is rate times gradient.
    network = gn.Network([gn.Dense(2)], seed=0, dtype="float64").build(3)
    reducing = gn.ReduceOnPlateau("score", mode="min", patience=1, factor=0.25)
    network.fit(
        X, y, loss="softmax_cross_entropy", optimizer=gn.SGD(RATE), epochs=3, batch_size=None,
        callbacks=[Twin(), reducing],
    )  # fmt: skip
    twin = gn.Network([gn.Dense(2)], seed=0, dtype="float64").build(3)
    twin.fit(X, y, loss="softmax_cross_entropy", optimizer=gn.SGD(RATE), epochs=2, batch_size=None)
    twin.fit(X, y, loss="softmax_cross_entropy", optimizer=gn.SGD(0.25 * RATE), epochs=1, batch_size=None)
    np.testing.assert_allclose(network.parameters.values, twin.parameters.values, rtol=1e-12)


def test_lbfgs_is_refused_before_the_first_step(fit):
    with pytest.raises(HyperparameterError, match="ReduceOnPlateau has no learning rate to reduce: L-BFGS"):
        fit(gn.ReduceOnPlateau(), optimizer="lbfgs")
