"""The moments at which a callback may act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from glassnet.training import Training

__all__ = ["Callback"]


class Callback:
    """Base of all callbacks: override the moments you need; each is given the running training.

    A callback reads anything from `training` (network, optimizer_state, history, epoch, ...) and
    ends it with ``training.stop(reason)``. It keeps its memory on itself; `on_fit_start` resets it.

    >>> import glassnet as gn
    >>> class StopWhenGood(gn.callbacks.Callback):
    ...     def on_epoch_end(self, training, logs):
    ...         if logs["loss"] < 0.1:
    ...             training.stop("the loss is below 0.1")
    """

    acts_last: ClassVar[bool] = False
    """True puts it behind all others at every moment: what it sees, they have seen."""

    def on_fit_start(self, training: Training) -> None:
        """Act before the first step."""

    def on_epoch_start(self, training: Training) -> None:
        """Act before an epoch's first step; `training.epoch` counts finished epochs."""

    def on_step_end(self, training: Training, loss: float) -> None:
        """Act after an update; `loss` is the batch's."""

    def on_epoch_end(self, training: Training, logs: dict[str, float]) -> None:
        """Act when an epoch's figures are known; entries added to `logs` enter the history."""

    def on_fit_end(self, training: Training) -> None:
        """Act at the end, also after an error or Ctrl-C."""

    def state(self) -> dict[str, Any]:
        """Return what the callback remembers from epoch to epoch, for a checkpoint: arrays and plain data."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what :meth:`state` returned; called after `on_fit_start`."""
