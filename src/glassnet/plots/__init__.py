"""Plots: figures of training, decisions, weights, activations and gradients, drawn with matplotlib.

Every function takes an Axes to draw on, or makes a new figure, and returns the Axes. Colours are
Okabe and Ito's, which colour-blind people tell apart; classes differ in their markers too. No
global setting of matplotlib is changed, and its dark styles are respected. :func:`save` writes a
figure to a file, without a screen.
"""

from __future__ import annotations

from glassnet.plots.decisions import decision_boundary
from glassnet.plots.diagram import network_diagram
from glassnet.plots.evaluation import confusion_matrix, predicted_vs_true
from glassnet.plots.histograms import activation_histograms, gradient_histograms
from glassnet.plots.learning import learning_curve, optimizer_comparison
from glassnet.plots.saving import save
from glassnet.plots.weights import weight_images

__all__ = [
    "activation_histograms",
    "confusion_matrix",
    "decision_boundary",
    "gradient_histograms",
    "learning_curve",
    "network_diagram",
    "optimizer_comparison",
    "predicted_vs_true",
    "save",
    "weight_images",
]
