"""The benchmark suite: python -m benchmarks SUBCOMMAND; docs/performance.md shows what it printed."""
