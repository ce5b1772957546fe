"""What both estimators share: checking, training, prediction, the attributes after a fit."""
# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    _check_sample_weight,
    _check_y,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from glassnet._typing import AnyArray, Array
from glassnet.activations import BY_NAME as ACTIVATIONS
from glassnet.activations import ActivationFunction, Linear, Sigmoid
from glassnet.estimators.construction import (
    as_activation,
    build_network,
    dense_names,
    hidden_layers,
    hidden_sizes,
    weight_factor,
)
from glassnet.estimators.rows import hidden_activations, hidden_layer_number, is_table, outputs_of
from glassnet.estimators.solvers import is_stochastic
from glassnet.estimators.training import Part, prepare, split_rows, train
from glassnet.estimators.views import WeightList
from glassnet.layers import Dense
from glassnet.losses import Loss
from glassnet.network import Network
from glassnet.tabular import TabularEncoder, take_rows
from glassnet.training import History, Training

__all__ = ["AnyLayer", "BaseMLP"]


class BaseMLP(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Base of the two estimators; see :class:`MLPClassifier` and :class:`MLPRegressor`."""

    _numeric_target = False
    network_: Network
    _encoder: TabularEncoder | None

    # -- what the subclasses say ----------------------------------------------------------------

    def _learn_targets(self, y: AnyArray, incremental: bool) -> AnyArray:
        """Check y, learn what it consists of, and return it as a flat array or a matrix."""
        raise NotImplementedError

    def _make_loss(self, y: AnyArray) -> tuple[Loss, int, ActivationFunction]:
        """Return the loss, the number of outputs and the output activation."""
        raise NotImplementedError

    def _make_targets(self, y: AnyArray) -> AnyArray:
        """Return y as the loss takes it."""
        raise NotImplementedError

    def _decide(self, outputs: Array) -> AnyArray:
        """Return what predict returns."""
        raise NotImplementedError

    def _default_score(self, y: AnyArray, outputs: Array, sample_weight: Array | None) -> float:
        """Return the score that early stopping watches where `scoring` is None."""
        raise NotImplementedError

    def _class_factors(self, y: AnyArray, incremental: bool) -> Array | None:
        """Return the factor by which class_weight multiplies each row's weight."""
        return None

    # -- training -------------------------------------------------------------------------------

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation_data: Any,
        incremental: bool = False,
        classes: Any = None,
    ) -> Self:
        before = self.__dict__.copy()
        try:
            if incremental:
                self._learn_classes(y, classes)
            training = self._prepared(X, y, sample_weight, validation_data, incremental)
        except BaseException:  # refused: an earlier fit's model stays as it was
            self.__dict__.clear()
            self.__dict__.update(before)
            raise
        train(self, training, incremental)
        return self

    def _prepared(
        self, X: Any, y: Any, sample_weight: Any, validation_data: Any, incremental: bool
    ) -> Training:
        """Check everything, set what a fit starts from, and return the training to run."""
        sizes = hidden_sizes(self.hidden_layer_sizes)
        first = not hasattr(self, "network_") or (not self.warm_start and not incremental)
        encoded = is_table(X) and self.encode == "auto"
        if not first:
            self._require_same_encoding(X, encoded)
        X, y = self._checked(X, y, reset=first)
        y = self._learn_targets(y, incremental)
        given = None if validation_data is None else self._checked_validation(validation_data, encoded)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        weight, factors = sample_weight, self._class_factors(y, incremental)
        if factors is not None:
            weight = factors if weight is None else weight * factors
        _require_weight(weight, None)
        random_state = check_random_state(self.random_state)
        if first or not hasattr(self, "_split_seed"):
            # From a copy, which leaves the stream in step with scikit-learn's.
            self._split_seed = int(copy.deepcopy(random_state).randint(2**31 - 1))

        loss, n_outputs, output_activation = self._make_loss(y)
        hidden, activations = hidden_layers(sizes, self.activation, self.dropout, self.normalization)
        layers = [*hidden, Dense(n_outputs, activation=output_activation)]
        if not first and list(self.network_.layers) != layers:
            raise ValueError(
                "The network's layers cannot change between fits that go on from its weights: it has "
                f"{list(self.network_.layers)}, the parameters now describe {layers}. "
                "Set warm_start=False and call fit to start anew."
            )
        rows = None
        if encoded:
            # The encoder learns from the training part, so the split comes before the first weights are
            # drawn, whose number depends on the encoder: it has a stream of its own.
            apart = np.random.RandomState(random_state.randint(2**31 - 1))
            rows = self._split(y, apart, given, incremental)
        if first:
            self._encoder = None
            if encoded:
                self._encoder = TabularEncoder().fit(X if rows is None else take_rows(X, rows[0]))
        if encoded and self._encoder is not None:
            X = self._encoder.transform(X)
            given = None if given is None else given._replace(X=self._encoder.transform(given.X))
        if first:
            given_dtype = X.dtype if X.dtype in (np.float32, np.float64) else np.dtype(np.float64)
            dtype = given_dtype if self.dtype is None else np.dtype(self.dtype)
            if not sizes and not isinstance(self.activation, (list, tuple)):
                activations = [as_activation(self.activation)]  # sets the scale, as in scikit-learn
            factor = weight_factor(activations)
            self.network_ = build_network(layers, X.shape[1], dtype, random_state, factor)
            self._start(n_outputs, loss, output_activation)
        self._loss = loss
        self.n_outputs_ = n_outputs
        if not encoded:
            rows = self._split(y, random_state, given, incremental)
        _require_weight(weight, rows)
        return prepare(self, Part(X, y, weight, sample_weight), rows, given, random_state, incremental)

    def _learn_classes(self, y: Any, classes: Any) -> None:
        """Learn at the first partial_fit what classes there will be."""

    def _split(
        self, y: AnyArray, random_state: np.random.RandomState, given: Any, incremental: bool
    ) -> tuple[AnyArray, AnyArray] | None:
        if not self.early_stopping or not is_stochastic(self) or given is not None:
            return None
        if not incremental:
            return split_rows(y, self.validation_fraction, random_state, self._stratify(y))
        try:  # the same rows at each call, that none is trained on and then held out
            again = np.random.RandomState(self._split_seed)
            return split_rows(y, self.validation_fraction, again, self._stratify(y))
        except ValueError as error:
            raise ValueError(
                f"{error} With early_stopping each call of partial_fit holds out a part of its rows: pass "
                "more rows at a time, or validation_data."
            ) from error

    def _stratify(self, y: AnyArray) -> AnyArray | None:
        return None

    def _start(self, n_outputs: int, loss: Loss, output_activation: ActivationFunction) -> None:
        """Set the attributes of a model that has seen nothing yet."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(dense_names(self.network_)) + 1
        self.out_activation_ = self._output_name(loss, output_activation)
        self.history_ = History()
        self.loss_curve_: list[float] = []
        self.stopped_ = False
        self._no_improvement_count = 0
        self._best: tuple[Array, Array] | None = None
        self._optimizer_state = None
        watched = self.early_stopping and is_stochastic(self)
        self.best_loss_ = None if watched else np.inf
        self.validation_scores_: list[float] | None = [] if watched else None
        self.best_validation_score_ = -np.inf if watched else None

    def _output_name(self, loss: Loss, activation: ActivationFunction) -> str:
        known = {Linear: "identity", Sigmoid: "logistic"}
        known.update({cls: name for name, cls in ACTIVATIONS.items() if cls not in known})
        return known.get(type(activation), type(activation).__name__.lower())

    # -- data at the door -------------------------------------------------------------------------

    def _checked(self, X: Any, y: Any, reset: bool) -> tuple[Any, AnyArray]:
        if self.encode == "auto" and is_table(X):
            validate_data(self, X, skip_check_array=True, reset=reset)
            y = _check_y(y, multi_output=True, y_numeric=self._numeric_target, estimator=self)
            check_consistent_length(X, y)
        else:
            X, y = validate_data(
                self,
                X,
                y,
                accept_sparse=["csr", "csc"],
                multi_output=True,
                y_numeric=self._numeric_target,
                dtype=(np.float64, np.float32),
                reset=reset,
            )
            X = X.tocsr() if hasattr(X, "tocsr") else X
        return X, y

    def _checked_validation(self, given: Any, encoded: bool) -> Part:
        if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
            raise ValueError("validation_data must be (X, y) or (X, y, sample_weight).")
        if encoded and not is_table(given[0]):
            raise ValueError("validation_data must be a table like X, whose columns are encoded.")
        X, y = self._checked(given[0], given[1], reset=False)
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        self._check_known(y)
        weight = given[2] if len(given) == 3 else None
        if weight is not None:
            weight = _check_sample_weight(weight, X, dtype=np.float64, ensure_non_negative=True)
        return Part(X, y, weight, weight)

    def _check_known(self, y: AnyArray) -> None:
        """Raise ValueError for validation targets that training cannot have."""

    def _checked_rows(self, X: Any) -> Any:
        check_is_fitted(self)
        encoder = self._encoder
        if encoder is not None:
            self._require_table(X)
            validate_data(self, X, skip_check_array=True, reset=False)
            return encoder.transform(X)
        return validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)

    def _require_table(self, X: Any) -> None:
        if not is_table(X):
            names = getattr(self, "feature_names_in_", None)  # there are none where columns have numbers
            columns = f"{self.n_features_in_} columns" if names is None else f"the columns {list(names)}"
            raise ValueError(
                f"This {type(self).__name__} was fitted on a table with encode='auto' and takes tables with "
                f"{columns}, got {type(X).__name__}."
            )

    def _require_same_encoding(self, X: Any, encoded: bool) -> None:
        if self._encoder is not None:
            self._require_table(X)
        if encoded != (self._encoder is not None):
            earlier = "no columns were" if encoded else "the columns were"
            raise ValueError(
                f"encode cannot change between fits that go on from earlier weights: {earlier} encoded at "
                f"the first, and now encode={self.encode!r}. Set it back, or set warm_start=False and call "
                "fit to start anew."
            )

    # -- after the fit ----------------------------------------------------------------------------

    def _outputs(self, X: Any) -> Array:
        rows = self._checked_rows(X)
        return self._loss.predictions(outputs_of(self.network_, rows))

    def predict(self, X: npt.ArrayLike) -> AnyArray:
        """Return a prediction for every row of X, array or sparse (n_samples, n_features)."""
        return self._decide(self._outputs(X))

    def transform(self, X: npt.ArrayLike) -> Array:
        """Return the activations of the hidden layer `layer`, (n_samples, units)."""
        rows = self._checked_rows(X)
        return hidden_activations(self.network_, rows, self.layer)

    @property
    def _n_features_out(self) -> int:
        check_is_fitted(self)
        sizes = [len(self.network_.parameters[f"{name}.bias"]) for name in dense_names(self.network_)[:-1]]
        return sizes[hidden_layer_number(self.layer, len(sizes))]

    def _weights(self, kind: str, name: str) -> WeightList:
        if "network_" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r} before fit")
        parameters = self.network_.parameters
        return WeightList(name, [parameters[f"{dense}.{kind}"] for dense in dense_names(self.network_)])

    @property
    def coefs_(self) -> WeightList:
        """The weight matrices (inputs, outputs), layer by layer: views, so changing them counts."""
        return self._weights("weight", "coefs_")

    @coefs_.setter
    def coefs_(self, value: Any) -> None:
        self.coefs_[:] = value

    @property
    def intercepts_(self) -> WeightList:
        """The bias vectors, layer by layer: views, so changing them counts."""
        return self._weights("bias", "intercepts_")

    @intercepts_.setter
    def intercepts_(self, value: Any) -> None:
        self.intercepts_[:] = value

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        if self.encode == "auto":
            tags.input_tags.allow_nan = tags.input_tags.categorical = tags.input_tags.string = True
        return tags

    def to_sklearn(self) -> Any:
        """Return scikit-learn's estimator with the fitted weights; it predicts the same.

        Raises:
            ValueError: the network has something that scikit-learn's has not, such as normalisation.
        """
        from glassnet.estimators.conversion import to_sklearn

        return to_sklearn(self)


class AnyLayer:
    """transform with a layer of the caller's choice; set_output names the columns of that layer.

    scikit-learn wraps the transform of :class:`BaseMLP` alone, and so never sees the choice.
    """

    layer: Any

    def transform(self, X: npt.ArrayLike, layer: int | None = None) -> Array:
        """Return the activations of a hidden layer, (n_samples, units).

        Args:
            X: array or sparse (n_samples, n_features).
            layer: which hidden layer, counted from 0, or from the end by -1; None is the parameter
                `layer`, the last by default.

        Raises:
            ValueError: there is no such hidden layer.
        """
        model = self
        if layer is not None:
            model = copy.copy(self)  # shares the network
            model.layer = layer
        activations: Array = super(AnyLayer, model).transform(X)  # type: ignore[misc]
        return activations


def _require_weight(weight: Array | None, rows: tuple[AnyArray, AnyArray] | None) -> None:
    """Raise ValueError where sample_weight and class_weight together leave nothing to train on."""
    if weight is None or (weight if rows is None else weight[rows[0]]).any():
        return
    which = "" if rows is None else " of the rows that are left to train on"
    raise ValueError(
        f"Sample weights{which} must contain at least one non-zero number, after class_weight too."
    )
