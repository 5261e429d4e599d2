"""A bench of real tables: `python -m benchmarks.tables`."""
