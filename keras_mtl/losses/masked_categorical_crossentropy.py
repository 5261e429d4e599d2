"""Cross-entropy over classes, for the rows that have a label."""

import keras
from keras import ops

from keras_mtl.losses.masked_loss import MaskedLoss

__all__ = ["MaskedCategoricalCrossentropy"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class MaskedCategoricalCrossentropy(MaskedLoss):
    """Cross-entropy of a softmax output against class indices.

    Args:
        label_smoothing: The smoothing s: the probability of the label becomes 1 - s,
            and s is spread evenly over all classes.
        name: The loss's name.
        **kwargs: See `MaskedLoss`.

    Call arguments:
        y_true: Class indices of shape (N,) or (N, 1), as integers or floats;
            NaN or -1 is missing.
        y_pred: Probabilities of shape (N, classes).

    Example:

    >>> import numpy as np
    >>> loss = MaskedCategoricalCrossentropy()
    >>> y_pred = np.array([[0.25, 0.75], [0.9, 0.1]], "float32")
    >>> round(float(loss(np.array([1, -1]), y_pred)), 4)
    0.2877
    """

    per_task = ()

    def __init__(
        self, label_smoothing=0.0, name="masked_categorical_crossentropy", **kwargs
    ):
        super().__init__(name=name, **kwargs)
        self.label_smoothing = label_smoothing

    def known(self, y_true):
        # NaN compares as false.
        return ops.greater_equal(y_true, 0)

    def losses(self, y_true, y_pred, known):
        targets = ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1])
        return keras.losses.categorical_crossentropy(
            ops.cast(targets, y_pred.dtype),
            y_pred,
            label_smoothing=self.label_smoothing,
        )

    def get_config(self):
        return {**super().get_config(), "label_smoothing": self.label_smoothing}
