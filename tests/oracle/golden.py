"""Golden vectors from PyTorch: how they are stored, and how glassnet answers the same questions.

A family is two files: `NAME.json`, one case a line, readable; and `NAME.npz`, the arrays that the
cases refer to, end to end. A case holds glassnet configs, inputs, injected parameters, and under
"expected" what PyTorch computed from them in float64. All inputs are numbers that float32 holds
exactly, so that both precisions start from the same ones.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import glassnet as gn
from glassnet.buffers import Buffers
from glassnet.context import mark_wanted
from glassnet.registry import from_config

FOLDER = Path(__file__).parent
FAMILIES = ("activations", "layers", "losses", "optimizers", "schedules", "networks")
KINDS = {"single": np.float32, "double": np.float64, "integer": np.int32, "small": np.uint8}
TOLERANCE_64 = {"rtol": 1e-10, "atol": 1e-10}
TOLERANCE_32 = 1e-5
"""Of the largest magnitude in the expected array; see :func:`scaled_error`."""


# -- files ------------------------------------------------------------------------------------------


def read(family, folder=FOLDER):
    """Return {"torch": version, "cases": [...]} of a family, with the arrays in their places."""
    document = json.loads((folder / f"{family}.json").read_text())
    with np.load(folder / f"{family}.npz", allow_pickle=False) as file:
        pools = dict(file)

    def placed(value):
        if isinstance(value, dict) and "array" in value:
            kind, start, shape = value["array"]
            flat = pools[kind][start : start + int(np.prod(shape, dtype=int))]
            return flat.astype(np.int64 if flat.dtype.kind in "iu" else np.float64).reshape(shape)
        if isinstance(value, dict):
            return {key: placed(item) for key, item in value.items()}
        return [placed(item) for item in value] if isinstance(value, list) else value

    return placed(document)


def write(family, document, folder=FOLDER):
    """Write what :func:`read` returns; floats that float32 holds exactly take four bytes."""
    pools = {kind: [] for kind in KINDS}
    length = dict.fromkeys(KINDS, 0)

    def referred(value):
        if isinstance(value, (np.ndarray, np.generic)):
            array = np.asarray(value)
            kind = _kind(array)
            start, length[kind] = length[kind], length[kind] + array.size
            pools[kind].append(array.reshape(-1).astype(KINDS[kind]))
            return {"array": [kind, start, list(array.shape)]}
        if isinstance(value, dict):
            return {key: referred(item) for key, item in value.items()}
        return [referred(item) for item in value] if isinstance(value, (list, tuple)) else value

    cases = [json.dumps(referred(case), allow_nan=False, separators=(",", ":")) for case in document["cases"]]
    text = f'{{"torch": {json.dumps(document["torch"])}, "cases": [\n' + ",\n".join(cases) + "\n]}\n"
    (folder / f"{family}.json").write_text(text)
    filled = {kind: np.concatenate(parts) for kind, parts in pools.items() if parts}
    np.savez_compressed(folder / f"{family}.npz", **filled)


def _kind(array):
    if array.dtype.kind in "iub":
        return "small" if array.size == 0 or (array.min() >= 0 and array.max() < 256) else "integer"
    with np.errstate(over="ignore"):
        exact = np.array_equal(array.astype(np.float32), array, equal_nan=True)
    return "single" if exact else "double"


# -- measures ---------------------------------------------------------------------------------------


def scaled_error(actual, expected):
    """Return the largest error over the largest expected magnitude of the array.

    Arrays of nothing but zeros are measured against 1, others below 1e-30 against 1e-30: float32
    ends at 1e-38, and what is that small is 0 for every purpose.
    """
    largest = float(np.abs(expected).max(initial=0))
    return absolute_error(actual, expected) / (max(largest, 1e-30) if largest else 1.0)


def absolute_error(actual, expected):
    """Return the largest absolute error; infinite where shapes differ or a value is not finite."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    if actual.shape != expected.shape or not np.isfinite(actual).all():
        return np.inf
    return float(np.abs(actual - expected).max(initial=0))


# -- what glassnet says -----------------------------------------------------------------------------


def precisions(case):
    """Return the precisions a case is asked in: both, unless it says why float32 cannot answer."""
    return ("float64",) if case.get("float64_only") else ("float64", "float32")


def run(family, case, dtype):
    """Return glassnet's answers to one case, under the names that "expected" has."""
    return RUNNERS[family](case, np.dtype(dtype))


def run_activation(case, dtype):
    """Value and derivative, through the two methods that layers call."""
    function = from_config("activation", case["activation"])
    z, gradient = case["z"].astype(dtype), case["gradient"].astype(dtype)
    a, dz, buffers = np.empty_like(z), np.empty_like(z), Buffers(dtype)
    function.forward(z, a, buffers)
    function.backward(gradient, z, a, dz, buffers)
    return {"a": a, "dz": dz}


