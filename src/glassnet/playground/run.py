"""A run: `net.fit`, step by step, with a way back to every earlier epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from glassnet._typing import AnyArray, Array
from glassnet.callbacks import Callback
from glassnet.errors import HyperparameterError
from glassnet.network import Network
from glassnet.optimizers import Optimizer
from glassnet.playground.controls import ControlError
from glassnet.playground.edits import Edit, Tuning
from glassnet.playground.parts import LOSSES, layers_of, loss_for
from glassnet.playground.problem import Problem
from glassnet.playground.setup import LIMITS
from glassnet.playground.snapshots import Snapshots
from glassnet.training import Training
from glassnet.training.batches import Batches
from glassnet.training.evaluation import Objective, checked_data, checked_metrics

__all__ = ["Run", "network_of"]


class _Leave(Exception):
    """Leaves the training loop after a step; the training can be run again and goes on from there."""


class _Between(Callback):
    """What happens between two steps."""

    def __init__(self, asks_to_leave: Callable[[], bool]) -> None:
        self.asks_to_leave = asks_to_leave
        self.keep: Callable[[Training], None] = lambda training: None
        self.steps_left: int | None = None
        self.loss: float | None = None

    def on_epoch_start(self, training: Training) -> None:
        if training.batch == 0:
            self.keep(training)

    def on_step_end(self, training: Training, loss: float) -> None:
        self.loss = loss
        if self.steps_left is not None:
            self.steps_left -= 1
            if self.steps_left <= 0:
                raise _Leave
        if self.asks_to_leave():
            raise _Leave


def network_of(setup: Mapping[str, Any], problem: Problem) -> tuple[Network, str]:
    """Return the unbuilt network of a complete set-up, and the name of its loss.

    Raises:
        ControlError: a loss that does not fit the data, or more parameters than are allowed.
    """
    n_classes = None if problem.classes is None else len(problem.classes)
    loss = loss_for(setup["loss"], n_classes)
    n_outputs = n_classes if LOSSES[loss].task == "classes" and n_classes else 1
    widths = [problem.inputs.shape[1], *(layer["units"] for layer in setup["layers"]), n_outputs]
    size = sum((below + 1) * above for below, above in pairwise(widths))
    if size > LIMITS["parameters"]:
        raise ControlError(
            f"A network may have {LIMITS['parameters']:,} parameters; this one would have {size:,}. "
            "Take fewer layers or units.",
            "layers",
        )
    return Network(layers_of(setup, n_outputs, LOSSES[loss].activation), seed=setup["seed"]), loss


class Run:
    """One network in training, the same as `net.fit` with the same arguments would train it.

    Args:
        setup: a complete set-up.
        problem: its data.
        optimizer: may be another than the set-up's.
        asks_to_leave: called after every step; True leaves the loop there.

    Attributes:
        training: the library's loop, whose state this is; network: what it trains.
        first_optimizer: the one it began with; edits: what was changed by hand since then, in order.
    """

    def __init__(
        self,
        setup: Mapping[str, Any],
        problem: Problem,
        optimizer: Optimizer,
        asks_to_leave: Callable[[], bool] = lambda: False,
    ) -> None:
        self.problem = problem
        self.network, self.loss = network_of(setup, problem)
        objective = Objective(self.network, self.loss)
        train, test = problem.train, problem.test
        data = checked_data(self.network, objective, problem.inputs[train], problem.targets[train], None)
        held_out = None
        if len(test):
            part = problem.inputs[test], problem.targets[test]
            held_out = checked_data(self.network, objective, *part, None, "test "), None
        self.network.build(problem.inputs.shape[1])
        self._between = _Between(asks_to_leave)
        self.training = Training(
            self.network,
            objective,
            optimizer,
            Batches(data, None, setup["batch_size"], self.network.dtype),
            epochs=LIMITS["epochs"],
            validation=held_out,
            metrics=checked_metrics([] if problem.classes is None else ["accuracy"]),
            callbacks=[self._between],
        )
        self.first_optimizer = optimizer
        self.edits: list[Edit | Tuning] = []
        self._touched = 0
        self._snapshots = Snapshots()
        self._snapshots.keep(self.training)
        self._between.keep = lambda training: self._snapshots.keep(training, shuffled=True)

    # -- forwards -------------------------------------------------------------------------------

    @property
    def position(self) -> tuple[int, int]:
        """Finished epochs, and finished batches of the present one."""
        return self.training.epoch, self.training.batch

    @property
    def steps(self) -> int:
        """Updates done so far."""
        return self.training.optimizer_state.step

    @property
    def moves(self) -> tuple[int, int]:
        """Another value whenever the network may have become another one."""
        return self.steps, self._touched

    @property
    def last_loss(self) -> float | None:
        """The loss of the last batch; None, as for its gradients, before the first and after going back."""
        return self._between.loss

    @property
    def learning_rate(self) -> float:
        """The rate of the last update, or of the first one to come."""
        state = self.training.optimizer_state
        return self.training.optimizer.rate_at(max(state.step - 1, 0)) * state.learning_rate_factor

    def advance(self, steps: int | None = None, epochs: int = 1) -> bool:
        """Train for so many epochs or steps, or until asked to leave; True at an epoch's end.

        Args:
            steps: None for as many as it takes.
            epochs: the present one, if it is begun, counts as the first.

        Raises:
            NonFiniteError: the loss or the weights became NaN or infinite.
        """
        training = self.training
        epoch = training.epoch
        training.epochs, self._between.steps_left = epoch + epochs, steps
        try:
            training.run()
        except _Leave:
            if training.batch == training.batches.n_batches:
                training.epochs = training.epoch + 1
                training.run()  # only the epoch's figures are left to do
        finally:
            self._touched += 1  # a step that fails leaves running statistics behind
        if training.epoch == epoch or training.batch:
            return False
        self._snapshots.keep(training)
        return True

    # -- back -----------------------------------------------------------------------------------

    def rewind(self, epoch: int, overtaken: Callable[[], bool] = lambda: False) -> None:
        """Go back to the end of an earlier epoch (0: the start), bit for bit; what came later is forgotten.

        Args:
            epoch: the end of which to go back to.
            overtaken: called after every step that is repeated on the way; True ends it there, at a
                state that the run has been in before.

        Raises:
            HyperparameterError: the run has not been there.
        """
        if isinstance(epoch, bool) or not isinstance(epoch, int) or not 0 <= epoch <= self.training.epoch:
            raise HyperparameterError(
                f"Rewind epoch must be a whole number in [0, {self.training.epoch}], got {epoch!r:.40}."
            )
        edits = [edit for edit in self.edits if edit[:2] < (epoch, 0)]
        self.training.epochs = LIMITS["epochs"]
        self._snapshots.restore(self.training, epoch)
        self.edits = [edit for edit in edits if edit[:2] < self.position]
        tunings = [edit for edit in self.edits if isinstance(edit, Tuning)]
        self.training.optimizer = tunings[-1].optimizer if tunings else self.first_optimizer
        asks, self._between.asks_to_leave = self._between.asks_to_leave, overtaken
        try:
            self._replay(edits[len(self.edits) :], (epoch, 0))
        finally:
            self._between.asks_to_leave = asks
            self._between.loss = None
            self._touched += 1

    def _replay(self, edits: list[Edit | Tuning], position: tuple[int, int]) -> None:
        """Train up to a position, with the changes by hand on the way."""
        for edit in edits:
            if not self._reach((edit.epoch, edit.batch)):
                return
            self._apply(edit)
        self._reach(position)

    def _reach(self, position: tuple[int, int]) -> bool:
        """Train up to a position; False if something else is asked for by now."""
        epoch, batch = position
        while self.position < position:
            self.advance(batch - self.training.batch if self.training.epoch == epoch else None)
            if self._between.asks_to_leave():
                return False
        return True

    # -- changes by hand ------------------------------------------------------------------------

    def set_weight(self, parameter: str, index: tuple[int, ...], value: float) -> None:
        """Set one weight by hand; the run remembers when."""
        self._apply(Edit(*self.position, parameter, index, float(np.float32(value))))

    def tune(self, optimizer: Optimizer, setup: Mapping[str, Any]) -> None:
        """Go on with other hyperparameters of the same optimiser; the run remembers from when on.

        Args:
            optimizer: see :func:`~glassnet.playground.edits.check_same_memory`.
            setup: what of the set-up holds from now on.
        """
        here = self.position
        if here == (0, 0):  # nothing has been trained by another one
            self.first_optimizer = self.training.optimizer = optimizer
            return
        self.edits = [edit for edit in self.edits if edit[:2] != here or isinstance(edit, Edit)]
        self._apply(Tuning(*here, optimizer, setup))

    @property
    def tuned(self) -> Mapping[str, Any] | None:
        """What of the set-up holds by the last tuning, None if there was none."""
        return next((edit.setup for edit in reversed(self.edits) if isinstance(edit, Tuning)), None)

    def _apply(self, edit: Edit | Tuning) -> None:
        if isinstance(edit, Tuning):
            self.training.optimizer = edit.optimizer
        else:
            self.network.parameters[edit.parameter][edit.place] = edit.value
        self.edits.append(edit)
        self._touched += 1

    # -- rows -----------------------------------------------------------------------------------

    @property
    def current_rows(self) -> AnyArray:
        """The rows, of the training part, of the last minibatch; before the first, the first ones."""
        batches = self.training.batches
        size = batches.batch_size
        last = 0
        if self.last_loss is not None:  # at an epoch's end, 0 of the next one's batches are done
            last = (self.training.batch or batches.n_batches) - 1
        order: AnyArray = np.arange(batches.n_rows)[batches.order]
        return order[last * size : (last + 1) * size]

    def batch(self, rows: AnyArray) -> tuple[Array, AnyArray]:
        """Return inputs and targets of rows of the training part."""
        chosen = self.problem.train[rows]
        return self.problem.inputs[chosen], self.problem.targets[chosen]
