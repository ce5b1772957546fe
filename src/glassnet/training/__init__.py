"""Training: the loop, its batches, its history, and evaluation."""

from __future__ import annotations

from glassnet.training.evaluation import evaluate
from glassnet.training.history import History
from glassnet.training.loop import Training
from glassnet.training.train import train

__all__ = ["History", "Training", "evaluate", "train"]
