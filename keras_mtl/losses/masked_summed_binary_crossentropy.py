"""The sum of the binary cross-entropies of several labels."""

import keras
from keras import ops

from keras_mtl.losses.masked_loss import MaskedLoss

__all__ = ["MaskedSummedBinaryCrossentropy"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class MaskedSummedBinaryCrossentropy(MaskedLoss):
    """Sum of the binary cross-entropies of several labels.

    Missing labels of a row add nothing to the sum. The mean is over the rows that have
    at least one label.

    Args:
        label_smoothing: The smoothing s: a label y becomes y (1 - s) + s / 2.
        name: The loss's name.
        **kwargs: See `MaskedLoss`.

    Call arguments:
        y_true: Labels 0 or 1, of shape (N, labels); NaN or -1 is missing.
        y_pred: Probabilities of shape (N, labels).

    Example:

    >>> import numpy as np
    >>> loss = MaskedSummedBinaryCrossentropy()
    >>> y_pred = np.full((1, 3), 0.5, "float32")
    >>> round(float(loss(np.array([[1.0, 0.0, np.nan]], "float32"), y_pred)), 4)
    1.3863
    """

    per_task = ()

    def __init__(
        self, label_smoothing=0.0, name="masked_summed_binary_crossentropy", **kwargs
    ):
        super().__init__(name=name, **kwargs)
        self.label_smoothing = label_smoothing

    def known(self, y_true):
        # NaN compares as false.
        return ops.greater_equal(y_true, 0)

    def losses(self, y_true, y_pred, known):
        if len(y_true.shape) < len(y_pred.shape):
            y_true, known = y_true[..., None], known[..., None]
        # The mean over an axis of length 1 is the entry itself.
        entries = keras.losses.binary_crossentropy(
            y_true[..., None], y_pred[..., None], label_smoothing=self.label_smoothing
        )
        return ops.sum(entries * known, axis=-1)

    def get_config(self):
        return {**super().get_config(), "label_smoothing": self.label_smoothing}
