"""Binary cross-entropy over the rows that have a label."""

import keras
from keras import ops

from keras_mtl.losses.masked_loss import MaskedLoss

__all__ = ["MaskedBinaryCrossentropy"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class MaskedBinaryCrossentropy(MaskedLoss):
    """Binary cross-entropy of one sigmoid output.

    Args:
        label_smoothing: The smoothing s: a label y becomes y (1 - s) + s / 2.
        name: The loss's name.
        **kwargs: See `MaskedLoss`.

    Call arguments:
        y_true: Labels 0 or 1, of shape (N,) or (N, 1); NaN or -1 is missing.
        y_pred: Probabilities of shape (N, 1).

    Example:

    >>> import numpy as np
    >>> loss = MaskedBinaryCrossentropy()
    >>> y_pred = np.array([[0.5], [0.9]], "float32")
    >>> round(float(loss(np.array([1.0, np.nan], "float32"), y_pred)), 4)
    0.6931
    """

    per_task = ()

    def __init__(
        self, label_smoothing=0.0, name="masked_binary_crossentropy", **kwargs
    ):
        super().__init__(name=name, **kwargs)
        self.label_smoothing = label_smoothing

    def known(self, y_true):
        # NaN compares as false.
        return ops.greater_equal(y_true, 0)

    def losses(self, y_true, y_pred, known):
        return keras.losses.binary_crossentropy(
            ops.expand_dims(y_true, -1), y_pred, label_smoothing=self.label_smoothing
        )

    def get_config(self):
        return {**super().get_config(), "label_smoothing": self.label_smoothing}
