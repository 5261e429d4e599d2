"""Blocks of tasks, which a training step computes at once."""
