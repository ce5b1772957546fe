"""The painter: arrays for the page, made from a network between two of its steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet._typing import AnyArray, Array
from glassnet.activations import ReLU
from glassnet.layers import Activation, Dense, Dropout
from glassnet.playground.run import Run
from glassnet.playground.views import Views

__all__ = ["Painter", "described", "responses"]

BINS = 30
_SAMPLE = 256
"""Training rows whose activations are looked at."""
_MOST_TESTED = 2000
"""Test rows in the confusion matrix."""
_VANISHING = 1e-3
"""A layer whose gradients are this much smaller than the largest layer's has lost them."""


def responses(run: Run) -> dict[str, int]:
    """Return the Dense layers by name, each with the index of the layer that ends its block.

    A block is a Dense layer with the BatchNorm and Activation that follow it.
    """
    found: dict[str, int] = {}
    for i, (name, layer) in enumerate(zip(run.network.layer_names, run.network.layers, strict=True)):
        if isinstance(layer, Dense):
            found[name] = i
        elif not isinstance(layer, Dropout):
            found[next(reversed(found))] = i
    return found


def described(run: Run) -> list[dict[str, Any]]:
    """Return the blocks for the page: name, units, activation, parameters, normalisation, dropout."""
    layers, names = run.network.layers, run.network.layer_names
    starts = [i for i, layer in enumerate(layers) if isinstance(layer, Dense)]
    blocks = []
    for start, stop in zip(starts, [*starts[1:], len(layers)], strict=True):
        dense, others = layers[start], layers[start + 1 : stop]
        function = next((o.function for o in others if isinstance(o, Activation)), None)
        function = function or (dense.activation if isinstance(dense, Dense) else None)
        sizes = [
            array.size
            for name, array in run.network.parameters.items()
            if name.partition(".")[0] in names[start:stop]
        ]
        blocks.append(
            {
                "name": names[start],
                "units": getattr(dense, "units", 0),
                "activation": type(function).__name__.lower(),
                "n_parameters": int(sum(sizes)),
                "batch_norm": any(type(o).__name__ == "BatchNorm" for o in others),
                "dropout": next((o.rate for o in others if isinstance(o, Dropout)), 0.0),
                "output": stop == len(layers),
            }
        )
    return blocks


