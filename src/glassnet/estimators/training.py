"""One fit of an estimator on the engine's training loop."""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split

from glassnet._typing import AnyArray, Array
from glassnet.callbacks import Callback, Progress
from glassnet.errors import GlassnetError, MissingDependencyError, NonFiniteError
from glassnet.estimators.losses import LossByConvention
from glassnet.estimators.rows import outputs_of, rows_at_once
from glassnet.estimators.rules import ScikitBatches, ScikitRules
from glassnet.estimators.solvers import Penalty, optimizer_for, state_fits
from glassnet.layers import Dropout
from glassnet.losses import MeanSquaredError
from glassnet.optimizers import LBFGS
from glassnet.training import Training
from glassnet.training.batches import Batches, Data
from glassnet.training.evaluation import Objective, checked_metrics

__all__ = ["Part", "prepare", "split_rows", "train"]


class Part(NamedTuple):
    """Checked rows with their targets and weights.

    `weight` counts in the loss; `given_weight` is the caller's sample_weight alone, without
    class_weight, and counts in scores.
    """

    X: Any
    y: AnyArray
    weight: Array | None
    given_weight: Array | None


def split_rows(
    y: AnyArray, fraction: float, random_state: np.random.RandomState, stratify: AnyArray | None
) -> tuple[AnyArray, AnyArray]:
    """Return the rows to train on and those to validate on, as scikit-learn splits them."""
    training, held_out = train_test_split(
        np.arange(y.shape[0]), random_state=random_state, test_size=fraction, stratify=stratify
    )
    if len(held_out) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
        )
    return training, held_out


def prepare(
    estimator: Any,
    part: Part,
    rows: tuple[AnyArray, AnyArray] | None,
    given: Part | None,
    random_state: np.random.RandomState,
    incremental: bool,
) -> Training:
    """Return the training of `estimator.network_`, not yet begun: nothing has changed its weights.

    Args:
        estimator: with its parameters, network and loss.
        part: all rows; `rows`: those to train on and those held out of them, or None.
        given: a validation part of the caller's own, or None.
        random_state: from which the orders of the rows are drawn.
        incremental: one epoch of partial_fit.
    """
    e, network = estimator, estimator.network_
    optimizer = optimizer_for(e)
    full_batch = isinstance(optimizer, LBFGS)
    if full_batch and any(isinstance(layer, Dropout) for layer in network.layers):
        raise ValueError("L-BFGS needs the same loss at every call: it cannot train with dropout.")
    objective = Objective(network, e._loss)
    data = _data(e, objective, part)
    validation: tuple[Data, AnyArray | None] | None = None
    held_out = None
    if rows is not None:
        validation, held_out = (replace(data, class_weights=None), rows[1]), _taken(part, rows[1])
    if given is not None:
        validation, held_out = (_data(e, objective, given), None), given
    batches = _batches(e, data, None if rows is None else rows[0], full_batch, random_state)
    watched = e.early_stopping and not full_batch
    score = _scorer(e, held_out) if watched and held_out is not None else None
    if score is not None and e.validation_scores_ is None:
        e.validation_scores_, e.best_validation_score_, e.best_loss_ = [], -np.inf, None
    if score is None and e.best_loss_ is None:
        e.best_loss_ = np.inf
    e.n_iter_ = 0
    rules = [] if full_batch else [ScikitRules(e, score, incremental)]
    return Training(
        network,
        objective,
        optimizer,
        batches,
        epochs=1 if incremental else e.max_iter,
        validation=validation,
        metrics=checked_metrics(e.metrics or ()),
        callbacks=[*rules, *_callbacks(e)],
        shuffle=bool(e.shuffle),
        optimizer_state=_state(e, optimizer, incremental),
        regularizer=Penalty(e.alpha, e.l1) if e.alpha or e.l1 else None,
    )


def train(estimator: Any, training: Training, incremental: bool) -> None:
    """Run what :func:`prepare` returned, and set the attributes that tell how it went."""
    e, network = estimator, training.network
    full_batch = isinstance(training.optimizer, LBFGS)
    claim, claims = object(), network.training_claims
    try:
        if claims.setdefault("training", claim) is not claim:
            raise GlassnetError(
                "This estimator is being trained by another thread; train a clone of it instead."
            )
        _run(training)
    finally:
        if "training" in claims and claims["training"] is claim:
            del claims["training"]
    e._optimizer_state = None if full_batch else training.optimizer_state
    for epoch in range(training.history.n_epochs):
        e.history_.append(training.history.row(epoch))
    e.history_.stop_reason = training.history.stop_reason
    if full_batch:
        _finish_full_batch(e, training)
    elif not incremental and not training.stopped and e.n_iter_ == e.max_iter:
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({e.max_iter}) reached and the optimization hasn't "
            "converged yet.",
            ConvergenceWarning,
            stacklevel=5,
        )
    if not np.isfinite(network.parameters.values).all():
        raise _not_finite()


def _run(training: Training) -> None:
    try:
        training.run()
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=6)
        training.stop("interrupted by the user")
    except NonFiniteError as error:
        raise _not_finite() from error


