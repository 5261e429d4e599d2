"""Batches of rows that lie on a disk."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

__all__ = ["stream_rows"]

# Batches that are read ahead while the one before is trained on.
READ_AHEAD = 4


def stream_rows(matrix: np.ndarray, order: np.ndarray) -> tf.data.Dataset:
    """Reads the rows of each batch in turn.

    Args:
        matrix: float32 of shape (N, columns), a `np.memmap` say.
        order: The batches, (steps, K, batch_size): those of `batch_order`
            with the steps in front. Where there is no row it takes the first.

    Returns:
        A dataset of `steps` tensors, each of shape (K, batch_size, columns).

    Example:

    >>> matrix = np.arange(6, dtype="float32").reshape(3, 2)
    >>> order = np.array([[[2, 0]], [[1, -1]]], "int32")
    >>> [batch.numpy().tolist() for batch in stream_rows(matrix, order)]
    [[[[4.0, 5.0], [0.0, 1.0]]], [[[2.0, 3.0], [0.0, 1.0]]]]
    """
    # Without the subclass's own work for each batch.
    plain = np.asarray(matrix)
    shape = (*order.shape[1:], *matrix.shape[1:])

    def read(rows: np.ndarray) -> np.ndarray:
        return plain[np.maximum(rows, 0)]

    def batch(rows: tf.Tensor) -> tf.Tensor:
        return tf.ensure_shape(tf.numpy_function(read, [rows], tf.float32), shape)

    rows = tf.data.Dataset.from_tensor_slices(order)
    return rows.map(batch, num_parallel_calls=1).prefetch(READ_AHEAD)
