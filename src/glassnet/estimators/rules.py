"""scikit-learn's rules between epochs: when to stop, when to lower the rate, what to remember."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.callbacks.base import Callback
from glassnet.training.batches import Batches

if TYPE_CHECKING:
    from glassnet.training import Training

__all__ = ["ScikitBatches", "ScikitRules"]

_SMALLEST_RATE = 1e-6
"""An adaptive rate that has come down to this ends the training instead of falling further."""


class ScikitBatches(Batches):
    """Batches in scikit-learn's order: each epoch permutes the order of the one before.

    The permutations come from the estimator's random_state as scikit-learn draws them, so the same
    random_state gives both libraries the same batches.
    """

    def __init__(self, *arguments: Any, random_state: np.random.RandomState) -> None:
        super().__init__(*arguments)
        self._random_state = random_state
        self._places = np.arange(self.n_rows)

    draws = True  # even for a single batch, as scikit-learn does

    def shuffle(self, generator: np.random.Generator) -> None:
        """Draw the next order from the estimator's random_state; the generator is not used."""
        permutation = np.arange(self.n_rows)
        self._random_state.shuffle(permutation)
        if self.n_batches > 1:  # the order within a single batch does not matter
            self._places = self._places[permutation]
            self._order = self._places if self.rows is None else self.rows[self._places]


class ScikitRules(Callback):
    """Keeps an estimator's curves and ends its training by `tol` and `n_iter_no_change`.

    Args:
        estimator: whose parameters are followed and whose attributes are kept.
        score: None, or returns the score on the validation part (early stopping).
        incremental: one call of partial_fit, which trains one epoch.
    """

    def __init__(self, estimator: Any, score: Callable[[], float] | None, incremental: bool) -> None:
        self.estimator, self.score, self.incremental = estimator, score, incremental

    def on_epoch_start(self, training: Training) -> None:
        """Start the epoch's sum of losses."""
        self._loss = 0.0

    def on_step_end(self, training: Training, loss: float) -> None:
        """Add a batch's loss: scikit-learn counts it by its rows, whatever they weigh."""
        batches = training.batches
        done = min(training.batch * batches.batch_size, batches.n_rows)
        self._loss += loss * (done - (training.batch - 1) * batches.batch_size)

    def on_epoch_end(self, training: Training, logs: dict[str, float]) -> None:
        """Record the epoch, look for progress, set the rate, perhaps stop."""
        e, n_rows = self.estimator, training.batches.n_rows
        e.n_iter_ += 1
        e.t_ += n_rows
        e.loss_ = logs["loss"] = self._loss / n_rows
        e.loss_curve_.append(e.loss_)
        if self.score is None:
            self._watch_loss()
        else:
            logs["val_score"] = self._watch_score(training, self.score())
        state = training.optimizer_state
        follows = e.optimizer is None and e.solver == "sgd" and isinstance(e.learning_rate, str)
        adaptive = follows and e.learning_rate == "adaptive"
        if follows and e.learning_rate == "invscaling":
            state.learning_rate_factor = (e.t_ + 1) ** -float(e.power_t)
        if e._no_improvement_count > e.n_iter_no_change:
            rate = training.optimizer.rate_at(state.step) * state.learning_rate_factor
            if adaptive and rate > _SMALLEST_RATE:
                state.learning_rate_factor /= 5.0
                e._no_improvement_count = 0
            else:
                what = "Training loss" if self.score is None else "Validation score"
                training.stop(
                    f"{what} did not improve more than tol={e.tol:f} for {e.n_iter_no_change} consecutive "
                    f"epochs.{' Learning rate too small.' if adaptive else ''}"
                )

    def on_fit_end(self, training: Training) -> None:
        """Go back to the best epoch's weights: after fit, and when partial_fit has seen enough."""
        e = self.estimator
        e.stopped_ = training.stopped
        if self.incremental and training.stopped:
            e._no_improvement_count = 0
        if self.score is None or not e.restore_best or e._best is None:
            return
        if not self.incremental or training.stopped:
            parameters = training.network.parameters
            np.copyto(parameters.values, e._best[0])
            np.copyto(parameters.statistics.flat, e._best[1])

    def _watch_loss(self) -> None:
        e = self.estimator
        stalled = e.loss_ > e.best_loss_ - e.tol
        e._no_improvement_count = e._no_improvement_count + 1 if stalled else 0
        e.best_loss_ = min(e.best_loss_, e.loss_)

    def _watch_score(self, training: Training, score: float) -> float:
        e = self.estimator
        e.validation_scores_.append(score)
        stalled = score < e.best_validation_score_ + e.tol
        e._no_improvement_count = e._no_improvement_count + 1 if stalled else 0
        if score > e.best_validation_score_:
            e.best_validation_score_ = score
            parameters = training.network.parameters
            e._best = parameters.values.copy(), parameters.statistics.flat.copy()
        return score
