"""The network and the rows for measurements of the time of weightings."""

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
        rows: The number of rows per batch.
        width: The number of columns of the input.
        trunk: The widths of the layers of the trunk.
        head: The width of the hidden layer of a head, before one output unit.
    """

    tasks: int = 32
    rows: int = 256
    width: int = 12
    trunk: tuple[int, ...] = (32, 64)
    head: int = 16

    @property
    def shared_parameters(self) -> int:
        """The number of parameters of the trunk."""
        widths = (self.width, *self.trunk)
        return sum((before + 1) * after for before, after in itertools.pairwise(widths))

    @property
    def parameters(self) -> int:
        """The number of all parameters."""
        head = (self.trunk[-1] + 1) * self.head + self.head + 1
        return self.shared_parameters + self.tasks * head

    @property
    def names(self) -> list[str]:
        """The names of the tasks."""
        return [f"task_{index}" for index in range(self.tasks)]

    def batch(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the inputs (N, width) and the labels (N, T), both random.

        Random labels keep the tasks in conflict, so a method does its full work in
        every step.
        """
        generator = np.random.default_rng(0)
        inputs = generator.normal(size=(self.rows, self.width)).astype("float32")
        labels = generator.normal(size=(self.rows, self.tasks)) > 0
        return inputs, labels.astype("float32")
