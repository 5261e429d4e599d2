"""Independent parts of a batch, and their outputs in the batch's order."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import tensorflow as tf

from keras_mtl.blocks.batch import Batch

__all__ = ["cut_batch", "join_outputs"]


def cut_batch(batch: Batch, samples: int) -> list[Batch]:
    """Split a batch into independent parts of its rows."""
    if samples == 1:
        return [batch]
    return [
        batch.map(operator.itemgetter(slice(i, None, samples))) for i in range(samples)
    ]


def join_outputs(outputs: Sequence[tuple[tf.Tensor, ...]]) -> tuple[tf.Tensor, ...]:
    """Put the parts' outputs back into the order of the batch's rows."""
    if len(outputs) == 1:
        return outputs[0]
    return tuple(_interleave(parts) for parts in zip(*outputs, strict=True))


def _interleave(parts: Sequence[tf.Tensor]) -> tf.Tensor:
    """Merge tensors (T, N, units) of every nth row."""
    count = len(parts)
    rows = [tf.range(tf.shape(part)[1]) * count + i for i, part in enumerate(parts)]
    order = tf.argsort(tf.concat(rows, axis=0), stable=True)
    return tf.gather(tf.concat(parts, axis=1), order, axis=1)
