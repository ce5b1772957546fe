"""onnxruntime, which runs the file that glassnet exports."""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnxruntime

from benchmarks.cases import Case
from benchmarks.peers.base import Peer
from benchmarks.peers.ours import network
from benchmarks.timing import Work, calls


class OnnxRuntime(Peer):
    packages = ("onnxruntime", "onnx")

    def predict(self, case: Case) -> Work:
        X = case.features()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.onnx")
            network(case).build(case.widths[0]).to_onnx(path)
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return calls(lambda: session.run(None, {name: X})[0])
