"""Bare NumPy: the products, biases and ReLU of a prediction and nothing else."""

from __future__ import annotations

import numpy as np

from benchmarks.cases import Case
from benchmarks.peers.base import Peer
from benchmarks.timing import Work, calls


class BareNumPy(Peer):
    packages = ("numpy",)

    def predict(self, case: Case) -> Work:
        X = case.features()
        *hidden, (weight, bias) = case.weights()

        def answer() -> np.ndarray:
            x = X
            for w, b in hidden:
                x = x @ w  # (B, I) @ (I, O)
                x += b
                np.maximum(x, 0, out=x)
            x = x @ weight
            x += bias
            return x

        return calls(answer)