def run_loss(case, dtype):
    """Value, gradient and predictions."""
    loss = from_config("loss", case["loss"])
    outputs = case["outputs"].astype(dtype)
    value, gradient = loss.value_and_gradient(outputs, case["targets"], case["weights"])
    answers = {"value": value, "gradient": gradient, "predictions": loss.predictions(outputs)}
    return {name: answers[name] for name in case["expected"]}


def run_optimizer(case, dtype):
    """The parameters after the first and after the last of the given gradients."""
    optimizer = from_config("optimizer", case["optimizer"])
    values = case["values"].astype(dtype)
    state = optimizer.create_state(values, case["decaying"])
    path = []
    for gradient in case["gradients"]:
        optimizer.update(values, gradient.astype(dtype), state)
        path.append(values.copy())
    return {"first": path[0], "last": path[-1]}


def run_schedule(case, dtype):
    """The rate of every step; a Python float whatever the network's precision."""
    schedule = from_config("schedule", case["schedule"])
    return {"rates": np.array([schedule(step) for step in range(case["steps"])])}


def run_layers(case, dtype):
    """Training passes forward and backward, a plain step after each; then prediction.

    Answers are those of the first and of the last pass, one over the other.
    """
    net = injected(case, dtype)
    memory = net.new_pass()
    mark_wanted(memory.contexts, True)  # fit never asks for the input gradient of the lowest layer
    step = gn.SGD(case["learning_rate"])
    state = step.create_state(net.parameters.values)
    seen = {}

    def note(name, value):
        seen.setdefault(name, []).append(np.array(value))

    for inputs, gradient in zip(case["inputs"], case["output_gradients"], strict=True):
        note("outputs", memory.forward(inputs.astype(dtype), True, net.generators["dropout"]))
        note("input_gradient", memory.backward(gradient.astype(dtype)))
        for name, value in net.gradients.items():
            note(f"gradient {name}", value)
        for name, value in net.parameters.statistics.items():
            note(f"statistic {name}", value)
        step.update(net.parameters.values, net.parameters.gradients, state)
    answers = {name: np.stack(ends(values)) for name, values in seen.items()}
    return answers | {"prediction": net.predict(case["new_inputs"])}


def ends(values):
    """Return the first and the last of a list, or its only one."""
    return values[:1] + values[1:][-1:]


def run_network(case, dtype):
    """One pass in prediction mode through the public calls, then fit, then prediction."""
    net = injected(case, dtype)
    loss, X, y = from_config("loss", case["loss"]), case["X"], case["y"]
    outputs = net.forward(X)
    value, gradient = loss.value_and_gradient(outputs, y, case["sample_weight"])
    net.backward(gradient)
    answers = {"start outputs": outputs, "start loss": value}
    answers |= {f"start gradient {name}": np.array(g) for name, g in net.gradients.items()}
    class_weight = case["class_weight"]
    history = net.fit(
        X,
        y,
        loss=loss,
        optimizer=from_config("optimizer", case["optimizer"]),
        epochs=case["epochs"],
        batch_size=case["batch_size"],
        sample_weight=case["sample_weight"],
        class_weight=class_weight and {int(label): weight for label, weight in class_weight.items()},
        shuffle=False,
    )
    answers |= {f"parameter {name}": np.array(value) for name, value in net.parameters.items()}
    answers |= {f"statistic {name}": np.array(value) for name, value in net.parameters.statistics.items()}
    answers["losses"] = history["loss"]
    answers["final loss"] = net.evaluate(X, y, loss=loss, sample_weight=case["sample_weight"])["loss"]
    answers["prediction"] = net.predict(X)
    # A case may be about less than all of this: L-BFGS about the minimum alone, not the way there.
    return {name: answers[name] for name in case["expected"]} if case["partial"] else answers


RUNNERS = {
    "activations": run_activation,
    "layers": run_layers,
    "losses": run_loss,
    "optimizers": run_optimizer,
    "schedules": run_schedule,
    "networks": run_network,
}


def injected(case, dtype):
    """Return the case's network with its parameters and, for dropout, its masks."""
    layers = [from_config("layer", config) for config in case["layers"]]
    net = gn.Network(layers, seed=0, dtype=dtype).build(case["n_features"])
    if set(net.parameters) != set(case["parameters"]):
        raise KeyError(f"{case['name']} holds other parameters than the network: {list(net.parameters)}.")
    for name, value in case["parameters"].items():
        net.parameters[name] = value
    net.generators["dropout"] = Masks(case["masks"])
    return net


class Masks:
    """Stands where dropout expects random numbers, and gives those that lead to the stored masks."""

    def __init__(self, masks):
        self.masks = iter(masks)

    def random(self, out, dtype):
        """Write 1 for what is kept and 0 for what is dropped; dropout keeps u >= rate."""
        out[...] = next(self.masks)
