"""Array types used in signatures."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]
"""A floating-point array (float32 or float64)."""

AnyArray: TypeAlias = npt.NDArray[Any]
"""An array of any dtype, such as labels."""

Shape: TypeAlias = tuple[int, ...]
