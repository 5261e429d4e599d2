"""The batch normalization of many layers' units at once."""

import keras
from keras import ops

from keras_mtl.layers._task_variables import SplitByTask
from keras_mtl.layers.training_layers import PresentRowsNormalization

__all__ = ["StackedNormalization"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class StackedNormalization(SplitByTask, PresentRowsNormalization):
    """Batch normalization of the outputs of a `StackedDense`.

    Each unit of each layer has its own mean, variance, scale and offset.

    Args:
        by_task: See `StackedDense`.
        **kwargs: See `keras.layers.BatchNormalization`.

    Call arguments:
        inputs: A tensor of shape (T, units, N).

    Call returns:
        A tensor of the same shape.

    Example:

    >>> import numpy as np
    >>> layer = StackedNormalization()
    >>> layer(np.ones((3, 2, 5), "float32"), training=True).shape.as_list()
    [3, 2, 5]
    >>> tuple(layer.gamma.shape)
    (6,)
    """

    def __init__(self, by_task=False, **kwargs):
        super().__init__(**kwargs)
        self.by_task = by_task

    def build(self, input_shape):
        super().build((None, input_shape[0] * input_shape[1]))
        # Keras's own layer requires the shape that it was built with.
        self.input_spec = None

    def call(self, inputs, training=None, mask=None):
        # Rows first, as in Keras's own layer and in the mask of present rows.
        stack, units = inputs.shape[:2]
        rows = ops.transpose(ops.reshape(inputs, (stack * units, -1)))
        normalized = super().call(rows, training=training, mask=mask)
        return ops.reshape(ops.transpose(normalized), (stack, units, -1))

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "by_task": self.by_task}
