"""Times `import glassnet` against `import numpy`, each in a fresh process, in turns; prints medians.

python benchmarks/import_time.py [RUNS]
"""

import statistics
import subprocess
import sys
import time

CASES = {
    "python alone": "pass",
    "import numpy": "import numpy",
    "import glassnet": "import glassnet",
    "import numpy, glassnet": "import numpy, glassnet",
    "glassnet with Network, Dense, Adam, a loss": (
        "import glassnet as gn; gn.Network, gn.Dense, gn.Adam, gn.SoftmaxCrossEntropy"
    ),
}

runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
seconds = {name: [] for name in CASES}
for turn in range(runs + 1):
    for name, code in CASES.items():
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        if turn:  # the first turn warms the disk cache
            seconds[name].append(time.perf_counter() - started)
medians = {name: 1000 * statistics.median(values) for name, values in seconds.items()}
for name, value in medians.items():
    print(f"{name:<44}{value:7.1f} ms   least {1000 * min(seconds[name]):6.1f} ms")
print(f"{'bound: 1.3 x numpy + 60 ms':<44}{1.3 * medians['import numpy'] + 60:7.1f} ms")