class Painter:
    """Makes pictures of one run; holds the inputs that they are made at.

    Args:
        run: what is looked at; painting changes nothing in it.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.blocks = responses(run)
        self._grids: dict[int, Array] = {}
        self._memory = run.network.new_pass()
        self._recording = run.network.new_pass()
        self._recording.start_recording()
        self._sample = np.ascontiguousarray(run.batch(np.arange(min(_SAMPLE, len(run.problem.train))))[0])
        self._rectified = [name for name, i in self.blocks.items() if _is_relu(run.network.layers[i])]

    # -- over the plane -------------------------------------------------------------------------

    def surface(self, size: int, prefix: str = "") -> dict[str, AnyArray]:
        """Return the answer at every place of a grid: "surface", and "confidence" for classes."""
        if self.run.problem.plane is None:
            return {}
        outputs = self._predictions(self._grid(size))
        if self.run.problem.classes is None:
            return {f"{prefix}surface": outputs.reshape(size, size).astype(np.float32)}
        classes, confidence = _decided(outputs)
        return {
            f"{prefix}surface": classes.astype(np.uint8).reshape(size, size),
            f"{prefix}confidence": (255 * confidence).astype(np.uint8).reshape(size, size),
        }

    def neurons(self, size: int) -> dict[str, AnyArray]:
        """Return each unit's answer over a grid, (units, size, size): 128 is zero, 1 and 255 its extremes."""
        if self.run.problem.plane is None:
            return {}
        pictures = {}
        for name, a in self._answers(self._grid(size)).items():
            peak = np.maximum(np.abs(a).max(axis=0), 1e-12)
            scaled = np.nan_to_num(a / peak) * 127 + 128.5
            pictures[f"neurons:{name}"] = scaled.T.reshape(-1, size, size).astype(np.uint8)
        return pictures

    def neuron(self, layer: str, unit: int, size: int) -> AnyArray:
        """Return one unit's answer over a grid (size, size)."""
        return self._answers(self._grid(size))[layer][:, unit].reshape(size, size)

    # -- over the network -----------------------------------------------------------------------

    def weights(self) -> dict[str, AnyArray]:
        """Return the weights and biases of every Dense layer."""
        parameters = self.run.network.parameters
        shown = {f"weight:{name}": parameters[f"{name}.weight"] for name in self.blocks}
        return shown | {f"bias:{name}": parameters[f"{name}.bias"] for name in self.blocks}

    def histograms(self) -> tuple[dict[str, AnyArray], dict[str, list[float]]]:
        """Return counts and edges of weights, activations and gradients, by layer."""
        answers, parameters = self._answers(self._sample), self.run.network.parameters
        counts: dict[str, AnyArray] = {}
        edges: dict[str, list[float]] = {}
        for name in self.blocks:
            shown = {
                "weight": parameters[f"{name}.weight"],
                "activation": answers[name],
                "gradient": parameters.by_gradient[f"{name}.weight"],
            }
            for what, array in shown.items():
                finite = array[np.isfinite(array)].astype(np.float64)
                counted, at = np.histogram(finite, BINS)
                counts[f"histogram:{name}.{what}"] = counted.astype(np.float32)
                edges[f"{name}.{what}"] = [float(f"{edge:.6g}") for edge in at]
        return counts, edges

    def confusion(self) -> dict[str, AnyArray]:
        """Return counts (true class, predicted class) on the test part, or on the training part if none."""
        problem = self.run.problem
        if problem.classes is None:
            return {}
        rows = (problem.test if len(problem.test) else problem.train)[:_MOST_TESTED]
        predicted, _ = _decided(self._predictions(problem.inputs[rows]))
        k = len(problem.classes)
        counts = np.bincount(problem.targets[rows] * k + predicted, minlength=k * k)
        return {"confusion": counts.reshape(k, k).astype(np.float32)}

    def dead(self) -> dict[str, float]:
        """Return the share of units that are 0 for all of a sample, by ReLU layer."""
        if not self._rectified:
            return {}
        answers = self._answers(self._sample)
        return {name: float(np.mean(~(answers[name] > 0).any(axis=0))) for name in self._rectified}

    def vanishing(self) -> list[str]:
        """Return the layers whose gradients are a thousandth or less of the largest layer's."""
        gradients = self.run.network.gradients
        sizes = {n: float(np.sqrt(np.mean(np.square(gradients[f"{n}.weight"])))) for n in self.blocks}
        largest = max(sizes.values())
        if not self.run.steps or not np.isfinite(largest):
            return []
        return [name for name, size in sizes.items() if size <= _VANISHING * largest]

    def kept(self) -> dict[str, Array]:
        """Return copies of the weights, for :meth:`ratios` after the next step."""
        return {name: self.run.network.parameters[f"{name}.weight"].copy() for name in self.blocks}

    def ratios(self, before: dict[str, Array]) -> dict[str, float]:
        """Return |step| / |weights| of every Dense layer, by its weights before the step."""
        found = {}
        for name, old in before.items():
            new = self.run.network.parameters[f"{name}.weight"]
            with np.errstate(all="ignore"):  # weights may have left the finite range
                size, step = float(np.linalg.norm(new)), float(np.linalg.norm(new - old))
            found[name] = float(f"{step / size:.4g}") if size else 0.0
        return found

    def parts(self, views: Views) -> tuple[dict[str, AnyArray], dict[str, Any]]:
        """Return the arrays that the views ask for, and what the header says of them."""
        arrays: dict[str, AnyArray] = {}
        header: dict[str, Any] = {}
        with np.errstate(all="ignore"):
            if "surface" in views.want:
                arrays |= self.surface(views.grid)
            if "neurons" in views.want:
                arrays |= self.neurons(views.neuron_grid)
            if "weights" in views.want:
                arrays |= self.weights()
            if "histograms" in views.want:
                counts, header["edges"] = self.histograms()
                arrays |= counts
            if "confusion" in views.want:
                arrays |= self.confusion()
            header["dead"], header["vanishing"] = self.dead(), self.vanishing()
        return arrays, header

    # -- passes ---------------------------------------------------------------------------------

    def _grid(self, size: int) -> Array:
        if size not in self._grids:
            if len(self._grids) > 4:
                self._grids.clear()
            self._grids[size] = np.ascontiguousarray(self.run.problem.grid(size))
        return self._grids[size]

    def _predictions(self, inputs: Array) -> Array:
        objective = self.run.training.objective
        outputs = self._memory.forward(inputs, to_logits=objective.to_logits)
        predicted: Array = objective.loss.predictions(outputs)
        return predicted

    def _answers(self, inputs: Array) -> dict[str, Array]:
        """Return what every block gives for inputs (n, n_features); valid until the next pass."""
        self._recording.forward(inputs)
        contexts = self._recording.contexts
        return {name: (contexts[i].record or {})["a"] for name, i in self.blocks.items()}


def _is_relu(layer: Any) -> bool:
    return isinstance(getattr(layer, "activation", getattr(layer, "function", None)), ReLU)


def _decided(outputs: Array) -> tuple[AnyArray, Array]:
    """Return the chosen class and how sure the network is, from probabilities (n, k) or (n, 1)."""
    if outputs.shape[1] == 1:
        p = outputs[:, 0]
        return (p > 0.5).astype(np.int64), np.nan_to_num(np.maximum(p, 1 - p))
    return outputs.argmax(axis=1), np.nan_to_num(outputs.max(axis=1))
