# make demo: set up and train on the embedded handwritten digits.
# make test: set up and run lint, types, doctests and the tests.
# make faults: 200 kills, 1000 interrupts and ten minutes of changed files (tests/faults, tools/fuzz.py).
# make bench: measure speed and memory beside other libraries, and fill docs/performance.md (an hour or so).
# make bench-smoke: show in less than a minute that the benchmarks run.
# make docs: build the documentation site in build/site.
# make oracle: compare glassnet and the stored golden vectors with PyTorch itself.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test faults bench bench-smoke docs oracle kills clean

demo: .venv/.user
	$(BIN)/glassnet train digits --out runs/digits --force

test: .venv/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" sh tools/check.sh

# Kills a real training process 50 times at random moments; every run must end bit for bit alike.
kills: .venv/.dev
	GLASSNET_KILLS=50 $(BIN)/python -m pytest -s tests/training/test_resume.py -k killed

faults: .venv/.dev
	GLASSNET_KILLS=200 GLASSNET_INTERRUPTS=1000 $(BIN)/python -m pytest tests/files tests/faults
	$(BIN)/python tools/fuzz.py --seconds 600

bench: .venv-bench/.peers
	.venv-bench/bin/python -m benchmarks all
	.venv-bench/bin/python -m benchmarks report

bench-smoke: .venv/.dev
	$(BIN)/python -m benchmarks smoke

docs: .venv/.dev
	$(BIN)/python -m mkdocs build --strict

oracle: .venv-oracle/.torch
	.venv-oracle/bin/python tools/oracle.py --compare

# Each stamp stands for one finished installation; it is made anew when the dependencies change.
.venv/.user: pyproject.toml | .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all]'
	touch $@

.venv/.dev: pyproject.toml | .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@ .venv/.user

.venv-oracle/.torch: pyproject.toml | .venv-oracle
	.venv-oracle/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	.venv-oracle/bin/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv-bench/.peers: pyproject.toml requirements/bench.txt | .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/bench.txt
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[fast,onnx,plot]'
	touch $@

.venv-bench:
	$(PYTHON) -m venv .venv-bench

.venv-oracle:
	$(PYTHON) -m venv .venv-oracle

.venv:
	$(PYTHON) -m venv .venv

clean:
	rm -rf .venv .venv-bench .venv-oracle runs .mypy_cache .ruff_cache .pytest_cache .hypothesis
