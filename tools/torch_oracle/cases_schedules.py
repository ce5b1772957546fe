"""Schedules: the rate of every step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from glassnet import schedules
from torch_oracle.draws import label
from torch_oracle.rules import schedule_of

# Each with as many steps as PyTorch's means the same; after its end PyTorch's cosine rises again.
SETTINGS = [
    (schedules.Constant(0.1), 12),
    (schedules.InverseTime(1.0, decay=0.1), 12),
    (schedules.InverseTime(0.3, decay=1e-3), 12),
    (schedules.Exponential(0.5, decay=0.9), 12),
    (schedules.StepDecay(0.5, every=4, factor=0.3), 13),
    (schedules.StepDecay(0.5, every=1, factor=0.5), 6),
    (schedules.Polynomial(0.5, steps=10), 14),
    (schedules.Polynomial(0.5, steps=10, power=2.0), 14),
    (schedules.Polynomial(0.5, steps=7, power=0.5), 14),
    (schedules.Cosine(0.5, steps=10), 11),
    (schedules.Cosine(0.5, steps=10, final=0.05), 11),
    (schedules.Cosine(0.5, steps=12, warmup=3), 13),
    (schedules.Cosine(0.5, steps=12, warmup=1, final=0.01), 13),
    (schedules.Cosine(0.5, steps=5, restarts=2), 15),
    (schedules.Cosine(0.5, steps=4, restarts=2, period_factor=2, final=0.02), 28),
    (schedules.OneCycle(0.5, steps=20), 20),
    (schedules.OneCycle(0.5, steps=30, warmup_fraction=0.5, initial_divisor=10, final_divisor=100), 30),
]


def cases() -> Iterator[dict]:
    """Yield every case with PyTorch's answers."""
    for schedule, steps in SETTINGS:
        rule = torch.optim.SGD([torch.zeros(1)], lr=schedule(0))
        scheduler = schedule_of(schedule, rule)
        rates = [rule.param_groups[0]["lr"]]
        for _ in range(steps - 1):
            rule.step()
            scheduler.step()
            rates.append(rule.param_groups[0]["lr"])
        yield {
            "name": label(schedule),
            "schedule": schedule.config(),
            "steps": steps,
            "expected": {"rates": np.array(rates)},
        }
