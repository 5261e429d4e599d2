"""Squared error over the rows that have a label."""

import keras
from keras import ops

from keras_mtl.losses.masked_loss import MaskedLoss

__all__ = ["MaskedSquaredError"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class MaskedSquaredError(MaskedLoss):
    """Squared error, in units of `scale` squared.

    Args:
        scale: The standard deviation of the labels, so that the constant prediction of
            their mean has a loss of 1.
        name: The loss's name.
        **kwargs: See `MaskedLoss`.

    Call arguments:
        y_true: Labels of shape (N,) or (N, 1); NaN is missing.
        y_pred: Predictions of shape (N, 1), in the unit of the labels. Further columns,
            such as standard deviations, are ignored.

    Example:

    >>> import numpy as np
    >>> loss = MaskedSquaredError(scale=2.0)
    >>> y_pred = np.array([[1.0], [7.0]], "float32")
    >>> float(loss(np.array([3.0, np.nan], "float32"), y_pred))
    1.0
    """

    per_task = ("scale",)

    def __init__(self, scale=1.0, name="masked_squared_error", **kwargs):
        super().__init__(name=name, **kwargs)
        self.scale = scale

    def losses(self, y_true, y_pred, known):
        return ops.square((y_true - y_pred[..., 0]) / self.scale)

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}
