"""MLPRegressor: scikit-learn's, and what its users have asked for."""
# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import d2_pinball_score, r2_score
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if

from glassnet._typing import AnyArray, Array
from glassnet.activations import ActivationFunction, Linear
from glassnet.estimators.base import AnyLayer, BaseMLP
from glassnet.estimators.constraints import REGRESSOR
from glassnet.estimators.construction import as_activation
from glassnet.estimators.losses import LossByConvention, PoissonDeviance, scikit_loss
from glassnet.estimators.solvers import is_stochastic, require_stochastic
from glassnet.losses import Loss, Poisson, Quantile
from glassnet.registry import resolve

__all__ = ["MLPRegressor"]


class MLPRegressor(RegressorMixin, AnyLayer, BaseMLP):
    """Multi-layer perceptron regressor: scikit-learn's parameters, and more after them.

    One target or several. Parameters, defaults, attributes and the very numbers are those of
    ``sklearn.neural_network.MLPRegressor``: with the same random_state both draw the same first weights
    and the same batches.

    Args:
        loss: "squared_error" (half of it), "poisson" (half the deviance; the outputs are
            exponentials), or any name or object of gn.losses, or a loss of your own. gn.Quantile([...])
            gives every level in one fit; predict then returns (n_samples, n_targets * n_levels), the
            levels of the first target first and in order, so that none cross.
        output_activation: default none; "softplus" for targets above 0, say.
        Every other parameter is that of :class:`MLPClassifier`, but class_weight and label_smoothing.
            The default of `scoring` is R squared, and with gn.Quantile the share of the pinball loss
            that is explained, D squared.

    Attributes:
        network_, history_, stopped_, and all of scikit-learn's: see :class:`MLPClassifier`.

    >>> import glassnet as gn
    >>> X = [[0.0], [1.0], [2.0], [3.0]]
    >>> model = gn.MLPRegressor(hidden_layer_sizes=[8], solver="lbfgs", random_state=0).fit(X, [1, 3, 5, 7])
    >>> model.predict([[1.5]]).round(1)
    array([4.])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = REGRESSOR
    _numeric_target = True

    def __init__(
        self,
        loss: Any = "squared_error",
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
        self.loss = loss
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
            y: numbers (n_samples,) or (n_samples, n_targets).
            sample_weight: (n_samples,), not negative.
            validation_data: (X, y) or (X, y, sample_weight), measured every epoch; early stopping
                watches it instead of a part of X. Weighted by its own sample_weight alone.
        """
        return self._fit(X, y, sample_weight, validation_data)

    @available_if(require_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, validation_data: Any = None) -> Self:
        """Train one epoch on these rows, going on from the present weights.

        With early_stopping each call is scored, on validation_data or on a part of the rows; when
        n_iter_no_change calls brought no progress, the best weights come back and stopped_ is True.
        """
        return self._fit(X, y, sample_weight, validation_data, incremental=True)

    def score(self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: Any = None) -> float:
        """Return R squared; with gn.Quantile the mean D squared of its levels. 1 is perfect."""
        predicted = self.predict(X)
        return self._score(np.asarray(y), predicted, sample_weight)

    # -- what the base asks for -------------------------------------------------------------------

    def _learn_targets(self, y: AnyArray, incremental: bool) -> AnyArray:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if incremental or self.warm_start:
            expected = getattr(self, "_n_targets", None)
            if expected is not None and hasattr(self, "network_") and expected != _width(y):
                raise ValueError(f"y has {_width(y)} targets, but the network was fitted for {expected}.")
        self._n_targets = _width(y)
        return y

    def _check_known(self, y: AnyArray) -> None:
        if _width(y) != self._n_targets:
            raise ValueError(f"validation y has {_width(y)} targets, but y has {self._n_targets}.")

    def _make_loss(self, y: AnyArray) -> tuple[Loss, int, ActivationFunction]:
        n_outputs = _width(y)
        activation = Linear() if self.output_activation is None else as_activation(self.output_activation)
        loss: Loss
        if self.loss == "poisson" and self.output_activation is not None:
            loss = PoissonDeviance(Poisson(log_input=False), n_outputs, n_outputs)
        elif self.loss in ("squared_error", "poisson"):
            loss = scikit_loss(self.loss, n_outputs, consistent=not is_stochastic(self))
        else:
            loss = resolve("loss", self.loss)
            if isinstance(loss, Quantile):
                n_outputs *= len(loss.quantiles)
        return loss, n_outputs, activation

    def _output_name(self, loss: Loss, activation: ActivationFunction) -> str:
        inner = loss.loss if isinstance(loss, LossByConvention) else loss
        if isinstance(inner, Poisson) and inner.log_input and isinstance(activation, Linear):
            return "exp"
        return super()._output_name(loss, activation)

    def _make_targets(self, y: AnyArray) -> AnyArray:
        return y[:, None] if y.ndim == 1 else y

    def _decide(self, outputs: Array) -> AnyArray:
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def _default_score(self, y: AnyArray, outputs: Array, sample_weight: Array | None) -> float:
        return self._score(y, self._decide(outputs), sample_weight)

    def _score(self, y: AnyArray, predicted: AnyArray, sample_weight: Any) -> float:
        if not isinstance(self._loss, Quantile):
            return float(r2_score(y, predicted, sample_weight=sample_weight))
        levels, true = self._loss.quantiles, y.reshape(len(y), -1)
        columns = predicted.reshape(len(y), true.shape[1], len(levels))
        scores = [
            d2_pinball_score(true, columns[:, :, j], sample_weight=sample_weight, alpha=level)
            for j, level in enumerate(levels)
        ]
        return float(np.mean(scores))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _width(y: AnyArray) -> int:
    return 1 if y.ndim == 1 else int(y.shape[1])
