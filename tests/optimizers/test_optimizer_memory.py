"""An update allocates no arrays, whatever the rule and the size."""

import gc
import tracemalloc

import numpy as np
import pytest

from glassnet.optimizers import BY_NAME, LBFGS, SGD, Adam, RMSprop

OPTIMIZERS = {name: cls() for name, cls in BY_NAME.items() if cls is not LBFGS} | {
    "momentum": SGD(momentum=0.9),
    "nesterov": SGD(momentum=0.9, nesterov=True),
    "averaged": SGD(momentum=0.9, averaged=True),
    "rmsprop, all options": RMSprop(momentum=0.9, centered=True),
    "decay and clipping": Adam(weight_decay=0.1, clip_norm=0.1, clip_value=0.1),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1, 1000, 50_000])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_nothing_is_allocated(name, size, dtype):
    optimizer = OPTIMIZERS[name]
    generator = np.random.default_rng(0)
    values, gradients = generator.normal(size=(2, size)).astype(dtype)
    state = optimizer.create_state(values, size // 2)
    for _ in range(70):  # past the first round of housekeeping
        optimizer.update(values, gradients, state)
    gc.collect()
    tracemalloc.start()
    try:
        optimizer.update(values, gradients, state)
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for _ in range(100):
            optimizer.update(values, gradients, state)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 1000
    assert peak - before < 4000
