"""Callbacks: what may happen during training beside the training itself.

Give them to ``fit(callbacks=[...])``; they are called in that order at each moment, so one that
adds columns to the logs stands before those that read them. An object may serve one fit after
another; each fit starts it afresh. For one of your own derive from :class:`Callback`.

Where a figure is watched (`monitor`), it is named as in the history: "loss", a metric's name, or
either with "val_" before it. None means "val_loss" if there is validation, else "loss".
"""

from __future__ import annotations

from glassnet.callbacks.base import Callback
from glassnet.callbacks.checkpoint import Checkpoint
from glassnet.callbacks.csv_log import CSVLog
from glassnet.callbacks.early_stopping import EarlyStopping
from glassnet.callbacks.progress import Progress
from glassnet.callbacks.reduce_on_plateau import ReduceOnPlateau
from glassnet.callbacks.save_best import SaveBest
from glassnet.callbacks.tensorboard_log import TensorBoardLog

__all__ = [
    "CSVLog",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "Progress",
    "ReduceOnPlateau",
    "SaveBest",
    "TensorBoardLog",
]
