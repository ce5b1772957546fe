"""Optimisers: the parameters after 1 and after 10 given gradients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from torch import nn

import glassnet as gn
from glassnet import schedules
from glassnet.optimizers import Optimizer
from torch_oracle.draws import generator, label, single
from torch_oracle.mirror import numbers, tensor
from torch_oracle.rules import Stepper

SIZE, DECAYING, STEPS = 12, 8, 10
ALIKE = [
    gn.SGD(0.1),
    gn.Adagrad(0.1),
    gn.Adagrad(0.1, epsilon=1e-2, initial_accumulator=0.5),
    gn.Adadelta(1.0),
    gn.Adadelta(0.5, rho=0.8, epsilon=1e-3),
    gn.RMSprop(0.01),
    gn.RMSprop(0.01, rho=0.99, epsilon=1e-3),
    gn.RMSprop(0.01, centered=True),
    gn.Adam(0.01),
    gn.Adam(0.1, beta1=0.5, beta2=0.9, epsilon=1e-3),
    gn.AMSGrad(0.01),
    gn.AMSGrad(0.1, beta1=0.5, beta2=0.5, epsilon=1e-3),
    gn.AdamW(0.01),
    gn.AdamW(0.1, beta1=0.8, beta2=0.95),
    gn.Adamax(0.01),
    gn.Adamax(0.1, beta1=0.5, beta2=0.7, epsilon=1e-3),
    gn.NAdam(0.01),
    gn.NAdam(0.1, beta1=0.7, beta2=0.9, momentum_decay=0.5),
    gn.RAdam(0.01),  # ten steps: five before, five after the threshold
    gn.RAdam(0.1, beta1=0.5, beta2=0.9, epsilon=1e-3),
    gn.RAdam(0.1, beta2=0.5),  # never adapts
]
"""The same as PyTorch's whatever the learning rate does."""
ALIKE_AT_A_CONSTANT_RATE = [
    gn.SGD(0.1, momentum=0.9),
    gn.SGD(0.1, momentum=0.5, nesterov=True),
    gn.SGD(0.05, momentum=0.9, nesterov=True),
    gn.RMSprop(0.01, momentum=0.9),
    gn.RMSprop(0.01, rho=0.7, momentum=0.5, centered=True),
]
AFTER_ZERO = "after a gradient of zero"
"""PyTorch's dampening spares the first gradient; where that is zero it is our running average."""
RATES = [
    schedules.Exponential(0.1, decay=0.8),
    schedules.InverseTime(0.1, decay=0.5),
    schedules.StepDecay(0.1, every=3, factor=0.5),
    schedules.Polynomial(0.1, steps=12),
    schedules.Cosine(0.1, steps=12, warmup=3),
    schedules.OneCycle(0.1, steps=10),
]


def optimizers() -> Iterator[tuple[str, Optimizer]]:
    """Yield every optimiser, by what it shows."""
    for i, plain in enumerate([*ALIKE, *ALIKE_AT_A_CONSTANT_RATE]):
        decay = plain.weight_decay or 0.25
        decaying = replace(plain, weight_decay=decay)
        yield "constant rate", replace(plain, weight_decay=0.0)
        yield "constant rate", decaying
        yield "clipped", replace(decaying, clip_norm=1.5)
        yield "clipped", replace(plain, clip_value=0.5)
        yield "clipped", replace(plain, clip_value=1e6, clip_norm=2.0)
        if i < len(ALIKE):
            rate = RATES[i % len(RATES)]
            yield "changing rate", replace(plain, learning_rate=rate, weight_decay=0.0)
            yield "changing rate", replace(decaying, learning_rate=RATES[(i + 1) % len(RATES)])
    for plain in (gn.SGD(0.1, momentum=0.9, averaged=True), gn.SGD(0.5, momentum=0.5, averaged=True)):
        yield AFTER_ZERO, plain
        yield AFTER_ZERO, replace(plain, weight_decay=0.25)
        yield AFTER_ZERO, replace(plain, learning_rate=RATES[0], weight_decay=0.25)


def gradients_for(what: str, rng: np.random.Generator) -> np.ndarray:
    """Draw gradients of unlike scales; one parameter seldom gets any.

    For clipping, every third gradient is ten million times as long: PyTorch divides by norm + 1e-6,
    we by the norm, which is the same to 1e-13 only where the norm is large. The others lie within
    the limits.
    """
    drawn = rng.normal(size=(STEPS, SIZE)) * 10.0 ** rng.uniform(-3, 1, SIZE)
    drawn[[0, 1, 3, 4, 6, 7], 5] = 0
    if what == AFTER_ZERO:
        drawn[0] = 0
    if what == "clipped":
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        drawn *= np.where(np.arange(STEPS) % 3 == 0, 1e7, 1)[:, None]
    return single(drawn)


def cases() -> Iterator[dict]:
    """Yield every case with PyTorch's answers."""
    for what, optimizer in optimizers():
        name = f"{label(optimizer)}, {what}"
        rng = generator(name)
        values = single(rng.normal(size=SIZE))
        gradients = gradients_for(what, rng)
        parts = [nn.Parameter(tensor(values[:DECAYING])), nn.Parameter(tensor(values[DECAYING:]))]
        stepper = Stepper(optimizer, parts[:1], parts[1:])
        path = []
        for gradient in gradients:
            parts[0].grad, parts[1].grad = tensor(gradient[:DECAYING]), tensor(gradient[DECAYING:])
            stepper.step()
            path.append(np.concatenate([numbers(part) for part in parts]))
        yield {
            "name": name,
            "optimizer": optimizer.config(),
            "values": values,
            "decaying": DECAYING,
            "gradients": gradients,
            "expected": {"first": path[0], "last": path[-1]},
        }
