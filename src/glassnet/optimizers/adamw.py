"""AdamW: Adam with decoupled weight decay switched on."""

from __future__ import annotations

import math
from dataclasses import dataclass

from glassnet.hyperparameters import Interval, hyperparameter
from glassnet.optimizers.adam import Adam

__all__ = ["AdamW"]


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay: :class:`Adam` whose `weight_decay` is 0.01 by default.

        p -= learning_rate * weight_decay * p       weights only
        then Adam's step

    The decay goes around Adam's moments; an L2 term in the loss goes through them and so decays
    parameters with large gradients less. As in PyTorch and Keras the decay is multiplied by the
    learning rate (the paper multiplies by the schedule's factor alone), so it follows a schedule.
    Unlike PyTorch's, which decays all that it is given, biases and norm parameters are spared.

    Args:
        learning_rate: number above 0 or a schedule; default 0.001.
        weight_decay: at least 0; default 0.01.
        beta1, beta2, epsilon, uncorrected_epsilon: see :class:`Adam`; default 0.9, 0.999, 1e-8, False.
        clip_norm, clip_value: see :class:`~glassnet.optimizers.Optimizer`.

    Raises:
        HyperparameterError: a value outside its range.

    Source: Loshchilov & Hutter, "Decoupled weight decay regularization" (2019).

    >>> import numpy as np
    >>> from glassnet.optimizers import AdamW
    >>> optimizer, values = AdamW(0.1, weight_decay=0.5), np.array([1.0, 1.0])
    >>> state = optimizer.create_state(values, decaying=1)  # a weight, then a bias
    >>> optimizer.update(values, np.array([0.0, 0.0]), state)
    >>> values
    array([0.95, 1.  ])
    """

    weight_decay: float = hyperparameter(0.01, interval=Interval(0, math.inf, "left"))
