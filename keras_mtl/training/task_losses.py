"""The tasks' losses on one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
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
        return ops.stack(losses), ops.stack(counts)


def _one_loss(loss, y_true, y_pred, weights):
    y_true = ops.convert_to_tensor(y_true)
    if not isinstance(loss, MaskedLoss):
        return _mask_any_loss(loss, y_true, y_pred, weights)
    y_true = ops.cast(y_true, "float32")
    count = ops.sum(ops.cast(loss.row_mask(y_true), "float32"))
    return loss(y_true, y_pred, sample_weight=weights), count


def _mask_any_loss(loss, y_true, y_pred, weights):
    """Gives a loss that knows nothing of missing labels the rows that have one."""
    if not keras.backend.is_float_dtype(keras.backend.standardize_dtype(y_true.dtype)):
        rows = ops.cast(ops.shape(y_true)[0], "float32")
        return loss(y_true, y_pred, sample_weight=weights), rows
    missing = ops.isnan(y_true)
    known = ops.logical_not(missing)
    if len(known.shape) > 1:
        known = ops.all(known, axis=tuple(range(1, len(known.shape))))
    known = ops.cast(known, "float32")
    count, rows = ops.sum(known), ops.cast(ops.shape(known)[0], "float32")
    if weights is not None:
        known = known * ops.reshape(ops.cast(weights, "float32"), (-1,))
    filled = ops.where(missing, ops.zeros_like(y_true), y_true)
    # The loss divides by all rows.
    mean = loss(filled, y_pred, sample_weight=known)
    return mean * ops.divide_no_nan(rows, count), count
