"""The training loop: forward, loss, backward, update; everything else is a callback."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from glassnet._typing import AnyArray, Array
from glassnet.callbacks.base import Callback
from glassnet.errors import NonFiniteError
from glassnet.files.checkpoint import read_checkpoint
from glassnet.kernels import use as choose_kernels
from glassnet.metrics import Metric
from glassnet.optimizers import Optimizer, OptimizerState
from glassnet.optimizers.lbfgs import LBFGS, LBFGSResult
from glassnet.parameters import Parameters
from glassnet.training.batches import Batch, Batches, Data
from glassnet.training.evaluation import Objective, measure
from glassnet.training.history import History
from glassnet.training.resume import restore, settings_of
from glassnet.training.threads import blas_threads

if TYPE_CHECKING:
    from pathlib import Path

    from glassnet.network import Network

__all__ = ["Training"]


class Training:
    """One run of the loop: all its state, which callbacks read.

    Attributes:
        network, objective, optimizer: what is trained, on what, by what.
        optimizer_state: the optimiser's flat arrays and its step count.
        batches: the training part; `validation`: (data, rows) of the validation part, or None.
        history: the figures of finished epochs.
        regularizer: None, or called with the parameters and a batch's total weight; it adds a penalty's
            gradient to theirs and returns the penalty.
        minimized: how L-BFGS ended; None for other optimisers.
        epochs: how many were asked for; `epoch`: how many are finished.
        batch: how many batches of the present epoch are finished.
        shuffled_from: the state of the generator from which this epoch's order was drawn.
        resume_from: the checkpoint to go on from, or None.
        memory: the pass whose buffers the loop reuses.
    """

    def __init__(
        self,
        network: Network,
        objective: Objective,
        optimizer: Optimizer,
        batches: Batches,
        *,
        epochs: int,
        validation: tuple[Data, AnyArray | None] | None = None,
        metrics: Sequence[Metric] = (),
        callbacks: Sequence[Callback] = (),
        shuffle: bool = True,
        optimizer_state: OptimizerState | None = None,
        regularizer: Callable[[Parameters, float], float] | None = None,
    ) -> None:
        choose_kernels()
        self.network, self.objective, self.optimizer = network, objective, optimizer
        self.batches, self.validation, self.metrics = batches, validation, list(metrics)
        self.callbacks = sorted(callbacks, key=lambda callback: callback.acts_last)
        self.epochs, self.shuffle = epochs, shuffle
        parameters = network.parameters
        self.regularizer, self.minimized = regularizer, cast("LBFGSResult | None", None)
        if optimizer_state is not None:
            self.optimizer_state = optimizer_state
        elif isinstance(optimizer, LBFGS):
            self.optimizer_state = OptimizerState({}, {}, parameters.decaying)
        else:
            self.optimizer_state = optimizer.create_state(parameters.values, parameters.decaying)
        self.memory = network.new_pass()
        self.history = History()
        self.epoch = self.batch = 0
        self.loss_sum = self.weight_sum = 0.0
        self.predictions: Array | None = None
        self.shuffled_from: dict[str, Any] | None = None
        self.resume_from: Path | None = None
        self._each_step = [c for c in self.callbacks if type(c).on_step_end is not Callback.on_step_end]

    def stop(self, reason: str) -> None:
        """End the training after the present epoch (after the present step, if called there)."""
        self.history.stop_reason = reason

    @property
    def stopped(self) -> bool:
        """Whether somebody has asked for the end."""
        return self.history.stop_reason is not None

    def run(self) -> History:
        """Train to the end and return the history."""
        with ExitStack() as ending:  # every on_fit_end is called, whatever happens in another
            ending.enter_context(blas_threads(self.network.parameters, self.batches.batch_size))
            for callback in reversed(self.callbacks):
                ending.callback(callback.on_fit_end, self)
            for callback in self.callbacks:
                callback.on_fit_start(self)
            if self.resume_from is not None:
                restore(self, *read_checkpoint(self.resume_from), settings_of(self))
            with np.errstate(over="ignore", invalid="ignore"):  # the loop looks at the loss itself
                if isinstance(self.optimizer, LBFGS):
                    self._run_full_batch(self.optimizer)
                else:
                    while self.epoch < self.epochs and not self.stopped:
                        self._run_epoch()
        return self.history

    # -- minibatches ----------------------------------------------------------------------------

    def _run_epoch(self) -> None:
        started = time.perf_counter()
        if self.batch == 0:
            self.loss_sum = self.weight_sum = 0.0
            self.shuffle_rows()
        for callback in self.callbacks:
            callback.on_epoch_start(self)
        parameters, state = self.network.parameters, self.optimizer_state
        for batch in self.batches.starting_at(self.batch):
            value = self._gradients(batch)
            self.optimizer.update(parameters.values, parameters.gradients, state)
            self.memory.constrain()
            self.batch += 1
            for callback in self._each_step:
                callback.on_step_end(self, value)
            if self.history.stop_reason is not None:
                break
        rate = self.optimizer.rate_at(max(state.step - 1, 0)) * state.learning_rate_factor
        self._finish_epoch(self.loss_sum / (self.weight_sum or 1.0), rate, started)

    def shuffle_rows(self) -> None:
        """Draw the epoch's order, and remember from which state of the generator."""
        if self.shuffle and self.batches.draws:
            generator = self.network.generators["shuffling"]
            self.shuffled_from = dict(generator.bit_generator.state)
            self.batches.shuffle(generator)

    def _gradients(self, batch: Batch) -> float:
        """Fill the gradients for one batch; return its loss, penalties included."""
        value, weight = self._data_gradients(batch)
        penalties = self._penalties(weight)
        if penalties:
            value = float(value + penalties)
            if not math.isfinite(value):
                raise self._non_finite("loss", value)
        self.loss_sum += value * weight
        self.weight_sum += weight
        return value

    def _data_gradients(self, batch: Batch) -> tuple[float, float]:
        """Fill the gradients for one batch; return its loss without penalties, and its weight."""
        outputs = self.memory.forward(
            batch.inputs, True, self.network.generators["dropout"], to_logits=self.objective.to_logits
        )
        if self.optimizer_state.step == 0:
            self.objective.loss.check_outputs(outputs)
        value: float
        value, gradient = self.objective.loss.compute(
            outputs, batch.targets, batch.weights, self.memory.loss_buffers
        )
        if not math.isfinite(value):
            raise self._non_finite("loss", value)
        if self.metrics:
            self._gather(batch, outputs)
        self.memory.backward(gradient)
        if batch.weights is None:
            return value, len(outputs)
        return value, float(np.add.reduce(batch.weights))

    def _penalties(self, weight: float) -> float:
        """Add the gradients of all penalties for a batch of this weight; return the penalties."""
        value = self.memory.penalize()
        if self.regularizer is not None and weight > 0:
            value += self.regularizer(self.network.parameters, weight)
        return value

    def _gather(self, batch: Batch, outputs: Array) -> None:
        predicted = self.objective.loss.predictions(outputs)
        if self.predictions is None:
            self.predictions = np.empty((self.batches.n_rows, *predicted.shape[1:]), predicted.dtype)
            for metric in self.metrics:  # one that does not fit is refused before anything is learned
                metric(batch.targets, predicted)
        self.predictions[batch.rows] = predicted

    def _finish_epoch(self, loss: float, learning_rate: float, started: float) -> None:
        values = self.network.parameters.values
        if not math.isfinite(np.add.reduce(values)) and not np.isfinite(values).all():
            raise self._non_finite("sum of the weights", float(np.add.reduce(values)))
        seen = slice(0, min(self.batch * self.batches.batch_size, self.batches.n_rows))
        logs = {"loss": loss}
        if self.predictions is not None:
            data, order = self.batches.data, self.batches.order
            targets = data.targets[order][seen]
            weights = None if data.weights is None else data.weights[order][seen]
            for metric in self.metrics:
                logs[metric.name] = float(metric(targets, self.predictions[seen], weights))
        seconds = time.perf_counter() - started
        if self.validation is not None:
            data, rows = self.validation
            results = measure(self.network, self.memory, self.objective, data, rows, self.metrics)
            logs.update({f"val_{name}": value for name, value in results.items()})
        logs["learning_rate"] = learning_rate
        logs["seconds"] = time.perf_counter() - started
        logs["samples_per_second"] = seen.stop / max(seconds, 1e-9)
        self.epoch, self.batch = self.epoch + 1, 0
        for callback in self.callbacks:
            callback.on_epoch_end(self, logs)
        self.history.append(logs)

    # -- full batch -----------------------------------------------------------------------------

    def _run_full_batch(self, optimizer: LBFGS) -> None:
        """Let L-BFGS drive: every one of its iterations is an epoch."""
        parameters = self.network.parameters
        whole = next(iter(self.batches)) if self.batches.n_batches == 1 else None
        started = time.perf_counter()

        def start_epoch() -> None:
            for callback in self.callbacks:
                callback.on_epoch_start(self)

        def value_and_gradients() -> tuple[float, Array]:
            self.loss_sum = self.weight_sum = 0.0
            value = self._gradients_in_parts() if whole is None else self._gradients(whole)
            return value, parameters.gradients

        def iteration(_: int, loss: float) -> bool:
            nonlocal started
            self.batch = self.batches.n_batches
            for callback in self._each_step:
                callback.on_step_end(self, loss)
            self._finish_epoch(loss, 1.0, started)
            started = time.perf_counter()
            if not self.stopped and self.epoch < limited.max_iterations:
                start_epoch()
            return self.stopped

        limited = replace(optimizer, max_iterations=min(self.epochs, optimizer.max_iterations))
        start_epoch()
        self.minimized = limited.minimize(value_and_gradients, parameters.values, iteration)
        if self.history.n_epochs == 0:  # it started at a minimum
            self.batch = self.batches.n_batches
            self._finish_epoch(self.minimized.loss, 1.0, started)
        if not self.stopped and self.epoch < self.epochs:
            self.stop(self.minimized.message)

    def _gradients_in_parts(self) -> float:
        """Do what _gradients does for all batches as if they were one."""
        gradients = self.network.parameters.gradients
        gathered = np.zeros_like(gradients)
        total = total_weight = 0.0
        for batch in self.batches:
            value, weight = self._data_gradients(batch)
            if weight:
                total, total_weight = total + value * weight, total_weight + weight
                gradients *= weight
                gathered += gradients
        whole = total_weight or 1.0  # no row may weigh anything
        gathered /= whole
        np.copyto(gradients, gathered)
        return total / whole + self._penalties(total_weight)

    # -- when numbers leave the finite range ------------------------------------------------------

    def _non_finite(self, what: str, value: float) -> NonFiniteError:
        parameters = self.network.parameters
        last = self.memory.contexts[-1]
        reached = max((float(np.abs(v).max()) for v in _floats(last.saved)), default=0.0)
        place = f"no layer, but the loss of values up to {reached:.3g} in layer {last.name}"
        for context in self.memory.walk():
            if any(not np.isfinite(p).all() for p in context.parameters.values()):
                place = f"layer {context.name} (its weights)"
                break
            if any(not np.isfinite(v).all() for v in _floats(context.saved)):
                place = f"layer {context.name} (its values)"
                break
        state = self.optimizer_state
        rate = self.optimizer.rate_at(state.step) * state.learning_rate_factor
        return NonFiniteError(
            f"The {what} became {value} in epoch {self.epoch + 1}, step {self.batch + 1} "
            f"(update {state.step + 1}); the first to leave the finite range: {place}. "
            f"Lower the learning rate (now {rate:g}), clip gradients (clip_norm=1.0), or scale the inputs; "
            f"the network computes in {parameters.values.dtype}."
        )


def _floats(saved: dict[str, Any]) -> list[Array]:
    """Return what a forward pass saved; "dz" is left from the backward pass before."""
    arrays = (v for key, v in saved.items() if key != "dz" and isinstance(v, np.ndarray))
    return [v for v in arrays if v.dtype.kind == "f" and v.size]
