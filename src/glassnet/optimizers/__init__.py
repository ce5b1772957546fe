"""Optimisers: frozen hyperparameters and one in-place update on flat arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from glassnet.optimizers.adadelta import Adadelta
from glassnet.optimizers.adagrad import Adagrad
from glassnet.optimizers.adam import Adam
from glassnet.optimizers.adamax import Adamax
from glassnet.optimizers.adamw import AdamW
from glassnet.optimizers.amsgrad import AMSGrad
from glassnet.optimizers.base import Optimizer, OptimizerState
from glassnet.optimizers.lbfgs import LBFGS, LBFGSResult
from glassnet.optimizers.lion import Lion
from glassnet.optimizers.nadam import NAdam
from glassnet.optimizers.radam import RAdam
from glassnet.optimizers.rmsprop import RMSprop
from glassnet.optimizers.sgd import SGD

__all__ = [
    "ALIASES",
    "BY_NAME",
    "LBFGS",
    "SGD",
    "AMSGrad",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "LBFGSResult",
    "Lion",
    "NAdam",
    "Optimizer",
    "OptimizerState",
    "RAdam",
    "RMSprop",
]

BY_NAME: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "adagrad": Adagrad,
    "adadelta": Adadelta,
    "rmsprop": RMSprop,
    "adam": Adam,
    "amsgrad": AMSGrad,
    "adamw": AdamW,
    "adamax": Adamax,
    "nadam": NAdam,
    "radam": RAdam,
    "lion": Lion,
    "lbfgs": LBFGS,
}
"""Short name -> class."""

ALIASES: Mapping[str, Callable[[], Optimizer]] = {
    "momentum": partial(SGD, momentum=0.9),
    "nesterov": partial(SGD, momentum=0.9, nesterov=True),
}
"""Short names of a class with certain hyperparameters -> what makes the object."""
