"""A benchmark of real tables: `python -m benchmarks.tables`."""
