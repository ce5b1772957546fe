"""scikit-learn's estimators: drop-in MLPClassifier and MLPRegressor on glassnet's engine.

>>> from glassnet import MLPClassifier  # instead of sklearn.neural_network
>>> MLPClassifier(hidden_layer_sizes=(64, 32), dropout=0.1, class_weight="balanced")
MLPClassifier(class_weight='balanced', dropout=0.1, hidden_layer_sizes=(64, 32))
"""

from __future__ import annotations

from glassnet.estimators.classifier import MLPClassifier
from glassnet.estimators.conversion import from_sklearn
from glassnet.estimators.plots import plot_learning_curve
from glassnet.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "from_sklearn", "plot_learning_curve"]
