"""The engine: the pure step of a batch, its updates, and the compiled epoch."""
