"""The network and the rows that the weightings' cost is measured on."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np

__all__ = ["Problem"]


@dataclasses.dataclass(frozen=True)
class Problem:
    """Binary tasks on one trunk, the same in every library.

    Args:
        tasks: The number of tasks.
        rows: The rows of a batch.
        width: The width of the input.
        trunk: The widths of the trunk's layers.
        head: The width of a head's hidden layer; one unit follows.
    """

    tasks: int = 32
    rows: int = 256
    width: int = 12
    trunk: tuple[int, ...] = (32, 64)
    head: int = 16

    @property
    def shared_parameters(self) -> int:
        """The number of the trunk's parameters."""
        widths = (self.width, *self.trunk)
        return sum((before + 1) * after for before, after in itertools.pairwise(widths))

    @property
    def parameters(self) -> int:
        """The number of all parameters."""
        head = (self.trunk[-1] + 1) * self.head + self.head + 1
        return self.shared_parameters + self.tasks * head

    @property
    def names(self) -> list[str]:
        """The tasks' names."""
        return [f"task_{index}" for index in range(self.tasks)]

    def batch(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the inputs (N, width) and the labels (N, T), both random.

        Labels that nothing explains keep the tasks in conflict, so that a
        method has its full work in every step.
        """
        generator = np.random.default_rng(0)
        inputs = generator.normal(size=(self.rows, self.width)).astype("float32")
        labels = generator.normal(size=(self.rows, self.tasks)) > 0
        return inputs, labels.astype("float32")
