"""The base class of losses over labels, some of which are missing."""

from typing import ClassVar

import keras
from keras import ops

__all__ = ["MaskedLoss"]


class MaskedLoss(keras.losses.Loss):
    """Base class of losses that are means over the rows that have a label.

    A missing label is NaN. Rows without a label add nothing, and a batch without labels
    has a loss of 0 and no gradient.

    A subclass implements `known`, which returns where there are labels, and `losses`,
    in which every label is a number. If `losses` also supports a first axis of tasks,
    the subclass sets `per_task`: the names of the settings that may differ between
    tasks and are then arrays of shape (T, 1). `of_tasks` then computes the losses of
    all tasks at once.

    Args:
        name: The loss's name.
        reduction: See `keras.losses.Loss`.
        dtype: See `keras.losses.Loss`.
    """

    per_task: ClassVar[tuple[str, ...] | None] = None

    def __init__(self, name=None, reduction="sum_over_batch_size", dtype=None):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def known(self, y_true):
        """Return whether each entry of `y_true` is a label, bool of the same shape."""
        return ops.logical_not(ops.isnan(y_true))

    def losses(self, y_true, y_pred, known):
        """Compute the loss of each row.

        Args:
            y_true: Labels of the shape of `y_pred`, or class indices of shape (N,); 0
                where missing.
            y_pred: The head's outputs, of shape (N, units).
            known: 1 for labels and 0 for missing labels, of the shape of `y_true`.

        Returns:
            Losses of shape (N,).
        """
        raise NotImplementedError

    def row_mask(self, y_true):
        """Return whether each row has at least one label, bool of shape (N,)."""
        known = self.known(y_true)
        return known if len(known.shape) == 1 else ops.any(known, axis=-1)

    def of_tasks(self, y_true, y_pred, sample_weight=None):
        """Compute the losses of several tasks, each over its labeled rows.

        Args:
            y_true: Labels of shape (T, N) or (T, N, labels).
            y_pred: Outputs of shape (T, N, units).
            sample_weight: The weights of the rows, (N,) or (T, N); or None.

        Returns:
            The losses and the numbers of labeled rows, each of shape (T,).
        """
        y_true = ops.cast(y_true, "float32")
        if len(y_true.shape) == 3 and y_true.shape[-1] == 1:
            y_true = ops.squeeze(y_true, axis=-1)
        known = self.known(y_true)
        filled = ops.where(known, y_true, ops.zeros_like(y_true))
        losses = self.losses(filled, y_pred, ops.cast(known, y_pred.dtype))
        losses = ops.cast(losses, "float32")
        rows = known if len(known.shape) == 2 else ops.any(known, axis=-1)
        rows = ops.cast(rows, "float32")
        counts = ops.sum(rows, axis=-1)
        if sample_weight is not None:
            losses = losses * ops.cast(sample_weight, "float32")
        means = ops.divide_no_nan(ops.sum(losses * rows, axis=-1), counts)
        return means, counts

    def call(self, y_true, y_pred):
        if len(y_true.shape) == 2 and y_true.shape[-1] == 1:
            y_true = ops.squeeze(y_true, axis=-1)
        known = self.known(y_true)
        filled = ops.where(known, y_true, ops.zeros_like(y_true))
        losses = self.losses(filled, y_pred, ops.cast(known, y_pred.dtype))
        # The base class divides by the number of rows that this mask keeps. With zeros
        # alone it would divide by all rows, and a weight of zero does not remove a NaN.
        losses._keras_mask = self.row_mask(y_true)
        return losses
