"""Losses, optimisers and schedules: the PyTorch call that says the same as each of glassnet's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import lr_scheduler

import glassnet as gn
from glassnet import losses, schedules

# -- losses: per element ("none") or per row, and PyTorch's own mean where no row weighs more -----------


def _smoothed(t: Tensor, share: float) -> Tensor:
    return t * (1 - share) + share / 2  # PyTorch smooths only classes


def _categorical(loss: losses.CategoricalCrossEntropy, p: Tensor, t: Tensor, reduction: str) -> Tensor:
    if t.ndim == 1 and not loss.label_smoothing:
        return F.nll_loss(p.log(), t, reduction=reduction)
    if t.ndim == 1:
        t = F.one_hot(t, p.shape[1]).double()
    rows = -((t * (1 - loss.label_smoothing) + loss.label_smoothing / p.shape[1]) * p.log()).sum(1)
    return rows.mean() if reduction == "mean" else rows


def _divergence(log_p: Tensor, t: Tensor, reduction: str) -> Tensor:
    if reduction == "mean":
        return F.kl_div(log_p, t, reduction="batchmean")
    return F.kl_div(log_p, t, reduction="none").sum(1)


LOSSES = {
    losses.MeanSquaredError: lambda loss, o, t, r: F.mse_loss(o, t, reduction=r),
    losses.MeanAbsoluteError: lambda loss, o, t, r: F.l1_loss(o, t, reduction=r),
    losses.Huber: lambda loss, o, t, r: F.huber_loss(o, t, reduction=r, delta=loss.delta),
    losses.Poisson: lambda loss, o, t, r: F.poisson_nll_loss(
        o, t, loss.log_input, eps=loss.epsilon, reduction=r
    ),
    losses.BinaryCrossEntropy: lambda loss, o, t, r: F.binary_cross_entropy(
        o, _smoothed(t, loss.label_smoothing), reduction=r
    ),
    losses.SigmoidCrossEntropy: lambda loss, o, t, r: F.binary_cross_entropy_with_logits(
        o, _smoothed(t, loss.label_smoothing), reduction=r
    ),
    losses.CategoricalCrossEntropy: _categorical,
    losses.SoftmaxCrossEntropy: lambda loss, o, t, r: F.cross_entropy(
        o, t, reduction=r, label_smoothing=loss.label_smoothing
    ),
    losses.KullbackLeibler: lambda loss, o, t, r: _divergence(o.log(), t, r),
    losses.SoftmaxKullbackLeibler: lambda loss, o, t, r: _divergence(F.log_softmax(o, dim=1), t, r),
}
PREDICTIONS = {  # the others' outputs are predictions already
    losses.SoftmaxCrossEntropy: lambda loss, o: F.softmax(o, dim=1),
    losses.SoftmaxKullbackLeibler: lambda loss, o: F.softmax(o, dim=1),
    losses.SigmoidCrossEntropy: lambda loss, o: torch.sigmoid(o),
    losses.Poisson: lambda loss, o: o.exp() if loss.log_input else o,
}


def targets_of(loss: losses.Loss, y: np.ndarray) -> Tensor:
    """Return labels as PyTorch wants them, everything else with one column per output."""
    if y.ndim == 1 and isinstance(loss, (losses.SoftmaxCrossEntropy, losses.CategoricalCrossEntropy)):
        return torch.tensor(y, dtype=torch.long)
    return torch.tensor(y, dtype=torch.double).reshape(len(y), -1)


def loss_of(loss: losses.Loss, outputs: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    """Return PyTorch's mean, or the weighted mean of its losses without a reduction."""
    if weights is None:
        return LOSSES[type(loss)](loss, outputs, targets, "mean")
    rows = LOSSES[type(loss)](loss, outputs, targets, "none")
    rows = rows.mean(1) if rows.ndim == 2 else rows
    return (rows * weights).sum() / weights.sum()


# -- optimisers -----------------------------------------------------------------------------------------


def _adam_like(o) -> dict:
    return {"betas": (o.beta1, o.beta2), "eps": o.epsilon}


OPTIMIZERS = {
    gn.SGD: (
        torch.optim.SGD,
        lambda o: {
            "momentum": o.momentum,
            "nesterov": o.nesterov,
            "dampening": o.momentum if o.averaged else 0.0,
        },
    ),
    gn.Adagrad: (
        torch.optim.Adagrad,
        lambda o: {"eps": o.epsilon, "initial_accumulator_value": o.initial_accumulator},
    ),
    gn.Adadelta: (torch.optim.Adadelta, lambda o: {"rho": o.rho, "eps": o.epsilon}),
    gn.RMSprop: (
        torch.optim.RMSprop,
        lambda o: {"alpha": o.rho, "eps": o.epsilon, "momentum": o.momentum, "centered": o.centered},
    ),
    gn.Adam: (torch.optim.Adam, _adam_like),
    gn.AdamW: (torch.optim.AdamW, _adam_like),
    gn.AMSGrad: (torch.optim.Adam, lambda o: {**_adam_like(o), "amsgrad": True}),
    gn.Adamax: (torch.optim.Adamax, _adam_like),
    gn.NAdam: (torch.optim.NAdam, lambda o: {**_adam_like(o), "momentum_decay": o.momentum_decay}),
    gn.RAdam: (torch.optim.RAdam, _adam_like),
}
DECOUPLED = (torch.optim.Adam, torch.optim.NAdam, torch.optim.RAdam)  # have the option by that name


