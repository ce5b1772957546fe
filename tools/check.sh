#!/bin/sh
# All that CI checks, in order; `make test` runs it in the project's own environment.
set -eu
ruff check .
ruff format --check .
mypy
# Two processes share the files of tests; each has one BLAS thread, unless the environment says otherwise.
OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}" python -m pytest --numprocesses 2 --dist loadfile "$@"
python -m benchmarks smoke
