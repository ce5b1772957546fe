"""Training in PyTorch as fit does it: batches in order, the last one partial, penalties, then prediction."""

from __future__ import annotations

import numpy as np
from torch import Tensor
from torch.nn import functional as F

from glassnet import losses
from glassnet.optimizers import Optimizer
from torch_oracle.mirror import Mirror, numbers, tensor
from torch_oracle.rules import Stepper, loss_of, targets_of


def first_pass(
    mirror: Mirror, loss: losses.Loss, X: np.ndarray, y: np.ndarray, w: Tensor | None
) -> dict[str, np.ndarray]:
    """One pass in prediction mode, forward and backward."""
    mirror.module.eval()
    outputs = mirror.module(tensor(X))
    value = loss_of(loss, outputs, targets_of(loss, y), w)
    (value + mirror.penalty()).backward()
    gradients = {f"start gradient {name}": g for name, g in mirror.gradients().items()}
    return {"start outputs": numbers(outputs), "start loss": numbers(value)} | gradients


def trained(
    mirror: Mirror,
    optimizer: Optimizer,
    loss: losses.Loss,
    data: tuple,
    epochs: int,
    batch: int,
    *,
    coupled: float = 0.0,
    class_weight: tuple[float, ...] = (),
) -> dict[str, np.ndarray]:
    """Train as fit does, without shuffling."""
    x, t, w = tensor(data[0]), targets_of(loss, data[1]), data[2]
    decaying = [p for name, p in mirror.parameters.items() if name.endswith(("weight", "projection"))]
    spared = [p for p in mirror.parameters.values() if all(p is not d for d in decaying)]
    stepper = Stepper(optimizer, decaying, spared, coupled)
    per_class = tensor(class_weight) if class_weight else None
    history = []
    for _ in range(epochs):
        mirror.module.train()
        total = total_weight = 0.0
        for start in range(0, len(x), batch):
            rows = slice(start, start + batch)
            mirror.module.zero_grad()
            outputs = mirror.module(x[rows])
            weight = float(len(outputs)) if w is None else float(w[rows].sum())
            if per_class is None:
                value = loss_of(loss, outputs, t[rows], None if w is None else w[rows])
            else:
                value = _weighted_by_class(loss, outputs, t[rows], per_class)
                weight = float(per_class[t[rows]].sum())
            penalty = mirror.penalty()
            (value if coupled else value + penalty).backward()
            stepper.step()
            mirror.constrain()
            total += float((value + penalty).detach()) * weight
            total_weight += weight
        history.append(total / total_weight)
    mirror.module.eval()
    outputs = mirror.module(x)
    final = loss_of(loss, outputs, t, w) + mirror.penalty()
    return (
        {f"parameter {name}": value for name, value in mirror.values().items()}
        | {f"statistic {name}": value for name, value in mirror.running().items()}
        | {"losses": np.array(history), "final loss": numbers(final), "prediction": numbers(outputs)}
    )


def _weighted_by_class(loss: losses.Loss, outputs: Tensor, t: Tensor, per_class: Tensor) -> Tensor:
    """PyTorch's own class weights: the weighted mean of the batch."""
    if isinstance(loss, losses.CategoricalCrossEntropy):
        return F.nll_loss(outputs.log(), t, weight=per_class)
    return F.cross_entropy(outputs, t, weight=per_class)
