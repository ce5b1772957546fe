"""Where glassnet differs from PyTorch on purpose: what PyTorch says there, under "pytorch"."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import glassnet as gn
from glassnet import schedules
from torch_oracle.draws import generator, single, weights
from torch_oracle.mirror import numbers, tensor
from torch_oracle.rules import OPTIMIZERS, Stepper, schedule_of


def cases() -> Iterator[dict]:
    """Yield every difference."""
    yield from updates()
    yield from layers()
    yield from losses()
    yield cosine_after_its_end()
    yield defaults()


# -- optimisers -----------------------------------------------------------------------------------------


def path(rule, parts: list[nn.Parameter], gradients: np.ndarray) -> np.ndarray:
    """Return the values after every step of `rule`, anything with a step()."""
    visited = []
    for gradient in gradients:
        for part, slope in zip(
            parts, np.split(gradient, np.cumsum([len(p) for p in parts])[:-1]), strict=True
        ):
            part.grad = tensor(slope)
        rule.step()
        visited.append(np.concatenate([numbers(part) for part in parts]))
    return np.stack(visited)


def updates() -> Iterator[dict]:
    """Yield rules that go other ways, from the same start along the same gradients."""

    def start(name: str, steps: int = 5) -> tuple[dict, nn.Parameter]:
        rng = generator(name)
        values, gradients = single(rng.normal(size=4)), single(rng.normal(size=(steps, 4)))
        return {"name": name, "values": values, "gradients": gradients}, nn.Parameter(tensor(values))

    falling = schedules.Exponential(0.5, decay=0.5)
    for ours in (
        gn.SGD(falling, momentum=0.9),
        gn.SGD(falling, momentum=0.9, nesterov=True),
        gn.RMSprop(falling, momentum=0.9),
        gn.SGD(0.5, momentum=0.9, averaged=True),
        gn.SGD(0.5, clip_norm=0.25),
        gn.NAdam(0.5),
    ):
        kind = type(ours).__name__
        flags = [flag for flag in ("nesterov", "averaged") if getattr(ours, flag, False)]
        rate = "falling rate" if ours.learning_rate is falling else "constant rate"
        extra = "clip_norm" if ours.clip_norm else "momentum" if getattr(ours, "momentum", 0) else "plain"
        case, part = start(", ".join([kind, *flags, extra, rate]))
        torch.set_default_dtype(torch.float32)  # as users have it: NAdam keeps a product in it
        found = path(Stepper(ours, [part], []), [part], case["gradients"])
        torch.set_default_dtype(torch.float64)
        yield {**case, "optimizer": ours.config(), "pytorch": {"path": found}}

    for ours in (gn.SGD(0.1, momentum=0.9, weight_decay=0.5), gn.Adam(0.1, weight_decay=0.5)):
        case, part = start(f"{type(ours).__name__}, weight decay")
        cls, options = OPTIMIZERS[type(ours)]
        rule = cls([part], lr=0.1, weight_decay=0.5, **options(ours))
        found = path(rule, [part], case["gradients"])
        yield {**case, "optimizer": ours.config(), "pytorch": {"path": found}}

    ours = gn.AdamW(0.1, weight_decay=0.5)
    case, _ = start("AdamW, weights and biases")
    parts = [nn.Parameter(tensor(half)) for half in np.split(case["values"], 2)]
    found = path(torch.optim.AdamW(parts, lr=0.1, weight_decay=0.5), parts, case["gradients"])
    yield {**case, "decaying": 2, "optimizer": ours.config(), "pytorch": {"path": found}}

    slopes = single(np.linspace(0.1, 3, 32))
    part = nn.Parameter(torch.zeros(32))
    rule = torch.optim.RMSprop([part], lr=0.1, alpha=0.5, centered=True)
    found = path(rule, [part], np.repeat(slopes[None], 60, axis=0))
    yield {
        "name": "RMSprop, centred, gradients that never change",
        "gradients": slopes,
        "steps": 60,
        "optimizer": gn.RMSprop(0.1, rho=0.5, centered=True).config(),
        "pytorch": {"nan": bool(np.isnan(found).any())},  # where is a matter of rounding
    }


# -- layers and activations -----------------------------------------------------------------------------


def layers() -> Iterator[dict]:
    """Yield where layers part."""
    row = single([[1, -2, 3]])
    try:
        nn.BatchNorm1d(3)(tensor(row))
        message = ""
    except ValueError as error:
        message = str(error)
    yield {"name": "BatchNorm, one row", "inputs": row, "pytorch": {"error": message}}

    z = single([[19, 20, 20.25, 21, 25, 30, 35]])
    x = tensor(z).requires_grad_()
    a = nn.Softplus()(x)
    a.sum().backward()
    yield {"name": "Softplus", "z": z, "pytorch": {"a": numbers(a), "derivative": numbers(x.grad)}}

    yield {"name": "Dropout, rate 1", "pytorch": {"outputs": numbers(F.dropout(torch.ones(2, 3), 1.0))}}

    rng = generator("max_norm")
    weight = single(rng.normal(0, 2, (4, 3)))
    found = torch.renorm(tensor(weight), p=2, dim=1, maxnorm=1.0)
    yield {"name": "max_norm", "weight": weight, "pytorch": {"weight": numbers(found)}}

    generator("first bias")
    yield {"name": "first bias", "pytorch": {"bias": numbers(nn.Linear(4, 3).bias)}}


# -- losses ---------------------------------------------------------------------------------------------


def losses() -> Iterator[dict]:
    """Yield where losses part."""
    p, t = single([[0], [1], [1e-20], [0.5]]), single([[1], [0], [1], [1]])
    found = _value_and_gradient(p, lambda x: F.binary_cross_entropy(x, tensor(t)))
    yield {"name": "BinaryCrossEntropy, certain and wrong", "outputs": p, "targets": t, "pytorch": found}

    p, labels = single([[0, 1], [0.5, 0.5]]), np.array([0, 1])
    found = _value_and_gradient(p, lambda x: F.nll_loss(x.log(), torch.tensor(labels)))
    yield {
        "name": "CategoricalCrossEntropy, certain and wrong",
        "outputs": p,
        "targets": labels,
        "pytorch": found,
    }

    t = single([[0.5, 0.5], [0.25, 0.75]])
    found = _value_and_gradient(p, lambda x: F.kl_div(x.log(), tensor(t), reduction="batchmean"))
    yield {"name": "KullbackLeibler, certain and wrong", "outputs": p, "targets": t, "pytorch": found}

    q = single([[0.25, 0.75], [0.5, 0.5]])
    log_q, target = tensor(q).log(), tensor(t)
    with warnings.catch_warnings():  # PyTorch means to change it
        warnings.simplefilter("ignore", UserWarning)
        found = {"value": numbers(nn.KLDivLoss()(log_q, target))}
    yield {"name": "KullbackLeibler, default reduction", "outputs": q, "targets": t, "pytorch": found}

    rng = generator("smooth L1")
    o, y = single(rng.normal(0, 3, (5, 2))), single(rng.normal(0, 3, (5, 2)))
    found = _value_and_gradient(o, lambda x: F.smooth_l1_loss(x, tensor(y), beta=0.5))
    yield {"name": "Huber and SmoothL1Loss", "outputs": o, "targets": y, "pytorch": found}

    unsummed = single([[0.5, 0.25]])
    found = {"value": numbers(F.cross_entropy(torch.zeros(1, 2), tensor(unsummed)))}
    yield {"name": "SoftmaxCrossEntropy, targets that sum to 0.75", "targets": unsummed, "pytorch": found}

    found = F.cross_entropy(torch.zeros(2, 2), torch.tensor([0, 0]), weight=tensor([0, 1]))
    yield {"name": "weights of zero", "pytorch": {"value": numbers(found)}}

    rng = generator("sample weights")
    o, y, w = single(rng.normal(size=(6, 2))), single(rng.integers(0, 2, (6, 2))), weights(rng, 6)
    every = tensor(w)[:, None].expand(6, 2).contiguous()
    found = {
        "squares": numbers(F.mse_loss(tensor(o), tensor(y), weight=every)),
        "logits": numbers(F.binary_cross_entropy_with_logits(tensor(o), tensor(y), every)),
    }
    yield {"name": "sample weights", "outputs": o, "targets": y, "weights": w, "pytorch": found}


def _value_and_gradient(outputs: np.ndarray, loss) -> dict[str, np.ndarray]:
    x = tensor(outputs).requires_grad_()
    value = loss(x)
    value.backward()
    return {"value": numbers(value), "gradient": numbers(x.grad)}


# -- schedules, defaults --------------------------------------------------------------------------------


def cosine_after_its_end() -> dict:
    """PyTorch's cosine is periodic."""
    ours = schedules.Cosine(1.0, steps=4)
    rule = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    scheduler = schedule_of(ours, rule)
    rates = []
    for _ in range(9):
        rates.append(rule.param_groups[0]["lr"])
        rule.step()
        scheduler.step()
    return {"name": "Cosine after its end", "schedule": ours.config(), "pytorch": {"rates": np.array(rates)}}


