"""Fitted models from scikit-learn and back."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier as ScikitClassifier
from sklearn.neural_network import MLPRegressor as ScikitRegressor
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from glassnet.activations import BY_NAME as ACTIVATIONS
from glassnet.activations import Linear, Sigmoid, Softmax
from glassnet.estimators.classifier import MLPClassifier
from glassnet.estimators.construction import as_activation, build_network, hidden_layers, hidden_sizes
from glassnet.estimators.losses import LossByConvention, PoissonDeviance
from glassnet.estimators.regressor import MLPRegressor
from glassnet.layers import BatchNorm, Dense, LayerNorm
from glassnet.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Loss,
    MeanSquaredError,
    Poisson,
)
from glassnet.training import History

__all__ = ["from_sklearn", "to_sklearn"]

_CURVES = (
    "n_iter_",
    "t_",
    "loss_",
    "best_loss_",
    "loss_curve_",
    "validation_scores_",
    "best_validation_score_",
    "classes_",
    "feature_names_in_",
    "n_features_in_",
    "n_outputs_",
    "n_layers_",
    "out_activation_",
)
_SCIKIT_NAMES = {"linear": "identity", "sigmoid": "logistic", "tanh": "tanh", "relu": "relu"}


def from_sklearn(fitted: Any) -> MLPClassifier | MLPRegressor:
    """Return a glassnet estimator that predicts what scikit-learn's fitted MLP predicts.

    Parameters, weights and curves come along; the optimiser's moments do not, so a fit that goes on
    starts them afresh.

    Args:
        fitted: a fitted ``sklearn.neural_network`` MLPClassifier or MLPRegressor.

    Raises:
        TypeError: something else.
        sklearn.exceptions.NotFittedError: it is not fitted yet.

    >>> from sklearn.neural_network import MLPRegressor
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> theirs = MLPRegressor(hidden_layer_sizes=[4], solver="lbfgs", random_state=0).fit(X, y)
    >>> bool(abs(from_sklearn(theirs).predict([[3.0]]) - theirs.predict([[3.0]]))[0] < 1e-12)
    True
    """
    if not isinstance(fitted, (ScikitClassifier, ScikitRegressor)):
        raise TypeError(
            f"from_sklearn takes a fitted MLPClassifier or MLPRegressor of scikit-learn, got {fitted!r}."
        )
    check_is_fitted(fitted)
    ours = (MLPClassifier if isinstance(fitted, ScikitClassifier) else MLPRegressor)(**fitted.get_params())
    # What was fitted counts, not parameters that were set later.
    if isinstance(ours, MLPRegressor):
        ours.loss = "poisson" if fitted.out_activation_ == "exp" else "squared_error"
    ours.hidden_layer_sizes = _sizes_of(fitted)
    y = np.zeros((2, fitted.n_outputs_)) if fitted.n_outputs_ > 1 else np.zeros(2)
    if isinstance(ours, MLPClassifier):
        ours._label_binarizer = fitted._label_binarizer
        ours.classes_ = fitted.classes_
    else:
        ours._n_targets = fitted.n_outputs_
    loss, n_outputs, output_activation = ours._make_loss(y)
    hidden, _ = hidden_layers(hidden_sizes(ours.hidden_layer_sizes), fitted.activation, 0.0, None)
    layers = [*hidden, Dense(n_outputs, activation=output_activation)]
    dtype = fitted.coefs_[0].dtype
    ours.network_ = build_network(layers, fitted.n_features_in_, dtype, check_random_state(0), 6.0)
    ours._start(n_outputs, loss, output_activation)
    ours._loss, ours._encoder = loss, None
    ours.coefs_, ours.intercepts_ = fitted.coefs_, fitted.intercepts_
    for name in _CURVES:
        if hasattr(fitted, name):
            value = getattr(fitted, name)
            setattr(ours, name, list(value) if isinstance(value, list) else value)
    ours._no_improvement_count = getattr(fitted, "_no_improvement_count", 0)
    ours.history_ = History()
    scores = ours.validation_scores_ or []
    for i, value in enumerate(ours.loss_curve_):
        ours.history_.append({"loss": value, **({"val_score": scores[i]} if i < len(scores) else {})})
    return ours


def to_sklearn(fitted: Any) -> Any:
    """Do what the estimators' to_sklearn() says."""
    check_is_fitted(fitted)
    theirs_class = ScikitClassifier if isinstance(fitted, MLPClassifier) else ScikitRegressor
    names = list(inspect.signature(theirs_class).parameters)
    _require_plain(fitted)
    changed: dict[str, Any] = {"activation": _activation_of(fitted), "hidden_layer_sizes": _sizes_of(fitted)}
    if isinstance(fitted, MLPRegressor):
        changed["loss"] = "poisson" if isinstance(fitted._loss, PoissonDeviance) else "squared_error"
    if not isinstance(fitted.learning_rate, str):
        changed["learning_rate"] = "constant"
    params = {**{name: getattr(fitted, name, None) for name in names}, **changed}
    theirs = theirs_class(**params)
    theirs.coefs_ = [view.copy() for view in fitted.coefs_]
    theirs.intercepts_ = [view.copy() for view in fitted.intercepts_]
    for name in _CURVES:
        if hasattr(fitted, name):
            value = getattr(fitted, name)
            setattr(theirs, name, list(value) if isinstance(value, list) else value)
    if isinstance(fitted, MLPClassifier):
        theirs._label_binarizer = copy.deepcopy(fitted._label_binarizer)
    theirs._random_state = check_random_state(fitted.random_state)
    theirs._no_improvement_count = fitted._no_improvement_count
    theirs._best_coefs = [view.copy() for view in fitted.coefs_]
    theirs._best_intercepts = [view.copy() for view in fitted.intercepts_]
    return theirs


