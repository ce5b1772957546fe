"""What every parameter of the estimators may be, in scikit-learn's own form."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from glassnet.activations import BY_NAME as ACTIVATIONS
from glassnet.activations import ActivationFunction
from glassnet.callbacks import Callback
from glassnet.losses import BY_NAME as LOSSES
from glassnet.losses import Loss
from glassnet.optimizers import Optimizer
from glassnet.registry import factories
from glassnet.schedules import Schedule

__all__ = ["CLASSIFIER", "COMMON", "REGRESSOR"]

ACTIVATION_NAMES = {"identity", "logistic", *ACTIVATIONS}
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_COUNT = Interval(Integral, 1, None, closed="left")
_FRACTION = Interval(Real, 0, 1, closed="left")

COMMON: dict[str, list[Any]] = {
    # scikit-learn's
    "hidden_layer_sizes": ["array-like", _COUNT],
    "activation": [StrOptions(ACTIVATION_NAMES - {"softmax"}), ActivationFunction, list, tuple],
    "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
    "alpha": [_NOT_NEGATIVE],
    "batch_size": [StrOptions({"auto"}), _COUNT],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"}), Schedule],
    "learning_rate_init": [_POSITIVE],
    "power_t": [_NOT_NEGATIVE],
    "max_iter": [_COUNT],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_NOT_NEGATIVE],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [_FRACTION],
    "beta_1": [_FRACTION],
    "beta_2": [_FRACTION],
    "epsilon": [_POSITIVE],
    "n_iter_no_change": [_COUNT, Options(Real, {np.inf})],
    "max_fun": [_COUNT],
    # glassnet's
    "output_activation": [StrOptions(ACTIVATION_NAMES), ActivationFunction, None],
    "dropout": [_FRACTION, list, tuple],
    "normalization": [StrOptions({"batch", "layer"}), None],
    "optimizer": [StrOptions(set(factories("optimizer"))), Optimizer, None],
    "l1": [_NOT_NEGATIVE],
    "weight_decay": [_NOT_NEGATIVE],
    "clip_norm": [_POSITIVE, None],
    "scoring": [str, callable, None],
    "metrics": [str, list, tuple, None],
    "restore_best": ["boolean"],
    "keep_moments": ["boolean"],
    "callbacks": [list, tuple, Callback, None],
    "dtype": [StrOptions({"float32", "float64"}), None],
    "encode": [StrOptions({"auto"}), None],
    "layer": [Interval(Integral, None, None, closed="neither")],
}

CLASSIFIER: dict[str, list[Any]] = {
    **COMMON,
    "loss": [StrOptions({"log_loss", *LOSSES}), Loss],
    "class_weight": [StrOptions({"balanced"}), dict, list, None],
    "label_smoothing": [_FRACTION],
}

REGRESSOR: dict[str, list[Any]] = {
    **COMMON,
    "loss": [StrOptions({"squared_error", "poisson", *LOSSES}), Loss],
}
