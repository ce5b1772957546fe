"""The painter: arrays for the page, made from a network between two of its steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet._typing import AnyArray, Array
from glassnet.activations import ReLU
from glassnet.layers import Activation, Dense, Dropout
from glassnet.playground.confusion import Confusion, decided
from glassnet.playground.run import Run
from glassnet.playground.views import Views

__all__ = ["Painter", "described", "responses"]

BINS = 30
_SAMPLE = 256
"""Training rows whose activations are looked at."""
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
        self._confusion = Confusion(run, self._predictions)
        self._rectified = [name for name, i in self.blocks.items() if _is_relu(run.network.layers[i])]

    # -- over the plane -------------------------------------------------------------------------

    def surface(self, size: int, prefix: str = "") -> dict[str, AnyArray]:
        """Return the answer at every place of a grid: "surface", and "confidence" for classes."""
        if self.run.problem.plane is None:
            return {}
        outputs = self._predictions(self._grid(size))
        if self.run.problem.classes is None:
            return {f"{prefix}surface": outputs.reshape(size, size).astype(np.float32)}
        classes, confidence = decided(outputs)
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
        """Return counts and edges of weights, activations and, once there are any, gradients, by layer."""
        answers, parameters = self._answers(self._sample), self.run.network.parameters
        counts: dict[str, AnyArray] = {}
        edges: dict[str, list[float]] = {}
        for name in self.blocks:
            shown = {
                "weight": parameters[f"{name}.weight"],
                "activation": answers[name],
            }
            if self.run.last_loss is not None:
                shown["gradient"] = parameters.by_gradient[f"{name}.weight"]
            for what, array in shown.items():
                finite = array[np.isfinite(array)].astype(np.float64)
                counted, at = np.histogram(finite, BINS)
                counts[f"histogram:{name}.{what}"] = counted.astype(np.float32)
                edges[f"{name}.{what}"] = [float(f"{edge:.6g}") for edge in at]
        return counts, edges

    def dead(self) -> dict[str, float]:
        """Return the share of units that are 0 for all of a sample, by ReLU layer."""
        if not self._rectified:
            return {}
        answers = self._answers(self._sample)
        return {name: float(np.mean(~(answers[name] > 0).any(axis=0))) for name in self._rectified}

    def vanishing(self) -> list[str]:
        """Return the layers whose gradients are a thousandth or less of the largest layer's."""
        if self.run.last_loss is None:
            return []
        gradients = self.run.network.gradients
        sizes = {n: float(np.sqrt(np.mean(np.square(gradients[f"{n}.weight"])))) for n in self.blocks}
        largest = max(sizes.values())
        if not np.isfinite(largest):
            return []
        return [name for name, size in sizes.items() if size <= _VANISHING * largest]

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
            if "confusion" in views.want and (counted := self._confusion.counts()) is not None:
                arrays["confusion"], header["confusion"] = counted, self._confusion.told
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
