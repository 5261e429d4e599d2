"""Processes that train the same members, each on a part of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

__all__ = ["Replicas", "replica_shares"]

# The distance between the seeds of random layers on neighboring replicas.
SEEDS_APART = 2**24
# The largest number of values that are sent at once.
NUMBERS_PER_CALL = 2**22


class Replicas:
    """The processes of a `tf.distribute.MultiWorkerMirroredStrategy`.

    Each process has one device. The processes compute the same results from the same
    numbers, so they exchange only sums over the rows of a batch.

    Args:
        strategy: The strategy.
        index: The number of this process, from 0.
        count: The number of processes.
    """

    def __init__(self, strategy: tf.distribute.Strategy, index: int, count: int):
        self.strategy = strategy
        self.index = index
        self.count = count

    def total(self, values: Any) -> Any:
        """Return the sums of nested tensors over the processes.

        All processes must call this method in the same order, outside of a replica
        context and outside of a function that is mapped over members.
        """
        flat = [tf.convert_to_tensor(value) for value in tf.nest.flatten(values)]
        found: list[Any] = [None] * len(flat)
        for dtype in dict.fromkeys(value.dtype for value in flat):
            places = [i for i, value in enumerate(flat) if value.dtype == dtype]
            # One exchange for all tensors: the number of waits determines the time.
            vector = tf.concat([tf.reshape(flat[i], [-1]) for i in places], axis=0)
            total = self.strategy.reduce(tf.distribute.ReduceOp.SUM, vector, axis=None)
            sizes = [tf.size(flat[i]) for i in places]
            for i, part in zip(places, tf.split(total, sizes), strict=True):
                found[i] = tf.reshape(part, tf.shape(flat[i]))
                found[i].set_shape(flat[i].shape)
        return tf.nest.pack_sequence_as(values, found)

    def mean(self, values: Any) -> Any:
        """Return the means of nested tensors over the processes."""
        return tf.nest.map_structure(
            lambda total: total / tf.cast(self.count, total.dtype), self.total(values)
        )

    def combine(self, gradients: Any, statistics: Any) -> Any:
        """Return the gradients and statistics of the whole batch."""
        return self.mean((gradients, statistics))

    def part(self, rows: tf.Tensor, no_row: int) -> tf.Tensor:
        """Return this process's part of batches, (..., batch_size).

        Args:
            rows: The indices of the batches' rows, (..., batch_size).
            no_row: The index that stands for no row, where the parts are not equal.
        """
        lacking = -rows.shape[-1] % self.count
        paddings = [[0, 0]] * (len(rows.shape) - 1) + [[0, lacking]]
        filled = tf.pad(rows, paddings, constant_values=no_row)
        # Every `count`-th row: a batch that is not full has its rows at the start.
        return filled[..., self.index :: self.count]

    def own_seed(self, seed: tf.Tensor) -> tf.Tensor:
        """Return the state of a random layer, (2,), for this process."""
        return seed + tf.cast([self.index * SEEDS_APART, 0], seed.dtype)

    def gather(self, numbers: np.ndarray) -> np.ndarray:
        """Gather the int32 numbers of all processes, (count, ...)."""
        all_of_them = np.zeros((self.count, *numbers.shape), "int32")
        all_of_them[self.index] = numbers
        return self.total(tf.constant(all_of_them)).numpy()

    def wait_for_all(self) -> None:
        """Wait until all processes have called this method."""
        self.gather(np.zeros([1], "int32"))

    def broadcast(self, content: bytes) -> bytes:
        """Send the bytes of the first process to all, and return them."""
        own = content if self.index == 0 else b""
        size = int(self.gather(np.array(len(own), "int32"))[0])
        if self.index:
            own = bytes(size)
        numbers = np.frombuffer(own, "uint8").astype("int32")
        parts = [
            self.total(tf.constant(numbers[start : start + NUMBERS_PER_CALL])).numpy()
            for start in range(0, size, NUMBERS_PER_CALL)
        ]
        return np.concatenate([numbers[:0], *parts]).astype("uint8").tobytes()


def replica_shares(counts: tf.Tensor, mean: tf.Tensor) -> tf.Tensor:
    """Return factors that turn the mean over replicas into the mean over all rows.

    A replica's loss is the mean over its own rows with a label. If each loss is
    multiplied by its factor, the mean over the replicas is the mean over all rows with
    a label of the batch, however unevenly the rows are distributed.

    Args:
        counts: This replica's `label_counts`, of any shape.
        mean: The mean of the counts over the replicas, of the same shape.

    Example:

    >>> replica_shares(tf.constant([3.0, 0.0]), tf.constant([2.0, 0.0])).numpy()
    array([1.5, 0. ], dtype=float32)
    """
    return tf.math.divide_no_nan(counts, mean)
