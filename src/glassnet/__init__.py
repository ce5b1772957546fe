"""glassnet: neural networks you can see through.

Dense networks on NumPy with every derivative in the open. The common names are here; the rest
is in the modules: layers, activations, losses, optimizers, schedules, initializers, callbacks,
metrics, datasets, estimators, tabular, plots, inspection. Everything is imported when it is first touched.

>>> import glassnet as gn
>>> X, y = gn.datasets.spiral(seed=0)
>>> net = gn.Network([gn.Dense(64, activation="relu"), gn.Dense(3)], seed=0)
>>> history = net.fit(X, y, loss=gn.SoftmaxCrossEntropy(), epochs=5, metrics=["accuracy"])
>>> net.predict(X).shape
(300, 3)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from glassnet._version import __version__

if TYPE_CHECKING:
    from glassnet import (
        activations,
        callbacks,
        datasets,
        errors,
        estimators,
        export,
        files,
        initializers,
        inspection,
        kernels,
        layers,
        losses,
        metrics,
        optimizers,
        plots,
        predict_only,
        schedules,
        tabular,
        training,
    )
    from glassnet.activations import (
        ELU,
        GELU,
        SELU,
        LeakyReLU,
        Linear,
        Mish,
        ReLU,
        Sigmoid,
        SiLU,
        Softmax,
        Softplus,
        Tanh,
    )
    from glassnet.callbacks import (
        Checkpoint,
        CSVLog,
        EarlyStopping,
        Progress,
        ReduceOnPlateau,
        SaveBest,
        TensorBoardLog,
    )
    from glassnet.errors import (
        DataError,
        FileFormatError,
        GlassnetError,
        GradientError,
        HyperparameterError,
        MissingDependencyError,
        NonFiniteError,
        NotBuiltError,
        ShapeError,
    )
    from glassnet.estimators import MLPClassifier, MLPRegressor, from_sklearn, plot_learning_curve
    from glassnet.export import from_state_dict
    from glassnet.files import load
    from glassnet.inspection import check_gradients, trace
    from glassnet.layers import Activation, BatchNorm, Dense, Dropout, LayerNorm, Residual
    from glassnet.losses import (
        BinaryCrossEntropy,
        CategoricalCrossEntropy,
        Huber,
        KullbackLeibler,
        MeanAbsoluteError,
        MeanSquaredError,
        Poisson,
        Quantile,
        SigmoidCrossEntropy,
        SoftmaxCrossEntropy,
    )
    from glassnet.network import Network
    from glassnet.optimizers import (
        LBFGS,
        SGD,
        Adadelta,
        Adagrad,
        Adam,
        Adamax,
        AdamW,
        AMSGrad,
        Lion,
        NAdam,
        RAdam,
        RMSprop,
    )
    from glassnet.training import History

_MODULES = (
    "activations callbacks datasets errors estimators export files initializers inspection kernels layers "
    "losses metrics optimizers plots predict_only schedules tabular training"
).split()

_NAMES = {
    "activations": "ELU GELU SELU LeakyReLU Linear Mish ReLU SiLU Sigmoid Softmax Softplus Tanh",
    "callbacks": "CSVLog Checkpoint EarlyStopping Progress ReduceOnPlateau SaveBest TensorBoardLog",
    "errors": "DataError FileFormatError GlassnetError GradientError HyperparameterError "
    "MissingDependencyError NonFiniteError NotBuiltError ShapeError",
    "estimators": "MLPClassifier MLPRegressor from_sklearn plot_learning_curve",
    "export": "from_state_dict",
    "files": "load",
    "inspection": "check_gradients trace",
    "layers": "Activation BatchNorm Dense Dropout LayerNorm Residual",
    "losses": "BinaryCrossEntropy CategoricalCrossEntropy Huber KullbackLeibler MeanAbsoluteError "
    "MeanSquaredError Poisson Quantile SigmoidCrossEntropy SoftmaxCrossEntropy",
    "network": "Network",
    "optimizers": "LBFGS SGD Adadelta Adagrad Adam Adamax AdamW AMSGrad Lion NAdam RAdam RMSprop",
    "training": "History",
}

_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [
    "__version__",
    *_MODULES,
    *_HOME,
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value = import_module(f"glassnet.{name}")
    elif name in _HOME:
        value = getattr(import_module(f"glassnet.{_HOME[name]}"), name)
    else:
        raise AttributeError(f"module 'glassnet' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
