"""Blocks of tasks: what a step computes at once, and where names end."""
