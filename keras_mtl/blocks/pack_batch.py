"""Conversion of labels and weights by task name to blocks of tasks.

Only code outside of a training step uses task names. Here the labels and weights of a
user become one tensor per block, with rows on the first axis and tasks on the second,
so a batch is one lookup per block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from keras_mtl.blocks.batch import Batch
from keras_mtl.blocks.task_arguments import name_by_task
from keras_mtl.blocks.task_blocks import TaskBlock, TaskBlocks

__all__ = ["pack_batch", "pack_labels", "pack_weights"]


def pack_batch(blocks: TaskBlocks, batch: Batch) -> Batch:
    """Pack the labels and the weights of a batch, or of all rows at once.

    Args:
        blocks: The blocks.
        batch: A batch with labels and weights as a user passes them.
    """
    return batch._replace(
        labels=pack_labels(blocks, batch.labels),
        sample_weights=pack_weights(blocks, batch.sample_weights),
    )


def pack_labels(blocks: TaskBlocks, labels: Any) -> tuple[tf.Tensor | None, ...]:
    """Pack labels.

    Args:
        blocks: The blocks.
        labels: A dict by task name, or a list in the order of the tasks, of arrays
            (N,), (N, 1) or (N, labels), or one-hot rows (N, classes). NaN is missing; a
            task may be absent.

    Returns:
        For each block, a tensor (N, T) or (N, T, labels), with NaN for absent tasks;
        None if all tasks are absent. A block whose loss is not batched keeps the dtype
        and shape of the labels: (N, 1, ...).

    Example:

    >>> from keras_mtl.tasks import BinaryTask
    >>> from keras_mtl.blocks.task_blocks import make_blocks
    >>> from keras_mtl.blocks.task_sources import TaskSource
    >>> tasks = [BinaryTask(name) for name in "abc"]
    >>> blocks = make_blocks(tasks, [TaskSource((0, 1, 2), None, is_split=True)])
    >>> pack_labels(blocks, {"a": [0, 1], "c": [[1], [0]]})[0].numpy()
    array([[ 0., nan,  1.],
           [ 1., nan,  0.]], dtype=float32)
    """
    named = name_by_task("y", labels, blocks.names)
    return tuple(_block_labels(block, named) for block in blocks.blocks)


def pack_weights(
    blocks: TaskBlocks, weights: Any
) -> tf.Tensor | tuple[tf.Tensor | None, ...] | None:
    """Pack sample weights.

    Args:
        blocks: The blocks.
        weights: The weights of the rows, (N,) or (N, 1); a dict of them by task name; a
            list in the order of the tasks; or None. A task that is absent or None has
            weights of 1.

    Returns:
        An array (N,) for all tasks; or for each block (N, T), or None for weights of 1;
        or None.
    """
    if weights is None:
        return None
    if not isinstance(weights, Mapping | list | tuple):
        return tf.reshape(tf.convert_to_tensor(weights), [-1])
    given = name_by_task("sample_weight", weights, blocks.names)
    named = {
        name: tf.reshape(tf.cast(tf.convert_to_tensor(value), tf.float32), [-1])
        for name, value in given.items()
        if value is not None
    }
    packed = tuple(_block_weights(block, named) for block in blocks.blocks)
    return None if all(each is None for each in packed) else packed


def _block_labels(block: TaskBlock, labels: Mapping[str, Any]) -> tf.Tensor | None:
    known = {
        name: tf.convert_to_tensor(labels[name])
        for name in block.names
        if labels.get(name) is not None
    }
    if not known:
        return None
    if block.is_batched:
        known = {
            name: _flat(_index_classes(values, block.classes))
            for name, values in known.items()
        }
    columns = _all_columns(block.names, known, float("nan"))
    # A single column needs no copy.
    return columns[0][:, None] if len(columns) == 1 else tf.stack(columns, axis=1)


def _block_weights(block: TaskBlock, weights: Mapping[str, Any]) -> tf.Tensor | None:
    known = {name: weights[name] for name in block.names if name in weights}
    if not known:
        return None
    return tf.stack(_all_columns(block.names, known, 1.0), axis=1)


def _all_columns(
    names: Sequence[str], known: Mapping[str, tf.Tensor], otherwise: float
) -> list[tf.Tensor]:
    missing = None
    if len(known) < len(names):
        like = next(iter(known.values()))
        missing = tf.ones_like(like) * otherwise
    return [known.get(name, missing) for name in names]


def _index_classes(values: tf.Tensor, classes: int) -> tf.Tensor:
    """Convert one-hot rows to class indices, and return other labels unchanged."""
    if classes < 2 or values.shape.rank != 2 or values.shape[-1] != classes:
        return values
    values = tf.cast(values, tf.float32)
    index = tf.cast(tf.argmax(values, axis=-1), tf.float32)
    missing = tf.reduce_any(tf.math.is_nan(values), axis=-1)
    return tf.where(missing, float("nan"), index)


def _flat(values: tf.Tensor) -> tf.Tensor:
    """Convert labels to float32, without the axis of a single label per row."""
    values = tf.cast(values, tf.float32)
    if values.shape.rank == 2 and values.shape[-1] == 1:
        return values[:, 0]
    return values
