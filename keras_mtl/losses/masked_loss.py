"""The template of a loss over labels of which some are missing."""

import keras
from keras import ops

__all__ = ["MaskedLoss"]


class MaskedLoss(keras.losses.Loss):
    """A loss whose mean is over the rows that have a label.

    A missing label is NaN. The rows without one add nothing, and a batch
    without any label has a loss of 0 and no gradient.

    A subclass writes `known`, which says where labels are, and `losses`, which
    may rely on every label being a number.

    Args:
        name: The loss's name.
        reduction: See `keras.losses.Loss`.
        dtype: See `keras.losses.Loss`.
    """

    def __init__(self, name=None, reduction="sum_over_batch_size", dtype=None):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def known(self, y_true):
        """Says which entries of `y_true` are labels: booleans of its shape."""
        return ops.logical_not(ops.isnan(y_true))

    def losses(self, y_true, y_pred, known):
        """The loss of each entry.

        Args:
            y_true: Labels of the shape of `y_pred`, or (N,) class indices; 0
                where missing.
            y_pred: The head's outputs, of shape (N, units).
            known: 1 where there is a label and 0 where not, as `y_true`.

        Returns:
            Losses of shape (N,).
        """
        raise NotImplementedError

    def row_mask(self, y_true):
        """Says which rows have any label: booleans of shape (N,)."""
        known = self.known(y_true)
        return known if len(known.shape) == 1 else ops.any(known, axis=-1)

    def call(self, y_true, y_pred):
        if len(y_true.shape) == 2 and y_true.shape[-1] == 1:
            y_true = ops.squeeze(y_true, axis=-1)
        known = self.known(y_true)
        filled = ops.where(known, y_true, ops.zeros_like(y_true))
        losses = self.losses(filled, y_pred, ops.cast(known, y_pred.dtype))
        # The base class divides by the number of rows that this mask keeps.
        # Filling with zeros alone would divide by all rows, and a weight of
        # zero would not stop a NaN.
        losses._keras_mask = self.row_mask(y_true)
        return losses
