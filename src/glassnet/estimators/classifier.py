"""MLPClassifier: scikit-learn's, and what its users have asked for."""
# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self, cast

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_array, column_or_1d, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels
from sklearn.utils.validation import check_is_fitted

from glassnet._typing import AnyArray, Array
from glassnet.activations import ActivationFunction, Linear, Sigmoid, Softmax
from glassnet.estimators.base import AnyLayer, BaseMLP
from glassnet.estimators.constraints import CLASSIFIER
from glassnet.estimators.construction import as_activation
from glassnet.estimators.losses import on_labels, on_logits, one_output_per_class, scikit_loss
from glassnet.estimators.solvers import require_stochastic
from glassnet.losses import Loss, Poisson, Quantile
from glassnet.registry import resolve

__all__ = ["MLPClassifier"]


class MLPClassifier(ClassifierMixin, AnyLayer, BaseMLP):
    """Multi-layer perceptron classifier: scikit-learn's parameters, and more after them.

    Two classes, several, or several labels a row. Parameters, defaults, attributes and the very
    numbers are those of ``sklearn.neural_network.MLPClassifier``: with the same random_state both draw
    the same first weights and the same batches.

    Args:
        hidden_layer_sizes, solver, alpha, batch_size, learning_rate_init, power_t, max_iter, shuffle,
            random_state, tol, momentum, nesterovs_momentum, early_stopping, validation_fraction, beta_1,
            beta_2, epsilon, n_iter_no_change, max_fun: as in scikit-learn.
        activation: a name or object for all hidden layers, or a list with one for each; scikit-learn's
            "identity", "logistic", "tanh", "relu" and all of gn.activations.
        learning_rate: "constant", "invscaling", "adaptive", or a schedule of gn.schedules.
        verbose: 1 or True shows a progress bar, 2 a line an epoch.
        warm_start: the next fit goes on from the present weights; with keep_moments=True from the
            optimiser's moments too, which by default start anew, as in scikit-learn.
        loss: "log_loss", or any name or object of gn.losses, or a loss of your own.
        class_weight: {label: weight}, 1 for labels left out, or "balanced"; for several labels a row a
            list with a dict for each. Multiplies sample_weight in the loss, but not in scores and metrics.
        label_smoothing: in [0, 1), of a cross-entropy.
        dropout: rate in [0, 1) after every hidden layer, or a list with one for each.
        normalization: "batch" or "layer", before each hidden activation.
        output_activation: default softmax, logistic, or none where the loss takes logits.
        optimizer: a name or object of gn.optimizers instead of `solver`; a name takes learning_rate_init.
        l1: like alpha, on absolute values. weight_decay: decoupled, per update, on weights.
        clip_norm: largest joint norm of the gradients.
        scoring: what early stopping watches: a scorer's name or scorer(estimator, X, y); default accuracy.
        metrics: names of gn.metrics for the curves in history_.
        restore_best: whether early stopping ends with the weights of the best epoch.
        callbacks: gn.callbacks objects.
        dtype: "float32" or "float64" to compute in; default that of X.
        encode: "auto" encodes the columns of a DataFrame with gn.tabular.TabularEncoder, fitted on the
            training part: numbers standardised, categories one-hot, missing values marked.
        layer: which hidden layer :meth:`transform` returns.

    Attributes:
        network_: the glassnet Network; its outputs are the probabilities, or their logits where the loss
            takes those.
        history_: curves per epoch: "loss", and with a validation part "val_loss" and "val_score".
        stopped_: whether the last fit, or the calls of partial_fit, ended by themselves.
        classes_, coefs_, intercepts_, loss_, loss_curve_, best_loss_, validation_scores_,
            best_validation_score_, n_iter_, t_, n_layers_, n_outputs_, out_activation_,
            n_features_in_, feature_names_in_: as in scikit-learn. Assigning to coefs_ or intercepts_, or
            into them, changes what is predicted.

    >>> from glassnet import MLPClassifier
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"]
    >>> model = MLPClassifier([8], solver="lbfgs", class_weight="balanced", random_state=0).fit(X, y)
    >>> model.predict([[0.2], [2.8]])
    array(['low', 'high'], dtype='<U4')
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CLASSIFIER

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: Any = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = 0.001,
        power_t: Any = 0.5,
        max_iter: Any = 200,
        shuffle: Any = True,
        random_state: Any = None,
        tol: Any = 1e-4,
        verbose: Any = False,
        warm_start: Any = False,
        momentum: Any = 0.9,
        nesterovs_momentum: Any = True,
        early_stopping: Any = False,
        validation_fraction: Any = 0.1,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: Any = 15000,
        loss: Any = "log_loss",
        class_weight: Any = None,
        label_smoothing: Any = 0.0,
        dropout: Any = 0.0,
        normalization: Any = None,
        output_activation: Any = None,
        optimizer: Any = None,
        l1: Any = 0.0,
        weight_decay: Any = 0.0,
        clip_norm: Any = None,
        scoring: Any = None,
        metrics: Any = None,
        restore_best: Any = True,
        keep_moments: Any = False,
        callbacks: Any = None,
        dtype: Any = None,
        encode: Any = None,
        layer: Any = -1,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.loss = loss
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.dropout = dropout
        self.normalization = normalization
        self.output_activation = output_activation
        self.optimizer = optimizer
        self.l1 = l1
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.scoring = scoring
        self.metrics = metrics
        self.restore_best = restore_best
        self.keep_moments = keep_moments
        self.callbacks = callbacks
        self.dtype = dtype
        self.encode = encode
        self.layer = layer

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation_data: Any = None) -> Self:
        """Train; with warm_start from the present weights.

        Args:
            X: array, sparse matrix or DataFrame (n_samples, n_features).
            y: labels (n_samples,), or zeros and ones (n_samples, n_labels).
            sample_weight: (n_samples,), not negative.
            validation_data: (X, y) or (X, y, sample_weight), measured every epoch; early stopping
                watches it instead of a part of X. Weighted by its own sample_weight alone.
        """
        return self._fit(X, y, sample_weight, validation_data)

    @available_if(require_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None, validation_data: Any = None
    ) -> Self:
        """Train one epoch on these rows, going on from the present weights.

        With early_stopping each call is scored, on validation_data or on a part of the rows; when
        n_iter_no_change calls brought no progress, the best weights come back and stopped_ is True.

        Args:
            X, y, sample_weight, validation_data: as in :meth:`fit`.
            classes: all labels there will be; needed at the first call, but not for several labels a row.
        """
        return self._fit(X, y, sample_weight, validation_data, incremental=True, classes=classes)

    def predict_proba(self, X: npt.ArrayLike) -> Array:
        """Return the probability of each class (n_samples, n_classes), or of each label."""
        check_is_fitted(self)
        outputs = self._outputs(X)
        if outputs.shape[1] > 1:
            if self.out_activation_ == "logistic" and self._kind != "multilabel":
                totals = outputs.sum(axis=1, keepdims=True)
                unsure = np.full_like(outputs, 1 / outputs.shape[1])  # where every output is zero
                outputs = np.divide(outputs, totals, out=unsure, where=totals > 0)
            return outputs
        return np.hstack([1 - outputs, outputs])

    def predict_log_proba(self, X: npt.ArrayLike) -> Array:
        """Return the logarithms of :meth:`predict_proba`."""
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return np.log(probabilities, out=probabilities)

    # -- what the base asks for -------------------------------------------------------------------

    def _learn_classes(self, y: Any, classes: Any) -> None:
        multilabel = type_of_target(y).startswith("multilabel")
        if classes is None and not hasattr(self, "classes_") and multilabel:
            classes = np.arange(y.shape[1] if hasattr(y, "shape") else np.shape(y)[1])
        if _check_partial_fit_first_call(self, classes):
            self._label_binarizer = LabelBinarizer().fit(y if multilabel else classes)

    def _learn_targets(self, y: AnyArray, incremental: bool) -> AnyArray:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
            return y
        classes = unique_labels(y)
        if self.warm_start:
            if set(classes) != set(self.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the previous call to "
                    f"fit. Previously got {self.classes_}, `y` has {classes}"
                )
        else:
            self._check_known(y)
        return y

    def _check_known(self, y: AnyArray) -> None:
        classes = unique_labels(y)
        if len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes_}. 'y' has {classes}."
            )

    @property
    def _kind(self) -> str:
        kind = str(self._label_binarizer.y_type_)
        return "multilabel" if kind.startswith("multilabel") else kind

    def _make_loss(self, y: AnyArray) -> tuple[Loss, int, ActivationFunction]:
        kind, n_classes = self._kind, len(self.classes_)
        several = kind == "multiclass"
        smoothing = self.label_smoothing
        if self.loss == "log_loss":
            n_outputs = 1 if kind == "binary" else n_classes
            name = "log_loss" if several else "binary_log_loss"
            loss = scikit_loss(name, n_outputs, consistent=True, label_smoothing=smoothing)
        else:
            loss = resolve("loss", self.loss)
            if isinstance(loss, (Poisson, Quantile)):
                raise ValueError(
                    f"The loss {type(loss).__name__} gives no probabilities: MLPClassifier takes log_loss or "
                    "another loss on probabilities."
                )
            if smoothing and not hasattr(loss, "label_smoothing"):
                raise ValueError(f"label_smoothing needs a cross-entropy; {type(loss).__name__} takes none.")
            loss = replace(loss, label_smoothing=smoothing) if smoothing else loss
            if kind == "multilabel" and one_output_per_class(loss):
                raise ValueError(
                    f"{type(loss).__name__} is for one class a row; several labels a row need "
                    "log_loss or another loss on each output."
                )
            several = several or (kind == "binary" and one_output_per_class(loss))
            n_outputs = max(n_classes, 2) if several or kind != "binary" else 1
        if self.output_activation is not None:
            return loss, n_outputs, as_activation(self.output_activation)
        if on_logits(loss):
            return loss, n_outputs, Linear()
        return loss, n_outputs, Softmax() if several else Sigmoid()

    def _output_name(self, loss: Loss, activation: ActivationFunction) -> str:
        if on_logits(loss) and isinstance(activation, Linear):
            return "softmax" if one_output_per_class(loss) else "logistic"
        return super()._output_name(loss, activation)

    def _make_targets(self, y: AnyArray) -> AnyArray:
        if self._kind == "multilabel":
            indicator: AnyArray = self._label_binarizer.transform(y)
            return indicator
        codes: AnyArray = np.searchsorted(self.classes_, y)
        if self.n_outputs_ == 1:
            return np.equal(codes, 1)[:, None]
        return codes if on_labels(self._loss) else np.equal(codes[:, None], np.arange(self.n_outputs_))

    def _class_factors(self, y: AnyArray, incremental: bool) -> Array | None:
        if self.class_weight is None:
            return None
        if incremental and isinstance(self.class_weight, str):
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit: one part does not tell how often "
                "the classes occur. Pass a dict; sklearn.utils.class_weight.compute_class_weight makes one."
            )
        given, factors = self.class_weight, cast(Array, np.ones(y.shape[0]))
        if isinstance(given, dict) and self._kind != "multilabel":
            factors = _factors_of(given, self.classes_, y)
        elif isinstance(given, list) and self._kind == "multilabel" and len(given) == y.shape[1]:
            columns: Any = y.toarray() if hasattr(y, "toarray") else y
            for one, column in zip(given, columns.T, strict=True):
                factors = factors * _factors_of(one, np.arange(2), column)
        else:
            factors = compute_sample_weight(given, y)
        if not factors.any():
            raise ValueError(f"class_weight must not be zero for every row; got {given!r}.")
        return factors

    def _stratify(self, y: AnyArray) -> AnyArray | None:
        return y if self._kind == "binary" else None

    def _decide(self, outputs: Array) -> AnyArray:
        if self._kind == "multilabel":  # sparse where the targets were
            labels: AnyArray = self._label_binarizer.inverse_transform(outputs, threshold=0.5)
            return labels
        if outputs.shape[1] == 1:
            return np.asarray(self._label_binarizer.inverse_transform(outputs[:, 0], threshold=0.5))
        chosen: AnyArray = self.classes_.take(outputs.argmax(axis=1), mode="clip")
        return chosen

    def _default_score(self, y: AnyArray, outputs: Array, sample_weight: Array | None) -> float:
        return float(accuracy_score(y, self._decide(outputs), sample_weight=sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _factors_of(weights: Any, classes: AnyArray, labels: AnyArray) -> Array:
    """Return each label's weight out of {label: weight}; classes without one count 1."""
    known = classes.tolist()
    if not isinstance(weights, dict):
        raise ValueError(f"class_weight for several labels must be a list of dicts, got {weights!r} in it.")
    unknown = [label for label in weights if label not in known]
    # As scikit-learn: a fold that lacks a class is no mistake, a name beside a class without one is.
    if unknown and any(label not in weights for label in known):
        raise ValueError(f"The classes, {unknown}, in class_weight are not among the classes {known}.")
    try:
        numbers = np.array([float(weights.get(label, 1.0)) for label in known])
    except (TypeError, ValueError):
        raise ValueError(f"class_weight must hold a number for each class, got {weights!r}.") from None
    values: Array = check_array(numbers, ensure_2d=False, input_name="class_weight")
    if (values < 0).any():
        raise ValueError(f"class_weight must not be negative; got {weights!r}.")
    factors: Array = values[np.searchsorted(classes, labels)]
    return factors
