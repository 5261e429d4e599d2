"""The tasks' losses on one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_mtl.losses import MaskedLoss
from keras_mtl.tasks import Task

__all__ = ["TaskLosses"]


class TaskLosses:
    """Computes all tasks' losses, each over the rows that have its label.

    Args:
        tasks: The tasks.
        losses: Losses by task name, in place of the tasks' own; anything that
            `keras.losses.get` takes.
    """

    def __init__(
        self, tasks: Sequence[Task], losses: Mapping[str, Any] | None = None
    ) -> None:
        given = losses or {}
        self.losses = {
            task.name: keras.losses.get(given.get(task.name)) or task.loss()
            for task in tasks
        }

    def __call__(
        self,
        outputs: Mapping[str, Any],
        labels: Mapping[str, Any],
        sample_weights: Any = None,
    ) -> tuple[Any, Any]:
        """Computes the losses.

        Args:
            outputs: By task name, the model's outputs.
            labels: By task name; NaN is missing. A task that is absent counts
                as missing in all rows.
            sample_weights: Of the rows, (N,), or by task name; or None.

        Returns:
            The losses and the numbers of rows with a label, each of shape (T,).
        """
        losses, counts = self.each(outputs, labels, sample_weights)
        return ops.stack(losses), ops.stack(counts)

    def each(
        self,
        outputs: Mapping[str, Any],
        labels: Mapping[str, Any],
        sample_weights: Any = None,
    ) -> tuple[list[Any], list[Any]]:
        """Computes the losses as a list of scalars.

        The gradient of one that was never put beside the others leaves the
        others' heads alone. See `__call__`.
        """
        losses, counts = [], []
        for name, loss in self.losses.items():
            if name not in labels:
                losses.append(ops.zeros(()))
                counts.append(ops.zeros(()))
                continue
            weights = sample_weights
            if isinstance(weights, Mapping):
                weights = weights.get(name)
            value, count = _one_loss(loss, labels[name], outputs[name], weights)
            losses.append(ops.cast(value, "float32"))
            counts.append(count)
        return losses, counts


def _one_loss(loss, y_true, y_pred, weights):
    y_true = ops.convert_to_tensor(y_true)
    if not isinstance(loss, MaskedLoss):
        return _mask_any_loss(loss, y_true, y_pred, weights)
    y_true = ops.cast(y_true, "float32")
    count = ops.sum(ops.cast(loss.row_mask(y_true), "float32"))
    value = loss(y_true, y_pred, sample_weight=weights)
    # Keras divides a loss by the replicas, which here the driver does, once for
    # all gradients; what is told is the loss itself.
    return value * tf.distribute.get_strategy().num_replicas_in_sync, count


def _mask_any_loss(loss, y_true, y_pred, weights):
    """Gives a loss that knows nothing of missing labels the rows that have one."""
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
    return ops.divide_no_nan(ops.sum(rows * known), count), count
