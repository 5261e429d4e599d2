"""The part that each replica's losses have in those of the whole batch."""

from __future__ import annotations

import tensorflow as tf

__all__ = ["replica_shares"]


def replica_shares(counts: tf.Tensor, mean: tf.Tensor) -> tf.Tensor:
    """Returns the factors that make the mean over replicas that over all rows.

    A replica's loss is the mean over its own rows with a label. Each times its
    share, their mean over the replicas is the mean over the rows with a label
    of the whole batch, however unevenly these are spread.

    Args:
        counts: This replica's `label_counts`, of any shape.
        mean: Their mean over the replicas, of the same shape.

    Example:

    >>> replica_shares(tf.constant([3.0, 0.0]), tf.constant([2.0, 0.0])).numpy()
    array([1.5, 0. ], dtype=float32)
    """
    return tf.math.divide_no_nan(counts, mean)
