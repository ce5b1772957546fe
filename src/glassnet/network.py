"""The network: layers in a row, built once, then trained, asked, and looked into."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from glassnet._typing import AnyArray, Array
from glassnet.activations import ActivationFunction
from glassnet.checks import as_dtype, as_features, as_seed
from glassnet.errors import HyperparameterError, NotBuiltError, ShapeError
from glassnet.layers import Activation, Dense, Layer
from glassnet.layers.base import build_chain
from glassnet.parameters import NamedViews, Parameters, Scope, layer_names
from glassnet.passes import BLOCK, Pass
from glassnet.registry import from_config, resolve

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    from glassnet.callbacks import Callback
    from glassnet.losses import Loss
    from glassnet.optimizers import Optimizer
    from glassnet.training import History

__all__ = ["Network"]


class Network:
    """A dense network: layers in a row, float32 by default.

    Args:
        layers: layer objects, at least one; the same hyperparameters may serve several networks.
        seed: whole number of at least 0 from which initialisation, shuffling and dropout draw
            independent streams. None draws one from the operating system; `net.seed` tells it.
        dtype: "float32" (default) or "float64".

    Attributes:
        parameters: every weight by name, and the flat arrays; exists once the network is built.
        n_features, n_outputs: widths, None before the build.

    Raises:
        HyperparameterError: no layers, something that is not a layer, a bad seed or dtype.

    >>> import numpy as np, glassnet as gn
    >>> net = gn.Network([gn.Dense(8, activation="relu"), gn.Dense(1)], seed=0).build(2)
    >>> net.predict(np.zeros((3, 2))).shape
    (3, 1)
    """

    def __init__(
        self, layers: Sequence[Layer], *, seed: int | None = None, dtype: npt.DTypeLike = "float32"
    ) -> None:
        if isinstance(layers, (Layer, str)) or not isinstance(layers, Sequence):
            raise HyperparameterError(f"Network layers must be a list of layers, got {layers!r}.")
        if not layers:
            raise HyperparameterError("Network layers must hold at least one layer, got none.")
        self.layers: tuple[Layer, ...] = tuple(
            resolve("layer", layer, f"Network layers[{i}]") for i, layer in enumerate(layers)
        )
        self.dtype = as_dtype(dtype)
        self.seed = as_seed(seed)
        streams = [np.random.default_rng(s) for s in np.random.SeedSequence(self.seed).spawn(3)]
        self.generators: dict[str, np.random.Generator] = dict(
            zip(("initialization", "shuffling", "dropout"), streams, strict=True)
        )
        self.n_features: int | None = None
        self.n_outputs: int | None = None
        self._parameters: Parameters | None = None
        self._scope = Scope("")
        self._last_pass: Pass | None = None
        self._last_shape: tuple[int, ...] = ()
        self._forget_passes()

    # -- building -------------------------------------------------------------------------------

    def build(self, n_features: int) -> Network:
        """Allocate and initialise the parameters for `n_features` inputs; return the network.

        fit does this by itself. Building again with the same width changes nothing; with another
        width it raises ShapeError.
        """
        if self.n_features is not None:
            if n_features != self.n_features:
                raise ShapeError(
                    f"The network was built for {self.n_features} features and cannot take {n_features}."
                )
            return self
        if not isinstance(n_features, (int, np.integer)) or n_features < 1:
            raise ShapeError(f"n_features must be an integer of at least 1, got {n_features!r}.")
        scope = self.declare(int(n_features))
        parameters = Parameters(scope, self.dtype)
        parameters.initialize(self.generators["initialization"])
        self.adopt(scope, parameters)
        return self

    def require_built(self) -> Parameters:
        """Return the parameters; raises NotBuiltError before the build."""
        if self._parameters is None:
            raise NotBuiltError(
                "The network has no parameters yet: call net.build(n_features) or net.fit(X, y, ...)."
            )
        return self._parameters

    def declare(self, n_features: int) -> Scope:
        """Return what the layers declare for `n_features` inputs; allocates nothing."""
        scope = Scope("", n_inputs=n_features)
        scope.n_outputs = build_chain(self.layers, n_features, scope)
        return scope

    def adopt(self, scope: Scope, parameters: Parameters) -> None:
        """Take `parameters`, allocated for `scope`, as the network's own."""
        self._scope, self._parameters = scope, parameters
        self.n_features, self.n_outputs = scope.n_inputs, scope.n_outputs

    @property
    def built(self) -> bool:
        """Whether the parameters exist."""
        return self._parameters is not None

    @property
    def parameters(self) -> Parameters:
        """Every parameter by name; raises NotBuiltError before the build."""
        return self.require_built()

    @property
    def gradients(self) -> NamedViews:
        """The gradient of every parameter by name, as the last backward pass left it."""
        return self.parameters.by_gradient

    @property
    def layer_names(self) -> list[str]:
        """The layers' names, in order: "dense1", "batchnorm1", ..."""
        return layer_names(self.layers)

    @property
    def output_activation(self) -> ActivationFunction | None:
        """The activation at the very end, or None."""
        last = self.layers[-1]
        if isinstance(last, Dense):
            return last.activation
        return last.function if isinstance(last, Activation) else None

    # -- passes ---------------------------------------------------------------------------------

    def new_pass(self) -> Pass:
        """Return memory of its own for passes through this network."""
        return Pass(self.layers, self._scope, self.parameters)

    def forward(self, X: npt.ArrayLike, training: bool = False) -> Array:
        """Run one forward pass and remember it for :meth:`backward`; builds the network if need be.

        Args:
            X: (n_samples, n_features).
            training: batch statistics and dropout on.

        Returns:
            The last layer's outputs (n_samples, n_outputs), an array of the caller's own.
        """
        array = as_features(X, self.n_features, dtype=self.dtype)
        self.build(array.shape[1])
        memory, self._last_pass = self._last_pass or self.new_pass(), None
        inputs = memory.take(array)
        outputs = memory.forward(inputs, training, self.generators["dropout"]).copy()
        self._last_pass, self._last_shape = memory, outputs.shape
        return outputs

    def backward(self, output_gradient: npt.ArrayLike) -> None:
        """Fill `gradients` from dL/d(outputs) of the last :meth:`forward`.

        Args:
            output_gradient: (n_samples, n_outputs), as the loss's value_and_gradient returned it.

        Raises:
            NotBuiltError: no forward pass came before.
            ShapeError: the gradient is not shaped like the outputs.
        """
        if self._last_pass is None:
            raise NotBuiltError("backward() needs a forward pass before it: call net.forward(X).")
        gradient = np.array(output_gradient, self.dtype, order="C")
        if gradient.shape != self._last_shape:
            raise ShapeError(
                f"output_gradient must have the outputs' shape {self._last_shape}, got {gradient.shape}."
            )
        self._last_pass.backward(gradient)
        self._last_pass.penalize()

    def predict(self, X: npt.ArrayLike) -> Array:
        """Return the outputs of the last layer for every row, (n_samples, n_outputs).

        Safe to call from many threads at once, as long as none of them trains.

        Raises:
            NotBuiltError, ShapeError, DataError: not built; wrong width; NaN, inf or text in X.
        """
        self.require_built()
        array = as_features(X, self.n_features, finite=False)  # take() looks at each block
        own: Pass | None = getattr(self._local, "own", None)
        if own is None:
            own = self._local.own = self.new_pass()
        if len(array) <= BLOCK:
            return own.forward(own.take(array)).copy()
        outputs = np.empty((len(array), self._scope.n_outputs), self.dtype)
        for start in range(0, len(array), BLOCK):
            outputs[start : start + BLOCK] = own.forward(own.take(array[start : start + BLOCK]))
        return outputs

    # -- training -------------------------------------------------------------------------------

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        loss: Loss | str,
        optimizer: Optimizer | str = "adam",
        epochs: int = 20,
        batch_size: int | None = 32,
        sample_weight: npt.ArrayLike | None = None,
        class_weight: Mapping[int, float] | str | None = None,
        validation_data: Sequence[npt.ArrayLike] | None = None,
        validation_fraction: float = 0.0,
        metrics: Sequence[Any] = (),
        callbacks: Sequence[Callback] = (),
        shuffle: bool = True,
        resume: str | PathLike[str] | None = None,
    ) -> History:
        """Train, and return the history. Called again, it goes on from the present weights.

        Args:
            X: (n_samples, n_features) numbers; never copied whole.
            y: targets as the loss takes them: integer labels (n_samples,), or values.
            loss: a loss or its name, such as gn.SoftmaxCrossEntropy() or "mse".
            optimizer: an optimiser or its name; default Adam with its defaults.
            epochs: passes over the data, at least 1 (L-BFGS: its iterations are the epochs).
            batch_size: rows per step; the last partial batch is used too. None takes all rows.
            sample_weight: (n_samples,) weights, not negative.
            class_weight: {label: weight}, or "balanced" for n / (classes * count); multiplies
                sample_weight. Integer labels only.
            validation_data: (X, y) or (X, y, sample_weight), evaluated after each epoch.
            validation_fraction: instead, a random share of the rows, in [0, 1), kept out of training.
            metrics: names or functions, computed each epoch; see gn.metrics. Those of the training
                part are gathered while the weights still change.
            callbacks: see gn.callbacks.
            shuffle: whether each epoch takes the rows in a new order.
            resume: a file that gn.Checkpoint wrote: the run goes on from there and ends bit for bit
                as if it had not been broken. If it is not there yet, and a Checkpoint of this fit
                writes it, training starts from the beginning.

        Raises:
            DataError, ShapeError, HyperparameterError: bad input, before anything is changed.
            NonFiniteError: the loss became NaN or infinite; names epoch, step and layer.
            FileFormatError: the checkpoint and the one before it are damaged.
        """
        from glassnet.training import train

        return train(
            self,
            X,
            y,
            loss=loss,
            optimizer=optimizer,
            epochs=epochs,
            batch_size=batch_size,
            sample_weight=sample_weight,
            class_weight=class_weight,
            validation_data=validation_data,
            validation_fraction=validation_fraction,
            metrics=metrics,
            callbacks=callbacks,
            shuffle=shuffle,
            resume=resume,
        )

    def splitting_generator(self) -> np.random.Generator:
        """Return a fourth stream, from its start: every fit of as many rows holds the same ones out."""
        return np.random.default_rng(np.random.SeedSequence(self.seed).spawn(4)[3])

    @property
    def training_claims(self) -> dict[str, object]:
        """Holds, under "training", a token of the fit that runs.

        A fit takes and gives back its claim without calling a function on the way, for an interrupt can
        come after any call: ``setdefault`` inside its ``try``, ``del`` inside its ``finally``.
        """
        return self._claims

    def evaluate(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        loss: Loss | str,
        metrics: Sequence[Any] = (),
        sample_weight: npt.ArrayLike | None = None,
    ) -> dict[str, float]:
        """Return {"loss": ..., metric: ...} over all rows, in prediction mode.

        "loss" is the mean loss plus the layers' penalties, as during training.
        """
        from glassnet.training import evaluate

        return evaluate(self, X, y, loss=loss, metrics=metrics, sample_weight=sample_weight)

    # -- looking, saving ------------------------------------------------------------------------

    def summary(self) -> str:
        """Return a text table: layer, output shape, parameters."""
        from glassnet.inspection.summary import summary

        return summary(self)

    def save(self, path: str | Path) -> None:
        """Write the network to one safetensors file, whole or not at all; see glassnet.load."""
        from glassnet.files import save_network

        save_network(self, path)

    def to_onnx(self, path: str | Path) -> None:
        """Write the network as an ONNX file, whole or not at all; see glassnet.export.to_onnx."""
        from glassnet.export import to_onnx

        to_onnx(self, path)

    def to_state_dict(self) -> dict[str, AnyArray]:
        """Return arrays as the state dict of PyTorch's nn.Sequential; see glassnet.export.to_state_dict."""
        from glassnet.export import to_state_dict

        return to_state_dict(self)

    def config(self) -> dict[str, Any]:
        """Return a JSON-able description: layers, seed, dtype, n_features."""
        return {
            "layers": [layer.config() for layer in self.layers],
            "seed": self.seed,
            "dtype": self.dtype.name,
            "n_features": self.n_features,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom: Mapping[str, type[Any]] | None = None) -> Network:
        """Rebuild what :meth:`config` described, with freshly drawn weights; `custom`: own classes."""
        layers = [from_config("layer", layer, custom) for layer in config["layers"]]
        network = cls(layers, seed=config["seed"], dtype=config["dtype"])
        if config["n_features"] is not None:
            network.build(config["n_features"])
        return network

    def _repr_html_(self) -> str:
        from glassnet.inspection.html import network_html

        return network_html(self)

    def __repr__(self) -> str:
        layers = ", ".join(map(repr, self.layers))
        return f"Network([{layers}], seed={self.seed}, dtype={self.dtype.name!r})"

    # -- copies ---------------------------------------------------------------------------------

    def _forget_passes(self) -> None:
        self._local = threading.local()
        self._last_pass = None
        self._last_shape = ()
        self._claims: dict[str, object] = {}

    def __getstate__(self) -> dict[str, Any]:
        left_out = ("_local", "_last_pass", "_last_shape", "_claims")
        return {key: value for key, value in self.__dict__.items() if key not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget_passes()
