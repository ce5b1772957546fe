"""PyTorch: eager with the fused Adam, and torch.compile."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from benchmarks.cases import Case
from benchmarks.peers.base import Peer, Unavailable
from benchmarks.timing import Work, calls


class PyTorch(Peer):
    packages = ("torch",)

    def facts(self) -> dict[str, Any]:
        return {**super().facts(), "torch threads": torch.get_num_threads()}

    def loss_of(self, net: nn.Module) -> Callable[..., torch.Tensor]:
        """Return the function of a batch that is differentiated."""
        return lambda x, y: nn.functional.cross_entropy(net(x), y)

    def steps(self, case: Case) -> Work:
        X, y = map(torch.from_numpy, case.data())
        net = network(case)
        loss_of = self.loss_of(net)

        def run(n: int) -> float:
            for layer in net:
                if isinstance(layer, nn.Linear):
                    layer.reset_parameters()
            optimizer = adam(net)
            train(loss_of, optimizer, X, y, case, epochs=1)
            started = time.perf_counter()
            train(loss_of, optimizer, X, y, case, epochs=n)
            return time.perf_counter() - started

        return Work(run, case.steps_per_epoch)

    def fit(self, case: Case) -> Work:
        arrays = case.data()

        def whole() -> None:
            X, y = map(torch.from_numpy, arrays)
            net = network(case)
            train(self.loss_of(net), adam(net), X, y, case, epochs=case.epochs)

        return calls(whole)

    def predict(self, case: Case) -> Work:
        X, net = case.features(), network(case).eval()
        loop = calls(lambda: net(torch.from_numpy(X)).numpy())

        def run(n: int) -> float:
            with torch.inference_mode():
                return loop.run(n)

        return Work(run)


class OneThread(PyTorch):
    def __init__(self) -> None:
        torch.set_num_threads(1)


class Compiled(PyTorch):
    def loss_of(self, net: nn.Module) -> Callable[..., torch.Tensor]:
        torch.compiler.reset()  # the last case's code, which counts against a limit
        return torch.compile(super().loss_of(net), dynamic=False)

    def fit(self, case: Case) -> Work:
        raise Unavailable("-")  # mostly compilation

    predict = fit


def network(case: Case) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(case.widths):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def adam(net: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)


def train(
    loss_of: Callable[..., torch.Tensor],
    optimizer: torch.optim.Optimizer,
    X: torch.Tensor,
    y: torch.Tensor,
    case: Case,
    *,
    epochs: int,
) -> None:
    for _ in range(epochs):
        if case.steps_per_epoch == 1:  # the order of the rows does not matter
            batches: Any = [slice(None)]
        else:
            batches = torch.randperm(case.rows).split(case.batch)
        for rows in batches:
            whole = isinstance(rows, slice)
            inputs = X if whole else X.index_select(0, rows)
            targets = y if whole else y.index_select(0, rows)
            optimizer.zero_grad(set_to_none=True)
            loss_of(inputs, targets).backward()
            optimizer.step()
