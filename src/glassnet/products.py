"""The matrix products of training, by size: thin ones and large ones may have kernels of their own."""

from __future__ import annotations

import numpy as np

from glassnet._typing import Array
from glassnet.kernels import kernel

__all__ = ["THIN", "forward_product", "large_product", "product", "thin_product"]

THIN = 4
"""The inner dimension up to which a product is thin."""


def forward_product(x: Array, weight: Array, out: Array, training: bool) -> None:
    """Write x W; x (B, I), W (I, O), out (B, O).

    Prediction always takes NumPy's BLAS: its bits must not depend on which kernels a fit has chosen.
    """
    if training:
        product(x, weight, out)
    else:
        np.dot(x, weight, out=out)


def product(a: Array, b: Array, out: Array) -> None:
    """Write a b; a (n, k), b (k, m), out (n, m)."""
    if b.shape[0] <= THIN:
        thin_product(a, b, out)
    else:
        large_product(a, b, out)


@kernel
def thin_product(a: Array, b: Array, out: Array) -> None:
    """Write a b for an inner dimension k of at most :data:`THIN`, where the BLAS is slow.

    a (n, k), b (k, m), out (n, m).
    """
    if len(b) == 1:
        np.multiply(a, b, out=out)
    else:
        np.dot(a, b, out=out)


@kernel
def large_product(a: Array, b: Array, out: Array) -> None:
    """Write a b by the BLAS; a (n, k), b (k, m), out (n, m)."""
    np.dot(a, b, out=out)
