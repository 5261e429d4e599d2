"""Benchmarks: each measures methods side by side in one run."""