def _sizes_of(fitted: Any) -> Any:
    """Return the widths of the hidden layers as they were fitted, as the parameter has them if it does."""
    sizes = [weight.shape[1] for weight in fitted.coefs_[:-1]]
    given = fitted.hidden_layer_sizes
    listed = list(given) if hasattr(given, "__iter__") else [given]
    return given if listed == sizes else tuple(sizes)


def _activation_of(fitted: Any) -> str:
    """Return scikit-learn's name of the one hidden activation."""
    hidden = [layer.activation for layer in fitted.network_.layers[:-1] if isinstance(layer, Dense)]
    kinds = [as_activation(one) for one in hidden] or [as_activation("relu")]
    names = {cls: name for name, cls in ACTIVATIONS.items()}
    found = {_SCIKIT_NAMES.get(names.get(type(kind), "")) for kind in kinds}
    name = found.pop()
    if found or name is None:
        raise ValueError(
            "scikit-learn's MLP has one activation for all hidden layers: identity, logistic, tanh or relu; "
            f"this one has {kinds!r}."
        )
    return name


def _require_plain(fitted: Any) -> None:
    network, loss = fitted.network_, fitted._loss
    if any(isinstance(layer, (BatchNorm, LayerNorm)) for layer in network.layers):
        raise ValueError("scikit-learn's MLP has no normalisation; this one has layers of it.")
    if fitted._encoder is not None:
        raise ValueError("scikit-learn's MLP encodes no columns; this one was fitted with encode='auto'.")
    known: tuple[type[Loss], ...]
    if isinstance(fitted, MLPClassifier):
        known, names = (BinaryCrossEntropy, CategoricalCrossEntropy), "log_loss"
    else:
        known, names = (MeanSquaredError, Poisson), "poisson and squared_error"
    inner = loss.loss if isinstance(loss, LossByConvention) else loss
    by_convention = isinstance(loss, (LossByConvention, CategoricalCrossEntropy))
    if not by_convention or not isinstance(inner, known):
        raise ValueError(f"scikit-learn's MLP has no loss {loss!r}, only {names}.")
    expected = {CategoricalCrossEntropy: Softmax, BinaryCrossEntropy: Sigmoid}.get(type(inner), Linear)
    activation = as_activation(network.layers[-1].activation)
    if type(activation) is not expected or inner == Poisson(log_input=False):
        raise ValueError(f"scikit-learn's MLP has no output_activation; this one has {activation!r}.")
    n_outputs = network.n_outputs
    if isinstance(fitted, MLPClassifier) and fitted._kind == "binary" and n_outputs != 1:
        raise ValueError(f"scikit-learn's MLP has one output for two classes; this one has {n_outputs}.")
