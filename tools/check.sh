#!/bin/sh
# All that CI checks, in order; `make test` runs it in the project's own environment.
set -eu
ruff check .
ruff format --check .
mypy
python -m pytest "$@"
python -m benchmarks smoke
