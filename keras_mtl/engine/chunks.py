"""Parts of an epoch: training steps, and rows for evaluation."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import tensorflow as tf

from keras_mtl.blocks.batch import Batch
from keras_mtl.engine.rows import NO_ROW

__all__ = ["Chunk", "HeldOut", "take_rows"]


def take_rows(rows: Batch, order: tf.Tensor, inputs: Any, filled: bool) -> Batch:
    """Gather rows.

    Args:
        rows: All rows, by block of tasks.
        order: The indices of the rows to take, (..., rows).
        inputs: The inputs of these rows, if they are not in `rows`.
        filled: Whether some indices are `NO_ROW`; their labels are missing.
    """
    index = tf.maximum(order, 0) if filled else order
    if inputs is not None:
        rows = rows._replace(inputs=None)
    taken = rows.map(lambda values: tf.gather(values, index))
    if inputs is not None:
        taken = taken._replace(inputs=inputs)
    if not filled:
        return taken
    present = order != NO_ROW

    def mask(labels: tf.Tensor | None) -> tf.Tensor | None:
        if labels is None:
            return None
        shape = [*order.shape, *[1] * (len(labels.shape) - len(order.shape))]
        missing = tf.cast(float("nan"), labels.dtype)
        return tf.where(tf.reshape(present, shape), labels, missing)

    return taken._replace(labels=tuple(map(mask, taken.labels)), present=present)


class Chunk(NamedTuple):
    """Some steps of an epoch.

    Attributes:
        order: The batches, (steps, batch_size) or (steps, K, batch_size).
        last: The number of steps to take, from the first.
        inputs: The inputs of these rows, nested (steps, ..., batch_size, ...), if not
            all rows are in memory; otherwise None.
        epoch: The number of the epoch, from 0.
        start: The number in the epoch of the chunk's first step.
    """

    order: tf.Tensor
    last: tf.Tensor
    inputs: Any
    epoch: tf.Tensor
    start: tf.Tensor


class HeldOut(NamedTuple):
    """Rows of an evaluation.

    Attributes:
        rows: The rows that `order` selects from.
        order: The indices of the rows, (rows,) or (K, rows), with `NO_ROW`; None for
            all rows in their order.
        inputs: See `Chunk`.
    """

    rows: Batch
    order: tf.Tensor | None
    inputs: Any

    @property
    def row_count(self) -> int:
        """The number of rows, of all members."""
        if self.order is None:
            return self.rows.row_count
        return math.prod(self.order.shape)

    def gathered(self) -> Batch:
        """Return the rows as a batch."""
        if self.order is None:
            return self.rows
        return take_rows(self.rows, self.order, self.inputs, filled=True)
