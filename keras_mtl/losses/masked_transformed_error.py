"""Squared error on a piecewise linear scale, over the rows that have a label."""

import keras
from keras import ops

from keras_mtl.features.piecewise_linear import PiecewiseLinear
from keras_mtl.losses.masked_loss import MaskedLoss

__all__ = ["MaskedTransformedError"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class MaskedTransformedError(MaskedLoss):
    """Squared error on a piecewise linear scale of the label.

    Args:
        labels: The knots: labels in ascending order.
        values: The value of the scale at each knot, in ascending order. Outside of the
            knots, predictions are extrapolated linearly, and labels count as the
            nearest knot.
        name: The loss's name.
        **kwargs: See `MaskedLoss`.

    Call arguments:
        y_true: Labels of shape (N,) or (N, 1); NaN is missing.
        y_pred: Predictions of shape (N, 1), in the unit of the labels.

    Example:

    >>> import numpy as np
    >>> loss = MaskedTransformedError((1.0, 10.0, 100.0), (-1.0, 0.0, 1.0))
    >>> y_pred = np.array([[10.0], [7.0]], "float32")
    >>> float(loss(np.array([55.0, np.nan], "float32"), y_pred))
    0.25
    """

    per_task = ()

    def __init__(self, labels, values, name="masked_transformed_error", **kwargs):
        super().__init__(name=name, **kwargs)
        self.labels = tuple(labels)
        self.values = tuple(values)
        self._line = PiecewiseLinear([self.labels], [self.values], extends=True)

    def losses(self, y_true, y_pred, known):
        # The scale may be steep at its end. One held-out label beyond the end could
        # then dominate the loss.
        y_true = ops.clip(y_true, self.labels[0], self.labels[-1])
        true = self._line(ops.expand_dims(y_true, -1))
        return ops.square(ops.squeeze(true - self._line(y_pred), -1))

    def get_config(self):
        return {
            **super().get_config(),
            "labels": list(self.labels),
            "values": list(self.values),
        }