def _not_finite() -> ValueError:
    return ValueError(
        "Solver produced non-finite parameter weights. The input data may contain large values and need to "
        "be preprocessed."
    )


def _data(e: Any, objective: Objective, part: Part) -> Data:
    network = e.network_
    targets = e._make_targets(part.y)
    if targets.ndim == 2:  # a loss of the user's own need not convert them
        targets = targets.astype(network.dtype, copy=False)
    targets = objective.loss.prepare(targets, network.n_outputs or 0, network.dtype)
    weights = None if part.given_weight is None else part.given_weight.astype(network.dtype, copy=False)
    by_class = None if part.weight is part.given_weight else part.weight
    by_class = None if by_class is None else by_class.astype(network.dtype, copy=False)
    return Data(part.X, targets, weights, by_class)


def _taken(part: Part, rows: AnyArray) -> Part:
    weights = [None if w is None else w[rows] for w in (part.weight, part.given_weight)]
    return Part(part.X[rows], part.y[rows], *weights)


def _batches(
    e: Any, data: Data, rows: AnyArray | None, full_batch: bool, random_state: np.random.RandomState
) -> Batches:
    n_rows = len(data) if rows is None else len(rows)
    if full_batch:
        size = rows_at_once(data.X) if hasattr(data.X, "toarray") else n_rows
        return Batches(data, rows, size, e.network_.dtype)
    size = min(200, n_rows) if e.batch_size == "auto" else e.batch_size
    if size > n_rows:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=7
        )
    return ScikitBatches(data, rows, int(size), e.network_.dtype, random_state=random_state)


def _state(e: Any, optimizer: Any, incremental: bool) -> Any:
    """Return the optimiser's state of an earlier fit, if this one goes on from there."""
    goes_on = incremental or (e.warm_start and e.keep_moments)
    if not goes_on or not state_fits(e._optimizer_state, optimizer, e.network_.parameters):
        return None
    if not incremental and isinstance(e.learning_rate, str) and e.learning_rate == "adaptive":
        e._optimizer_state.learning_rate_factor = 1.0
    return e._optimizer_state


def _callbacks(e: Any) -> list[Callback]:
    given = [] if e.callbacks is None else e.callbacks
    callbacks = [given] if isinstance(given, Callback) else list(given)
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise ValueError(f"callbacks must be glassnet Callback objects, got {callback!r}.")
    if e.verbose:
        mode = "bar" if e.verbose is True or e.verbose == 1 else "lines"
        try:
            callbacks.append(Progress(mode))
        except MissingDependencyError:
            callbacks.append(Progress("lines"))
    return callbacks


def _scorer(e: Any, held_out: Part) -> Callable[[], float]:
    """Return a function that scores the network as it is now on the validation part."""
    X, y, weight = held_out.X, held_out.y, held_out.given_weight
    if e.scoring is None:

        def score() -> float:
            outputs = e._loss.predictions(outputs_of(e.network_, X))
            if not np.isfinite(outputs).all():
                return float("nan")
            return float(e._default_score(y, outputs, weight))

        return score
    scorer = get_scorer(e.scoring) if isinstance(e.scoring, str) else e.scoring
    judged = copy.copy(e)  # shares the network; takes rows that are already checked and encoded
    judged._encoder = None
    judged.n_features_in_ = X.shape[1]
    judged.__dict__.pop("feature_names_in_", None)
    function = getattr(scorer, "_score_func", None)
    options = {}
    if callable(function) and "sample_weight" in inspect.signature(function).parameters:
        options["sample_weight"] = weight

    def score_by() -> float:
        with config_context(enable_metadata_routing=False):
            return float(scorer(judged, X, y, **options))

    return score_by


def _reported(e: Any, value: float, training: Training) -> float:
    """Return what was minimised as scikit-learn reports it: the data's part by the loss's own mean."""
    loss = e._loss
    if not isinstance(loss, LossByConvention) or not isinstance(loss.loss, MeanSquaredError):
        return value
    weights = training.batches.data.loss_weights
    total = len(training.batches.data) if weights is None else float(weights.sum(dtype=np.float64))
    penalty = Penalty(e.alpha, e.l1)(e.network_.parameters, total)
    return (value - penalty) * 0.5 / loss.value_factor + penalty


def _finish_full_batch(e: Any, training: Training) -> None:
    result = training.minimized
    e.loss_curve_.extend(training.history["loss"] if training.history.n_epochs else [])
    e.stopped_ = training.stopped
    if result is None:  # interrupted
        e.n_iter_ = training.epoch
        return
    e.n_iter_, e.loss_ = result.iterations, _reported(e, result.loss, training)
    e.best_loss_ = min(e.best_loss_, e.loss_)
    if not result.converged and result.message != "stopped by the callback":
        warnings.warn(
            f"lbfgs failed to converge after {e.n_iter_} iteration(s): {result.message}. Increase max_iter "
            "or max_fun to improve the convergence, or scale the data.",
            ConvergenceWarning,
            stacklevel=6,
        )
