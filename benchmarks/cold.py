"""cold: a fresh process that loads a model file and predicts one row, against `import numpy` alone."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.options import Options
from benchmarks.tables import digits, table
from benchmarks.timing import summary
from benchmarks.turns import progress

BOUND = (1.5, 0.060)
"""Times `import numpy`, plus seconds."""

MODELS = {
    "": """
import numpy as np
import glassnet as gn
net = gn.Network([gn.Dense(256, activation="relu"), gn.Dense(256, activation="relu"), gn.Dense(2)], seed=0)
net.build(50).save("model.safetensors")
""",
    "onnx": 'import glassnet as gn; gn.load("model.safetensors").to_onnx("model.onnx")',
    "torch": """
import torch
from torch import nn
net = nn.Sequential(nn.Linear(50, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 2))
torch.save(net.state_dict(), "model.pt")
""",
    "sklearn": """
import joblib, numpy as np
from sklearn.neural_network import MLPClassifier
X, y = np.random.default_rng(0).normal(size=(64, 50)), np.arange(64) % 2
joblib.dump(MLPClassifier((256, 256), max_iter=300).fit(X, y), "model.joblib")
""",
}
"""What must be installed -> the code that writes the model file with it."""

CASES = {
    "python alone": ("", "pass"),
    "import numpy": ("", "import numpy"),
    "glassnet": (
        "",
        """
import numpy as np, glassnet as gn
gn.load("model.safetensors").predict(np.zeros((1, 50), np.float32))
""",
    ),
    "glassnet.predict_only": (
        "",
        """
import numpy as np
from glassnet import predict_only
predict_only.load("model.safetensors").predict(np.zeros((1, 50), np.float32))
""",
    ),
    "onnxruntime": (
        "onnxruntime",
        """
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
session.run(None, {session.get_inputs()[0].name: np.zeros((1, 50), np.float32)})
""",
    ),
    "PyTorch": (
        "torch",
        """
import torch
from torch import nn
net = nn.Sequential(nn.Linear(50, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 2))
net.load_state_dict(torch.load("model.pt"))
with torch.inference_mode():
    net(torch.zeros(1, 50))
""",
    ),
    "scikit-learn": (
        "sklearn",
        """
import joblib, numpy as np
joblib.load("model.joblib").predict_proba(np.zeros((1, 50)))
""",
    ),
}
"""Name -> (what must be installed, the code of the process)."""


def measure(options: Options) -> dict[str, Any]:
    rounds = options.rounds_or(15)
    seconds: dict[str, list[float]] = {name: [] for name in CASES if options.only in name}
    absent: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for package, code in MODELS.items():
            if installed(package):
                run(code, folder, warnings="ignore")
        for turn in range(rounds + 1):
            for i in range(len(seconds)):
                name = list(seconds)[(turn + i) % len(seconds)]
                package, code = CASES[name]
                if name in absent:
                    continue
                progress(f"cold: round {turn} of {rounds}, {name}")
                taken = run(code, folder) if installed(package) else "not installed"
                if isinstance(taken, str):
                    absent[name] = taken
                elif turn:  # the first turn warms the disk cache
                    seconds[name].append(taken)
    progress("")
    results = [{"name": name, "seconds": s, **summary(s)} for name, s in seconds.items() if s]
    missing = [{"name": name, "missing": reason} for name, reason in absent.items()]
    return {"rounds": rounds, "results": results, "absent": missing}


def installed(package: str) -> bool:
    return not package or find_spec(package) is not None


def run(code: str, folder: str | Path, warnings: str = "default") -> float | str:
    """Return the seconds of a process, or its last words if it failed."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-W", warnings, "-c", code], cwd=folder, stderr=subprocess.PIPE)
    taken = time.perf_counter() - started
    if done.returncode:
        return (done.stderr.decode(errors="replace").strip().splitlines() or ["failed"])[-1][:200]
    return taken


def tables(data: dict[str, Any]) -> dict[str, str]:
    rows: list[Sequence[str]] = []
    for one in data["results"]:
        spread = f"{digits(one['lower'] * 1e3)}–{digits(one['upper'] * 1e3)}"
        rows.append([one["name"], digits(one["median"] * 1e3), spread, digits(one["least"] * 1e3)])
    text = table(["process", "median, ms", "quartiles", "least"], rows)
    numpy_alone = [one["median"] for one in data["results"] if one["name"] == "import numpy"]
    if numpy_alone:
        bound = BOUND[0] * numpy_alone[0] + BOUND[1]
        text += f"\n\nThe bound, {BOUND[0]} times `import numpy` plus 60 ms: {digits(bound * 1e3)} ms."
    return {"cold": text + "".join(f"\n\n{one['name']}: {one['missing']}." for one in data["absent"])}