@dataclass
class Stepper:
    """Clip, decay and step as glassnet's optimiser says.

    Decoupled decay is PyTorch's own where it has one (Adam, AdamW, AMSGrad, NAdam, RAdam; plain
    SGD, where coupled decay is the same). For the others `step` does what AdamW does: it multiplies
    the weights before the rule.

    Args:
        optimizer: glassnet's.
        decaying, spared: tensors with and without weight decay.
        coupled: PyTorch's weight_decay on the decaying ones, the gradient of an L2 penalty.
    """

    optimizer: gn.optimizers.Optimizer
    decaying: list[Tensor]
    spared: list[Tensor]
    coupled: float = 0.0

    def __post_init__(self) -> None:
        ours = self.optimizer
        cls, options = OPTIMIZERS[type(ours)]
        native, extra = self.coupled, {}
        self.by_hand = 0.0
        if ours.weight_decay:
            if self.coupled:
                raise ValueError("Compare coupled and decoupled decay one at a time.")
            own = cls in DECOUPLED or cls is torch.optim.AdamW
            plain = cls is torch.optim.SGD and not ours.momentum
            native, self.by_hand = (ours.weight_decay, 0.0) if own or plain else (0.0, ours.weight_decay)
            extra = {"decoupled_weight_decay": True} if cls in DECOUPLED else {}
        groups = [
            {"params": self.decaying, "weight_decay": native},
            {"params": self.spared, "weight_decay": 0.0},
        ]
        groups = [group for group in groups if group["params"]]
        self.rule = cls(groups, lr=ours.rate_at(0), **options(ours), **extra)
        if isinstance(ours.learning_rate, schedules.Schedule):
            self.schedule = schedule_of(ours.learning_rate, self.rule)
        else:
            self.schedule = None

    def step(self) -> None:
        """Do one update from the gradients that the tensors hold."""
        ours, tensors = self.optimizer, [*self.decaying, *self.spared]
        if ours.clip_value is not None:
            nn.utils.clip_grad_value_(tensors, ours.clip_value)
        if ours.clip_norm is not None:
            nn.utils.clip_grad_norm_(tensors, ours.clip_norm)
        if self.by_hand:
            with torch.no_grad():
                for values in self.decaying:
                    values.mul_(1 - self.rule.param_groups[0]["lr"] * self.by_hand)
        self.rule.step()
        if self.schedule is not None:
            self.schedule.step()


# -- schedules ------------------------------------------------------------------------------------------


def schedule_of(ours: schedules.Schedule, rule: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
    """Return PyTorch's scheduler on `rule`, whose rate it sets."""
    for group in rule.param_groups:
        group["lr"] = group["initial_lr"] = getattr(ours, "initial", group["lr"])
    return SCHEDULES[type(ours)](ours, rule)


def _cosine(s: schedules.Cosine, rule: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
    if s.restarts:
        if s.warmup or s.peak_factor != 1:
            raise ValueError("PyTorch's warm restarts have neither warm-up nor falling peaks.")
        return lr_scheduler.CosineAnnealingWarmRestarts(
            rule, s.steps, T_mult=int(s.period_factor), eta_min=s.final
        )
    if not s.warmup:
        return lr_scheduler.CosineAnnealingLR(rule, s.steps, eta_min=s.final)
    rise = lr_scheduler.LinearLR(rule, start_factor=1 / (s.warmup + 1), total_iters=s.warmup)
    fall = lr_scheduler.CosineAnnealingLR(rule, s.steps - s.warmup, eta_min=s.final)
    return lr_scheduler.SequentialLR(rule, [rise, fall], milestones=[s.warmup])


SCHEDULES = {
    schedules.Constant: lambda s, rule: lr_scheduler.ConstantLR(rule, factor=1.0),
    schedules.InverseTime: lambda s, rule: lr_scheduler.LambdaLR(rule, lambda t: 1 / (1 + s.decay * t)),
    schedules.Exponential: lambda s, rule: lr_scheduler.ExponentialLR(rule, s.decay),
    schedules.StepDecay: lambda s, rule: lr_scheduler.StepLR(rule, s.every, gamma=s.factor),
    schedules.Polynomial: lambda s, rule: lr_scheduler.PolynomialLR(rule, s.steps, power=s.power),
    schedules.Cosine: _cosine,
    schedules.OneCycle: lambda s, rule: lr_scheduler.OneCycleLR(
        rule,
        s.peak,
        total_steps=s.steps,
        pct_start=s.warmup_fraction,
        cycle_momentum=False,
        div_factor=s.initial_divisor,
        final_div_factor=s.final_divisor,
    ),
}
