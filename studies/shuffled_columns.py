"""Batches in which each seed has an order of its own."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

__all__ = ["ShuffledColumns"]


class ShuffledColumns(keras.utils.PyDataset):
    """Gives x and y in batches, a column a seed, shuffled anew each epoch.

    What does not fill a batch is left out of an epoch, so that all batches
    have one shape; which rows these are changes with the order.

    Args:
        x: The inputs, (N,).
        y: The labels, (N,).
        batch_size: The rows of a batch; at most N are taken.
        seeds: Of the orders.
        repeats: How often the columns of y are laid side by side.

    Example:

    >>> rows = ShuffledColumns(np.arange(5.0), np.arange(5.0), 2, seeds=[0, 1])
    >>> x, y = rows[0]
    >>> len(rows), x.shape, bool((x == y).all())
    (2, (2, 2), True)
    """

    def __init__(
        self,
        x: np.ndarray,
        y: np.ndarray,
        batch_size: int,
        seeds: Sequence[int],
        repeats: int = 1,
    ) -> None:
        super().__init__()
        self.x = np.asarray(x, "float32")
        self.y = np.asarray(y, "float32")
        self.batch_size = min(batch_size, len(self.x))
        self.repeats = repeats
        self._generators = [np.random.default_rng(seed) for seed in seeds]
        self.on_epoch_end()

    def __len__(self) -> int:
        return len(self.x) // self.batch_size

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self._order[index * self.batch_size : (index + 1) * self.batch_size]
        return self.x[rows], np.tile(self.y[rows], (1, self.repeats))

    def on_epoch_end(self) -> None:
        orders = [generator.permutation(len(self.x)) for generator in self._generators]
        self._order = np.stack(orders, axis=1)
