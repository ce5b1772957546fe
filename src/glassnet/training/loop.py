"""The training loop: forward, loss, backward, update; everything else is a callback."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from glassnet._typing import AnyArray, Array
from glassnet.callbacks.base import Callback
from glassnet.errors import NonFiniteError
from glassnet.metrics import Metric
from glassnet.optimizers import Optimizer, OptimizerState
from glassnet.optimizers.lbfgs import LBFGS
from glassnet.training.batches import Batch, Batches, Data
from glassnet.training.evaluation import Objective, measure
from glassnet.training.history import History

if TYPE_CHECKING:
    from glassnet.network import Network

__all__ = ["Training"]


class Training:
    """One run of the loop: all its state, which callbacks read.

    Attributes:
        network, objective, optimizer: what is trained, on what, by what.
        optimizer_state: the optimiser's flat arrays and its step count.
        batches: the training part; `validation`: (data, rows) of the validation part, or None.
        history: the figures of finished epochs.
        epochs: how many were asked for; `epoch`: how many are finished.
        batch: how many batches of the present epoch are finished.
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
    ) -> None:
        self.network, self.objective, self.optimizer = network, objective, optimizer
        self.batches, self.validation, self.metrics = batches, validation, list(metrics)
        self.callbacks = list(callbacks)
        self.epochs, self.shuffle = epochs, shuffle
        parameters = network.parameters
        self.optimizer_state = (
            OptimizerState({}, {}, parameters.decaying)
            if isinstance(optimizer, LBFGS)
            else optimizer.create_state(parameters.values, parameters.decaying)
        )
        self.memory = network.new_pass()
        self.history = History()
        self.epoch = self.batch = 0
        self.loss_sum = self.weight_sum = 0.0
        self.predictions: Array | None = None
        self._each_step = [c for c in callbacks if type(c).on_step_end is not Callback.on_step_end]

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
            for callback in reversed(self.callbacks):
                ending.callback(callback.on_fit_end, self)
            for callback in self.callbacks:
                callback.on_fit_start(self)
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
            if self.shuffle:
                self.batches.shuffle(self.network.generators["shuffling"])
        for callback in self.callbacks:
            callback.on_epoch_start(self)
        parameters, state = self.network.parameters, self.optimizer_state
        for batch in self.batches.starting_at(self.batch):
            value = self._gradients(batch)
            if not math.isfinite(value):
                raise self._non_finite(value)
            self.optimizer.update(parameters.values, parameters.gradients, state)
            self.memory.constrain()
            self.batch += 1
            for callback in self._each_step:
                callback.on_step_end(self, value)
            if self.stopped:
                break
        rate = self.optimizer.rate_at(max(state.step - 1, 0)) * state.learning_rate_factor
        self._finish_epoch(self.loss_sum / (self.weight_sum or 1.0), rate, started)

    def _gradients(self, batch: Batch) -> float:
        """Fill the gradients for one batch; return its loss, penalties included."""
        outputs = self.memory.forward(
            batch.inputs, True, self.network.generators["dropout"], to_logits=self.objective.to_logits
        )
        if self.optimizer_state.step == 0:
            self.objective.loss.check_outputs(outputs)
        value: float
        value, gradient = self.objective.loss.compute(
            outputs, batch.targets, batch.weights, self.memory.loss_buffers
        )
        if self.metrics:
            self._gather(batch, outputs)
        self.memory.backward(gradient)
        value += self.memory.penalize()
        weight = float(len(outputs) if batch.weights is None else batch.weights.sum(dtype=np.float64))
        self.loss_sum += value * weight
        self.weight_sum += weight
        return value

    def _gather(self, batch: Batch, outputs: Array) -> None:
        predicted = self.objective.loss.predictions(outputs)
        if self.predictions is None:
            self.predictions = np.empty((self.batches.n_rows, *predicted.shape[1:]), predicted.dtype)
        self.predictions[batch.rows] = predicted

    def _finish_epoch(self, loss: float, learning_rate: float, started: float) -> None:
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
        (batch,) = self.batches
        started = time.perf_counter()

        def value_and_gradients() -> tuple[float, Array]:
            self.loss_sum = self.weight_sum = 0.0
            return self._gradients(batch), parameters.gradients

        def iteration(_: int, loss: float) -> bool:
            nonlocal started
            self.batch = 1
            self._finish_epoch(loss, 1.0, started)
            started = time.perf_counter()
            return self.stopped

        limited = replace(optimizer, max_iterations=min(self.epochs, optimizer.max_iterations))
        result = limited.minimize(value_and_gradients, parameters.values, iteration)
        if not self.stopped and self.epoch < self.epochs:
            self.stop(result.message)

    # -- when numbers leave the finite range ------------------------------------------------------

    def _non_finite(self, value: float) -> NonFiniteError:
        parameters = self.network.parameters
        place = "the loss itself; its gradient or the targets are too large for this dtype"
        for context in self.memory.walk():
            if any(not np.isfinite(p).all() for p in context.parameters.values()):
                place = f"layer {context.name} (its weights)"
                break
            kept = (v for v in context.saved.values() if isinstance(v, np.ndarray) and v.dtype.kind == "f")
            if any(not np.isfinite(v).all() for v in kept):
                place = f"layer {context.name} (its values)"
                break
        rate = self.optimizer.rate_at(self.optimizer_state.step)
        return NonFiniteError(
            f"The loss became {value} in epoch {self.epoch + 1}, step {self.batch + 1} "
            f"(update {self.optimizer_state.step + 1}); the first to leave the finite range: {place}. "
            f"Lower the learning rate (now {rate:g}), clip gradients (clip_norm=1.0), or scale the inputs; "
            f"the network computes in {parameters.values.dtype}."
        )
