# make demo: set up and train on the embedded handwritten digits.
# make test: set up and run lint, types, doctests and the tests.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint types clean

demo: .venv/.user
	$(BIN)/glassnet train digits --out runs/digits --force

test: .venv/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" sh tools/check.sh

# Each stamp stands for one finished installation; it is made anew when the dependencies change.
.venv/.user: pyproject.toml | .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all]'
	touch $@

.venv/.dev: pyproject.toml | .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@ .venv/.user

.venv:
	$(PYTHON) -m venv .venv

clean:
	rm -rf .venv runs .mypy_cache .ruff_cache .pytest_cache .hypothesis
