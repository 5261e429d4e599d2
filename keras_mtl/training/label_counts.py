"""How many rows of a batch have a label, on one replica and on all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf
from keras import ops

from keras_mtl.losses import MaskedLoss
from keras_mtl.training.task_losses import TaskLosses

__all__ = ["label_counts", "replica_shares"]


def label_counts(task_losses: TaskLosses, labels: Mapping[str, Any]) -> tf.Tensor:
    """Counts each task's rows with a label, without running the model.

    Args:
        task_losses: The losses, which know what is missing to them.
        labels: By task name; a task that is absent has none.

    Returns:
        float32 of shape (T,).
    """
    counts = []
    for name, loss in task_losses.losses.items():
        if name not in labels:
            counts.append(tf.zeros([]))
            continue
        values = ops.convert_to_tensor(labels[name])
        counts.append(tf.reduce_sum(tf.cast(_known(loss, values), tf.float32)))
    return tf.stack(counts)


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


def _known(loss, values):
    if isinstance(loss, MaskedLoss):
        return loss.row_mask(tf.cast(values, tf.float32))
    missing = tf.math.is_nan(tf.cast(values, tf.float32))
    return tf.logical_not(
        tf.reduce_any(missing, axis=list(range(1, missing.shape.rank)))
    )
