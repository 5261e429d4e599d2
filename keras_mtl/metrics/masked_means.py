"""Metrics that are a mean over the labels that are not missing."""

from typing import ClassVar

import keras
from keras import ops

__all__ = [
    "MaskedBinaryAccuracy",
    "MaskedCategoricalAccuracy",
    "MaskedMeanAbsoluteError",
    "MaskedMeanMetric",
    "MaskedMeanSquaredError",
]


class MaskedMeanMetric(keras.metrics.Mean):
    """Base class of metrics that are means of one value per label.

    Missing labels, NaN, are ignored. (Keras's own metrics become NaN.) A subclass
    implements `values`.

    If `values` also supports a first axis of tasks, the subclass sets `per_task`: the
    names of the settings that may differ between tasks and are then arrays of shape (T,
    1, 1).

    Args:
        name: The metric's name.
        dtype: See `keras.metrics.Metric`.
    """

    per_task: ClassVar[tuple[str, ...] | None] = None

    def known(self, y_true):
        """Return whether each label is known, bool of the shape of `y_true`."""
        return ops.logical_not(ops.isnan(y_true))

    def values(self, y_true, y_pred):
        """Compute the value of the metric for each label.

        Args:
            y_true: Labels, 0 where missing, of the shape of `y_pred`; of shape
                (N, 1) for class indices.
            y_pred: The outputs of the head, of shape (N, units).

        Returns:
            Values of the shape of `y_true`.
        """
        raise NotImplementedError

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = ops.convert_to_tensor(y_pred, self.dtype)
        y_true = ops.convert_to_tensor(y_true, self.dtype)
        if len(y_true.shape) == 1:
            y_true = ops.expand_dims(y_true, -1)
        known = self.known(y_true)
        values = self.values(ops.where(known, y_true, ops.zeros_like(y_true)), y_pred)
        weight = ops.cast(known, self.dtype)
        if sample_weight is not None:
            weight = weight * ops.reshape(ops.cast(sample_weight, self.dtype), (-1, 1))
        return super().update_state(values, sample_weight=weight)


@keras.saving.register_keras_serializable(package="keras_mtl")
class MaskedBinaryAccuracy(MaskedMeanMetric):
    """The share of correct binary predictions.

    Args:
        threshold: The smallest probability for which the prediction is positive.
        name: The metric's name.
        dtype: See `keras.metrics.Metric`.

    Example:

    >>> import numpy as np
    >>> metric = MaskedBinaryAccuracy()
    >>> metric.update_state(np.array([1, 0, np.nan]), np.array([[0.9], [0.8], [0.1]]))
    >>> float(metric.result())
    0.5
    """

    per_task = ("threshold",)

    def __init__(self, threshold=0.5, name="masked_binary_accuracy", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.threshold = threshold

    def known(self, y_true):
        # NaN compares as false; -1 is missing too.
        return ops.greater_equal(y_true, 0)

    def values(self, y_true, y_pred):
        answers = ops.cast(ops.greater_equal(y_pred, self.threshold), self.dtype)
        return ops.equal(answers, y_true)

    def get_config(self):
        return {**super().get_config(), "threshold": self.threshold}


@keras.saving.register_keras_serializable(package="keras_mtl")
class MaskedCategoricalAccuracy(MaskedMeanMetric):
    """The share of rows whose most probable class is the label.

    Example:

    >>> import numpy as np
    >>> metric = MaskedCategoricalAccuracy()
    >>> metric.update_state(np.array([1, -1]), np.array([[0.2, 0.8], [0.6, 0.4]]))
    >>> float(metric.result())
    1.0
    """

    per_task = ()

    def known(self, y_true):
        # NaN compares as false; -1 is missing too.
        return ops.greater_equal(y_true, 0)

    def values(self, y_true, y_pred):
        # Like argmax, the first of equal outputs. Keras's argmax uses bits of signs,
        # which TensorFlow cannot compute for many members at once.
        index = ops.arange(y_pred.shape[-1], dtype=self.dtype)
        is_label = ops.equal(index, y_true)
        label = ops.sum(ops.where(is_label, y_pred, 0), axis=-1, keepdims=True)
        is_beaten = ops.where(
            ops.less(index, y_true),
            ops.less(y_pred, label),
            ops.less_equal(y_pred, label),
        )
        return ops.all(is_beaten, axis=-1, keepdims=True)


@keras.saving.register_keras_serializable(package="keras_mtl")
class MaskedMeanAbsoluteError(MaskedMeanMetric):
    """The mean distance from the label, in the unit of the label.

    If there are several outputs, the first one is the prediction.
    """

    per_task = ()

    def values(self, y_true, y_pred):
        return ops.abs(y_true - y_pred[..., :1])


@keras.saving.register_keras_serializable(package="keras_mtl")
class MaskedMeanSquaredError(MaskedMeanMetric):
    """The mean squared distance from the label, in the squared unit of the label.

    If there are several outputs, the first one is the prediction.
    """

    per_task = ()

    def values(self, y_true, y_pred):
        return ops.square(y_true - y_pred[..., :1])
