"""Products with a short inner dimension: one sweep over the result, its sums in registers."""

from __future__ import annotations

import numpy as np

from glassnet._typing import Array
from glassnet.kernels.compiled.compiler import compiled

__all__ = ["thin_product"]


@compiled
def thin_product(a: Array, b: Array, out: Array) -> None:
    n, k = a.shape
    m = b.shape[1]
    rows = np.ascontiguousarray(b)  # b may be a transposed view
    if k == 1:
        for i in range(n):
            p = a[i, 0]
            for j in range(m):
                out[i, j] = p * rows[0, j]
    elif k == 2:
        for i in range(n):
            p, q = a[i, 0], a[i, 1]
            for j in range(m):
                out[i, j] = p * rows[0, j] + q * rows[1, j]
    elif k == 3:
        for i in range(n):
            p, q, r = a[i, 0], a[i, 1], a[i, 2]
            for j in range(m):
                out[i, j] = p * rows[0, j] + q * rows[1, j] + r * rows[2, j]
    else:
        for i in range(n):
            p, q, r, s = a[i, 0], a[i, 1], a[i, 2], a[i, 3]
            for j in range(m):
                out[i, j] = (p * rows[0, j] + q * rows[1, j]) + (r * rows[2, j] + s * rows[3, j])
