"""A model that answers in the data's own terms: raw rows in, classes or values out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from glassnet._typing import AnyArray, Array
from glassnet.activations import Sigmoid, Softmax
from glassnet.checks import as_features
from glassnet.errors import DataError, FileFormatError, GlassnetError, HyperparameterError, ShapeError
from glassnet.files import read_model, save_network
from glassnet.losses import Loss
from glassnet.network import Network
from glassnet.registry import from_config, resolve
from glassnet.tabular.columns import Table, read_columns
from glassnet.tabular.encoder import TabularEncoder
from glassnet.tabular.fields import Fields
from glassnet.tabular.kinds import coerce
from glassnet.tabular.target import TargetEncoder
from glassnet.tabular.view import listed

__all__ = ["TabularModel"]

_SECTION = "tabular"
_FORMAT = 1


class TabularModel:
    """A network with the encoders around it, kept in one file.

    From a row of a table the encoder makes the network's inputs, and the target encoder turns the
    outputs into classes or, for a regression, into values in the original unit.

    Args:
        network: built, as wide as the encoder's features; one output for a regression, one per
            class for a classification, or a single one for two classes. Where it does not end in
            softmax (or sigmoid), outputs of a classification are read as logits.
        target: a fitted TargetEncoder.
        encoder: a fitted TabularEncoder, or None where the inputs are numbers taken as they are.
        feature_names: the names of the inputs, where there is no encoder.
        loss: what :meth:`evaluate` measures; default cross-entropy, or the mean squared error.
        training: anything JSON can hold about how the model came about.

    Raises:
        HyperparameterError: neither or both of encoder and feature_names, or training not JSON-able.
        ShapeError: parts that do not fit each other.
        NotBuiltError: a part that is not built or fitted.

    >>> import glassnet as gn
    >>> from glassnet.tabular import TabularEncoder, TargetEncoder, TabularModel
    >>> table = {"size": [1.0, 2.0, 8.0, 9.0], "kind": ["cat", "cat", "cow", "cow"]}
    >>> encoder = TabularEncoder().fit(table, exclude=["kind"])
    >>> target = TargetEncoder().fit(table["kind"], "kind")
    >>> net = gn.Network([gn.Dense(2, activation="softmax")], seed=0)
    >>> history = net.fit(encoder.transform(table), target.encode(table["kind"]), epochs=200,
    ...                   loss="categorical_cross_entropy", optimizer=gn.Adam(0.05))
    >>> model = TabularModel(net, target, encoder=encoder)
    >>> model.predict({"size": [0.5, 10.0]})
    array(['cat', 'cow'], dtype=object)
    """

    def __init__(
        self,
        network: Network,
        target: TargetEncoder,
        *,
        encoder: TabularEncoder | None = None,
        feature_names: Sequence[str] | None = None,
        loss: Loss | str | None = None,
        training: Mapping[str, Any] | None = None,
    ) -> None:
        if (encoder is None) == (feature_names is None):
            raise HyperparameterError("TabularModel needs either an encoder or feature_names, not both.")
        self.network, self.target, self.encoder = network, target, encoder
        self.feature_names: tuple[str, ...] = tuple(
            encoder.feature_names_out() if encoder is not None else feature_names or ()
        )
        """The names of the network's inputs."""
        self._check_fit()
        default = _default_loss(network, target)
        self.loss: Loss = default if loss is None else resolve("loss", loss, "TabularModel loss")
        self.training: dict[str, Any] = dict(training or {})

    def _check_fit(self) -> None:
        self.network.parameters  # noqa: B018 - raises NotBuiltError
        n_features, n_outputs = self.network.n_features, self.network.n_outputs
        if n_features != len(self.feature_names):
            raise ShapeError(
                f"The network takes {n_features} features, but the rows give {len(self.feature_names)}."
            )
        if len(set(self.feature_names)) < len(self.feature_names) and self.encoder is None:
            raise HyperparameterError("TabularModel feature_names must differ from each other.")
        if not self.target.is_classification:
            if n_outputs != 1:
                raise ShapeError(f"A regression needs a network of one output, got {n_outputs}.")
            return
        n_classes = len(self.target.classes)
        if n_outputs != n_classes and (n_outputs, n_classes) != (1, 2):
            raise ShapeError(f"{n_classes} classes need as many outputs, but the network has {n_outputs}.")

    # -- use ------------------------------------------------------------------------------------

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that a table must have for a prediction."""
        if self.encoder is None:
            return self.feature_names
        return tuple(column.name for column in self.encoder.summary() if column.features)

    def features(self, table: Table) -> Array:
        """Return the network's inputs (n_rows, n_features), float32.

        Args:
            table: pandas DataFrame, pyarrow Table or mapping of columns, with :attr:`columns` at
                least; for a model without an encoder also an array (n_rows, n_features).

        Raises:
            DataError: a column is lacking, or holds what it did not hold in training.
            ShapeError: an array of another width.
        """
        if self.encoder is not None:
            return self.encoder.transform(table)
        if isinstance(table, np.ndarray):
            return as_features(table, self.network.n_features).astype(np.float32, copy=False)
        columns = [coerce(column, "number") for column in read_columns(table, self.feature_names)]
        matrix = np.empty((len(columns[0]), len(columns)), np.float32)
        for i, column in enumerate(columns):
            if column.n_missing:
                raise DataError(
                    f"Column {column.name!r} has {column.n_missing:,} missing values, "
                    "and this model has no rule for them: fill them in."
                )
            with np.errstate(over="ignore"):
                matrix[:, i] = column.values
        bad = ~np.isfinite(matrix)
        if bad.any():
            row, position = (int(k) for k in np.argwhere(bad)[0])
            raise DataError(
                f"Column {self.feature_names[position]!r} holds a value at row {row} (counting from 0) "
                "that float32 cannot hold."
            )
        return matrix

    def predict(self, table: Table) -> AnyArray:
        """Return a class per row, as the training table spelt it, or a value in the original unit.

        Raises as :meth:`features`.
        """
        return self.decode(self.network.predict(self.features(table)))

    def predict_proba(self, table: Table) -> Array:
        """Return the classes' probabilities (n_rows, n_classes), in the order of ``target.classes``.

        Raises as :meth:`features`, and DataError for a regression.
        """
        return self.probabilities(self.network.predict(self.features(table)))

    def decode(self, outputs: Array) -> AnyArray:
        """Return the classes or values that the network's outputs mean."""
        if self.target.is_classification:
            return self.target.decode(self.probabilities(outputs))
        return self.target.decode(outputs)

    def probabilities(self, outputs: Array) -> Array:
        """Return the probabilities (n_rows, n_classes) that the network's outputs mean."""
        if not self.target.is_classification:
            raise DataError(
                f"The model predicts values of {self.target.name!r}, which have no probabilities."
            )
        last = self.network.output_activation
        if outputs.shape[1] == 1:
            second = outputs if isinstance(last, Sigmoid) else Sigmoid()(outputs)
            return np.concatenate([1 - second, second], axis=1)
        return outputs if isinstance(last, Softmax) else Softmax()(outputs)

    def evaluate(
        self, table: Table, values: Any = None, metrics: Sequence[Any] | None = None
    ) -> dict[str, float]:
        """Return {"loss": ..., metric: ...} over a table's rows.

        Args:
            table: as for :meth:`features`.
            values: (n_rows,) the true classes or values; default: the table's target column.
            metrics: for a classification: names or functions as in gn.metrics, default accuracy,
                and for two classes f1 and roc_auc of the second. For a regression: default r2, rmse and
                mae; all are computed in the original unit, the loss on standardised values.

        Raises:
            DataError: no target column, or a target that training did not know; as :meth:`features`.
        """
        if values is None:
            (values,) = read_columns(table, [self.target.name])
        return self.evaluate_encoded(self.features(table), self.target.encode(values), metrics)

    def evaluate_encoded(
        self, X: Array, y: AnyArray, metrics: Sequence[Any] | None = None
    ) -> dict[str, float]:
        """Do what :meth:`evaluate` does on what the two encoders made of the rows."""
        from glassnet.metrics import resolve as resolve_metric

        chosen = [resolve_metric(m) for m in (self.default_metrics if metrics is None else metrics)]
        results = self.network.evaluate(X, y, loss=self.loss)
        outputs = self.network.predict(X)
        if self.target.is_classification:
            targets, predictions = y, self.probabilities(outputs)
        else:
            targets, predictions = self.target.decode(y), self.target.decode(outputs)
        return results | {m.name: float(m(targets, predictions, None)) for m in chosen}

    @property
    def default_metrics(self) -> tuple[str, ...]:
        """What :meth:`evaluate` measures if it is not told."""
        if not self.target.is_classification:
            return ("r2", "rmse", "mae")
        return ("accuracy", "f1", "roc_auc") if len(self.target.classes) == 2 else ("accuracy",)

    # -- files ----------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all of it to one safetensors file, whole or not at all.

        ``gn.load(path)`` gives the network in it.

        Raises:
            HyperparameterError: `training` holds what JSON cannot.
            OSError: the folder is missing, read-only or full; an old file stays as it was.
        """
        document = self.to_dict()
        try:
            save_network(self.network, path, sections={_SECTION: document})
        except (TypeError, ValueError) as error:
            if isinstance(error, GlassnetError):
                raise
            raise HyperparameterError(f"TabularModel training must hold JSON data only: {error}.") from error

    @classmethod
    def load(cls, path: str | os.PathLike[str], custom: Mapping[str, type[Any]] | None = None) -> Self:
        """Return the model in a file that :meth:`save` or the command line wrote.

        Args:
            path: the file.
            custom: classes of your own that the network uses, by name.

        Raises:
            FileNotFoundError: there is no such file.
            FileFormatError: a foreign or damaged file, one that holds a network alone, or one of a newer
                format; says what is wrong.
        """
        network, sections = read_model(path, custom)
        if _SECTION not in sections:
            raise FileFormatError(
                f"{Path(path)} holds a network alone, without what turns a table's rows into its inputs; "
                "use it in Python, with glassnet.load."
            )
        try:
            return cls.from_dict(network, sections[_SECTION], custom)
        except GlassnetError as error:
            raise FileFormatError(f"{Path(path)}: {error}") from error

    def to_dict(self) -> dict[str, Any]:
        """Return all but the network as plain JSON-able data."""
        return {
            "format": _FORMAT,
            "encoder": None if self.encoder is None else self.encoder.to_dict(),
            "feature_names": list(self.feature_names) if self.encoder is None else None,
            "target": self.target.to_dict(),
            "loss": self.loss.config(),
            "training": self.training,
        }

    @classmethod
    def from_dict(
        cls, network: Network, document: Any, custom: Mapping[str, type[Any]] | None = None
    ) -> Self:
        """Return the model of a network and what :meth:`to_dict` described.

        Raises:
            FileFormatError: anything that :meth:`to_dict` would not have written, by field.
        """
        fields = Fields(document, _SECTION)
        if isinstance(document.get("format"), int) and document["format"] > _FORMAT:
            raise FileFormatError(
                f"tabular.format is {document['format']}; this glassnet reads up to {_FORMAT}. Upgrade it."
            )
        fields.only("format", "encoder", "feature_names", "target", "loss", "training")
        fields.integer("format", 1, _FORMAT)
        plain = document["encoder"] is None
        if plain == (document["feature_names"] is None):
            raise FileFormatError("tabular must have either an encoder or feature_names.")
        if not isinstance(document["training"], dict):
            raise fields.wrong("training", "a mapping")
        names = fields.texts("feature_names") if plain else None
        encoder = None if plain else TabularEncoder.from_dict(document["encoder"])
        target = TargetEncoder.from_dict(document["target"])
        try:
            return cls(
                network,
                target,
                encoder=encoder,
                feature_names=names,
                loss=from_config("loss", document["loss"], custom),
                training=document["training"],
            )
        except GlassnetError as error:
            raise FileFormatError(f"tabular: {error}") from error

    def __repr__(self) -> str:
        what = f"{len(self.target.classes)} classes" if self.target.is_classification else "values"
        return f"TabularModel({what} of {self.target.name!r} from {listed(self.columns, 5)})"


def _default_loss(network: Network, target: TargetEncoder) -> Loss:
    last = network.output_activation
    if not target.is_classification:
        name = "mse"
    elif network.n_outputs == 1:
        name = "binary_cross_entropy" if isinstance(last, Sigmoid) else "sigmoid_cross_entropy"
    else:
        name = "categorical_cross_entropy" if isinstance(last, Softmax) else "softmax_cross_entropy"
    loss: Loss = resolve("loss", name)
    return loss
