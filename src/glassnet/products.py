"""Matrix products: the BLAS's, but for thin ones, which it computes at a fraction of its speed."""

from __future__ import annotations

import numpy as np

from glassnet._typing import Array
from glassnet.kernels import kernel

__all__ = ["THIN", "product", "thin_product"]

THIN = 4
"""The inner dimension up to which a product is thin."""


def product(a: Array, b: Array, out: Array) -> None:
    """Write a b; a (n, k), b (k, m), out (n, m)."""
    if b.shape[0] <= THIN:
        thin_product(a, b, out)
    else:
        np.dot(a, b, out=out)


@kernel
def thin_product(a: Array, b: Array, out: Array) -> None:
    """Write a b for an inner dimension k of at most :data:`THIN`; a (n, k), b (k, m), out (n, m)."""
    if len(b) == 1:
        np.multiply(a, b, out=out)
    else:
        np.dot(a, b, out=out)
