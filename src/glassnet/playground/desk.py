"""The desk: one set-up at work, with its run, the second one it is compared with, and their pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from glassnet._typing import Array
from glassnet.errors import NonFiniteError
from glassnet.playground.controls import control
from glassnet.playground.frames import encode
from glassnet.playground.painter import Painter, described
from glassnet.playground.parts import learning_optimizer
from glassnet.playground.problem import make_problem
from glassnet.playground.ratios import gradient_ratios, kept_weights, update_ratios
from glassnet.playground.run import Run
from glassnet.playground.setup import LIMITS, complete
from glassnet.playground.tuning import optimizers_of, timed, tuned
from glassnet.playground.views import Views

__all__ = ["Desk"]

_CURVES = ("loss", "val_loss", "accuracy", "val_accuracy")


class Desk:
    """All of one set-up: built, paused at epoch 0.

    Args:
        setup: a set-up, not yet complete.
        uploads: the folder of uploaded tables.
        asks_to_leave: see :class:`~glassnet.playground.run.Run`.

    Attributes:
        setup: completed, as it is now; first_setup: as it was before anything was trained.
        problem: its data; is_npy: whether these were uploaded as NPY.
        run: the training; second: the one it is compared with, or None.
        painter: of the first run's pictures.
        changed: whether there is something that no frame has shown.
        stopped: why training ended, or None.
        second_stopped: why the second run stays behind, or None.
        before: the weights before the step that the next frame shows.

    Raises:
        ControlError: a set-up that cannot be built.
    """

    def __init__(
        self, setup: Any, uploads: Path | None = None, asks_to_leave: Callable[[], bool] = lambda: False
    ) -> None:
        self.setup = self.first_setup = setup = complete(setup)
        self.problem = make_problem(setup, uploads)
        upload = setup["data"]["upload"]
        self.is_npy = bool(upload and uploads and (uploads / f"{upload}.npy").exists())
        optimizer = learning_optimizer(setup["optimizer"], setup["schedule"], "optimizer")
        with control("data"):
            self.run = Run(setup, self.problem, optimizer, asks_to_leave)
        self.second: Run | None = None
        if setup["compare"] is not None:
            other = learning_optimizer(setup["compare"]["optimizer"], setup["schedule"], "compare.optimizer")
            self.second = Run(setup, self.problem, other, asks_to_leave)
        self.views = Views()
        self.changed = True
        self.stopped: str | None = None
        self.before: dict[str, Array] | None = None
        self.second_stopped: str | None = None
        self._ended = False
        self._looked_at = 0
        self._ratios: dict[str, float] = {}
        self.painter = Painter(self.run)
        self._second_painter = None if self.second is None else Painter(self.second)
        self._told = 0
        self._second_told = 0
        self._clock = (time.perf_counter(), 0)
        self._speed = 0.0

    # -- training -------------------------------------------------------------------------------

    def advance(self, epochs: int = 1) -> None:
        """Train on, until an epoch ends or the page wants something; sets `stopped` at a stop condition.

        Args:
            epochs: how many to do at once, where nothing has to be looked at after each.

        Raises:
            NonFiniteError: the first run left the finite range. (The second one then just stays behind.)
        """
        self.changed = True
        if self._second_is_behind:
            self._follow_up()
        else:
            watched = self.second is not None or any(self.setup["stop"].values())
            watched = watched or self.run.training.epoch + epochs >= LIMITS["epochs"]
            self._lead(None, 1 if watched else epochs)

    def one_step(self) -> None:
        """Do one update."""
        self._stepped(1)

    def one_epoch(self) -> None:
        """Go to the end of the epoch; it ends earlier if something else is asked for."""
        self._stepped(self.run.training.batches.n_batches - self.run.training.batch)

    def resume(self) -> None:
        """Forget why training was stopped, and the clock: it goes on."""
        self.stopped = None
        self._clock = (time.perf_counter(), self.run.steps)

    def stop(self, reason: str) -> None:
        """Note why training ends."""
        self.stopped, self.changed = reason, True

    def tune(self, message: Mapping[str, Any]) -> None:
        """Go on with another learning rate, schedule, stop condition ...; rewinding takes it back.

        Raises:
            ControlError: what cannot be; then everything is as it was.
        """
        setup = tuned(self.setup, message)
        optimizer, other = optimizers_of(setup, self.run, self.second)
        while self._second_is_behind:  # both change at the same place
            self._follow_up()
        if timed(setup) != timed(self.setup):
            if self.run.position == (0, 0):
                self.first_setup = setup
            self.run.tune(optimizer, timed(setup))
            if self.second is not None and self.second_stopped is None:
                self.second.tune(other, timed(setup))
        self.setup, self.changed = setup, True

    def stop_if_reached(self) -> None:
        """Stop where a condition that has just been set is met already."""
        history, wanted, epoch = self.run.training.history, self.setup["stop"], self.run.training.epoch
        column = "val_accuracy" if len(self.problem.test) else "accuracy"
        reached = history[column][-1] if column in history else 0.0
        if wanted["epochs"] is not None and epoch >= wanted["epochs"]:
            self.stop(f"Epoch {wanted['epochs']} is reached already.")
        elif wanted["accuracy"] is not None and reached >= wanted["accuracy"]:
            self.stop(f"The accuracy is {reached:.1%} already.")

    def rewind(self, epoch: Any, overtaken: Callable[[], bool] = lambda: False) -> None:
        """Go back to the end of an earlier epoch, the second run and what was tuned too.

        Args:
            epoch: the end of which to go back to.
            overtaken: see :meth:`Run.rewind <glassnet.playground.run.Run.rewind>`.
        """
        with control("rewind"):
            self.run.rewind(epoch, overtaken)
            reached = self.run.training.epoch
            if self.second is not None:
                self.second.rewind(min(reached, self.second.training.epoch), overtaken)
        self.setup = {**self.setup, **(self.run.tuned or timed(self.first_setup))}
        self._told, self._second_told = min(self._told, reached), min(self._second_told, reached)
        self.stopped, self.before, self.changed = None, None, True
        self.second_stopped, self._ended, self._ratios = None, False, {}
        self._clock = (time.perf_counter(), self.run.steps)

    def set_weight(self, parameter: str, place: tuple[int, ...], value: float) -> None:
        """Set one weight of the first run by hand."""
        self.run.set_weight(parameter, place, value)
        self.before, self.changed = None, True  # it is no step that moved it

    def look_ahead(self) -> None:
        """Remember the weights, to tell how far the next step moves them."""
        self.before, self._looked_at = kept_weights(self.run, self.painter.blocks), self.run.steps

    @property
    def moved(self) -> bool:
        """Whether the first run has done a step since :meth:`look_ahead`."""
        return self.before is not None and self.run.steps != self._looked_at

    def _stepped(self, steps: int) -> None:
        self.stopped, self.changed = None, True
        before = self.run.steps
        if steps > 1:
            self._lead(steps - 1)
        if self.run.steps == before + steps - 1:
            self.look_ahead()  # the ratios are those of the last step alone
            self._lead(1)
        while self._second_is_behind:
            self._follow_up()

    def _lead(self, steps: int | None, epochs: int = 1) -> None:
        self._ended = self.run.advance(steps, epochs)
        if self._ended and not self._second_is_behind:
            self._check_stop()

    @property
    def _second_is_behind(self) -> bool:
        return (
            self.second is not None
            and self.second_stopped is None
            and self.second.position < self.run.position
        )

    def _follow_up(self) -> None:
        """Let the second run come towards where the first one is."""
        if self.second is None:
            return
        epoch, batch = self.run.position
        try:
            behind = self.second.training.epoch < epoch
            self.second.advance(None if behind else batch - self.second.training.batch)
        except NonFiniteError as error:
            self.second_stopped = str(error)
        if self._ended and not self._second_is_behind:
            self._check_stop()

    def _check_stop(self) -> None:
        history, wanted = self.run.training.history, self.setup["stop"]
        epoch = self.run.training.epoch
        column = "val_accuracy" if len(self.problem.test) else "accuracy"
        self._ended = False
        if wanted["accuracy"] is not None and column in history:
            before, reached = ([0.0, *history[column]])[-2:]
            if before < wanted["accuracy"] <= reached:  # run again, it goes on
                self.stop(f"The accuracy reached {reached:.1%} in epoch {epoch}.")
        if epoch == wanted["epochs"]:
            self.stop(f"Epoch {epoch} was the last that was asked for.")
        if epoch >= LIMITS["epochs"]:
            self.stop(f"Epoch {epoch:,} is the last that the playground keeps.")

    # -- what the page is told --------------------------------------------------------------------

    def look_at(self, message: Mapping[str, Any]) -> None:
        """Show other views from now on."""
        with control("views"):
            self.views = Views.of(message)
        self.changed = True

    def ready(self) -> dict[str, Any]:
        """Return the message that describes what was built."""
        problem = self.problem
        return {
            "type": "ready",
            "setup": self.setup,
            "kind": problem.kind,
            "loss": self.run.loss,
            "network": {"layers": described(self.run), "features": list(problem.feature_names)},
            "points": problem.described_points(),
            "n_train": len(problem.train),
            "n_test": len(problem.test),
            "steps_per_epoch": self.run.training.batches.n_batches,
            "classes": None if problem.classes is None else list(problem.classes),
            "axes": list(problem.axes),
            "domain": [round(edge, 5) for edge in problem.domain],
            "parameters": int(self.run.network.parameters.values.size),
        }

    def frame(self, running: bool) -> bytes:
        """Return a frame of the present state."""
        run, painter = self.run, self.painter
        if self.before is not None and run.steps == self._looked_at + 1:
            self._ratios = update_ratios(run, self.before)
        self.before = None
        arrays, more = painter.parts(self.views)
        if self._second_painter is not None and "compare" in self.views.want:
            arrays |= self._second_painter.surface(self.views.grid, "compare:")
        header = {
            "type": "frame",
            "step": run.steps,
            "epoch": run.training.epoch,
            "batch": run.training.batch,
            "running": running,
            "steps_per_second": self._measured_speed() if running else 0.0,
            "learning_rate": run.learning_rate,
            "loss": run.last_loss,
            "history": _news(run, self._told),
            "ratios": self._ratios,
            "gradient_ratios": gradient_ratios(run, painter.blocks),
            "compare": None,
            "stopped": self.stopped,
            **more,
        }
        self._told = run.training.epoch
        if self.second is not None:
            second = self.second
            news = _news(second, self._second_told)
            header["compare"] = {
                "history": news,
                "loss": second.last_loss,
                "epoch": second.training.epoch,
                "stopped": self.second_stopped,
            }
            self._second_told = second.training.epoch
        self.changed = False
        return encode(header, arrays)

    def _measured_speed(self) -> float:
        now, (then, steps) = time.perf_counter(), self._clock
        if now - then >= 0.3:
            self._speed = max(0, self.run.steps - steps) / (now - then)
            self._clock = (now, self.run.steps)
        return round(self._speed, 1)


def _news(run: Run, told: int) -> dict[str, Any]:
    """Return the history's entries from number `told` on."""
    history = run.training.history
    return {"from": told, **{name: history[name][told:] if name in history else [] for name in _CURVES}}
