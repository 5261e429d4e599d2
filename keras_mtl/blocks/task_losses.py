"""The tasks' losses on one batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from keras import ops

from keras_mtl.blocks._keras_logits import map_with_logits
from keras_mtl.blocks.task_blocks import TaskBlock, TaskBlocks
from keras_mtl.losses import MaskedLoss

__all__ = ["block_losses", "label_counts"]

Labels = Sequence[Any]


def block_losses(
    blocks: TaskBlocks, outputs: Sequence[Any], labels: Labels, sample_weights: Any
) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """Compute all tasks' losses, each over the rows with its label.

    The losses stay separate by block. If they were joined, the gradient of one loss
    would also run through the heads of other blocks.

    Args:
        blocks: The blocks.
        outputs: The outputs of each block, (T, N, units).
        labels: See `Batch`.
        sample_weights: See `Batch`.

    Returns:
        The losses and the numbers of rows with a label, (T,) for each block.
    """
    losses, counts = [], []
    for number, (block, y_pred, y_true) in enumerate(
        zip(blocks.blocks, outputs, labels, strict=True)
    ):
        by_block = isinstance(sample_weights, tuple)
        weights = sample_weights[number] if by_block else sample_weights
        if y_true is None or block.loss is None:
            loss, count = tf.zeros([len(block)]), tf.zeros([len(block)])
        elif block.is_batched:
            if by_block and weights is not None:
                weights = ops.transpose(weights)
            loss, count = block.loss.of_tasks(tasks_first(y_true), y_pred, weights)
        else:
            if by_block and weights is not None:
                weights = weights[:, 0]
            one = map_with_logits(lambda tensor: tensor[0], y_pred)
            loss, count = _one_loss(block.loss, y_true[:, 0], one, weights)
        losses.append(loss)
        counts.append(count)
    return losses, counts


def label_counts(blocks: TaskBlocks, labels: Labels) -> tf.Tensor:
    """Count each task's rows with a label, without running the model.

    Args:
        blocks: The blocks.
        labels: See `Batch`.

    Returns:
        float32 of shape (T,), in the tasks' order.
    """
    counts = []
    for block, values in zip(blocks.blocks, labels, strict=True):
        if values is None or block.loss is None:
            counts.append(tf.zeros([len(block)]))
        else:
            known = tf.cast(_known_rows(block, values), tf.float32)
            counts.append(tf.reduce_sum(known, axis=0))
    return blocks.in_order(counts)


def tasks_first(values: tf.Tensor) -> tf.Tensor:
    """Transpose (N, T, ...) to (T, N, ...)."""
    if values.shape[1] == 1:
        # A reshape is enough if the numbers keep their order.
        return ops.expand_dims(values[:, 0], 0)
    return ops.transpose(values, (1, 0, *range(2, len(values.shape))))


def _known_rows(block: TaskBlock, values: tf.Tensor) -> tf.Tensor:
    """Return whether each row has a label for each task, booleans (N, T)."""
    values = tf.cast(values, tf.float32)
    if isinstance(block.loss, MaskedLoss):
        known = block.loss.known(values)
        axes = list(range(2, known.shape.rank))
        return tf.reduce_any(known, axis=axes) if axes else known
    axes = list(range(2, values.shape.rank))
    return tf.logical_not(tf.reduce_any(tf.math.is_nan(values), axis=axes))


def _one_loss(loss: Any, y_true: Any, y_pred: Any, weights: Any) -> Any:
    """Return the loss of one task, and its count of labeled rows, each (1,)."""
    if not isinstance(loss, MaskedLoss):
        return _mask_any_loss(loss, y_true, y_pred, weights)
    y_true = ops.cast(y_true, "float32")
    count = ops.sum(ops.cast(loss.row_mask(y_true), "float32"))
    value = ops.cast(loss(y_true, y_pred, sample_weight=weights), "float32")
    # Keras divides a mean by the number of replicas. Here the trainer does so once for
    # all gradients, and the reported loss is not divided.
    if loss.reduction != "sum":
        value *= tf.distribute.get_strategy().num_replicas_in_sync
    return ops.reshape(value, (1,)), ops.reshape(count, (1,))


def _mask_any_loss(loss: Any, y_true: Any, y_pred: Any, weights: Any) -> Any:
    """Apply a loss that does not ignore missing labels to the labeled rows."""
    if len(y_true.shape) == 1:
        y_true = ops.expand_dims(y_true, -1)
    missing = ops.isnan(ops.cast(y_true, "float32"))
    known = ops.logical_not(ops.any(missing, axis=tuple(range(1, len(missing.shape)))))
    known = ops.cast(known, "float32")
    filled = ops.where(missing, ops.zeros_like(y_true), y_true)
    # Losses are objects, or plain functions.
    rows = loss.call(filled, y_pred) if hasattr(loss, "call") else loss(filled, y_pred)
    rows = ops.reshape(ops.cast(rows, "float32"), (-1,))
    if weights is not None:
        rows = rows * ops.reshape(ops.cast(weights, "float32"), (-1,))
    count = ops.sum(known)
    value = ops.sum(rows * known)
    # The reduction of `keras.losses.Loss`, over rows with a label.
    reduction = getattr(loss, "reduction", "sum_over_batch_size")
    if reduction == "mean_with_sample_weight" and weights is not None:
        total = known * ops.reshape(ops.cast(weights, "float32"), (-1,))
        value = ops.divide_no_nan(value, ops.sum(total))
    elif reduction != "sum":
        value = ops.divide_no_nan(value, count)
    return ops.reshape(value, (1,)), ops.reshape(count, (1,))