NAMES = {
    "lr": "learning_rate",
    "eps": "epsilon",
    "rho": "rho",
    "alpha": "rho",
    "momentum": "momentum",
    "weight_decay": "weight_decay",
    "initial_accumulator_value": "initial_accumulator",
    "momentum_decay": "momentum_decay",
    "nesterov": "nesterov",
    "centered": "centered",
    "history_size": "history_size",
}
OTHERS = {  # class -> PyTorch's function or class, and which of its parameters is which of ours
    "BatchNorm": (nn.BatchNorm1d, {"eps": "epsilon", "momentum": "1 - momentum"}),
    "LayerNorm": (nn.LayerNorm, {"eps": "epsilon"}),
    "LeakyReLU": (nn.LeakyReLU, {"negative_slope": "slope"}),
    "ELU": (nn.ELU, {"alpha": "alpha"}),
    "Huber": (nn.HuberLoss, {"delta": "delta"}),
    "Poisson": (nn.PoissonNLLLoss, {"eps": "epsilon", "log_input": "log_input"}),
    "SoftmaxCrossEntropy": (nn.CrossEntropyLoss, {"label_smoothing": "label_smoothing"}),
}


def defaults() -> dict:
    """PyTorch's defaults, class by class, under glassnet's names."""
    found = {}
    rules = {cls.__name__: rule for cls, (rule, _) in OPTIMIZERS.items()} | {"LBFGS": torch.optim.LBFGS}
    for name, rule in rules.items():
        found[name] = _told(rule, NAMES)
        betas = inspect.signature(rule).parameters.get("betas")
        if betas is not None:
            found[name] |= {"beta1": betas.default[0], "beta2": betas.default[1]}
    for name, (thing, names) in OTHERS.items():
        found[name] = _told(thing, names)
    return {"name": "defaults", "pytorch": found}


def _told(thing, names: dict[str, str]) -> dict[str, float]:
    parameters = inspect.signature(thing).parameters
    return {names[key]: p.default for key, p in parameters.items() if key in names}
