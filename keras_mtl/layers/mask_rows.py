"""Masks on features that several networks share."""

import keras
from keras import ops

__all__ = ["MaskRows"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class MaskRows(keras.layers.Layer):
    """Layer that multiplies the same rows by several masks: `y_t = scale * m_t x`.

    Args:
        scale: The factor of the masked rows.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A list of the masks, (T, width, N), and the rows, (N, width).

    Call returns:
        A tensor of shape (T, width, N).

    Example:

    >>> import numpy as np
    >>> MaskRows()([np.ones((3, 4, 5)), np.ones((5, 4))]).shape.as_list()
    [3, 4, 5]
    """

    def __init__(self, scale=1.0, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs):
        masks, rows = inputs
        scale = ops.cast(self.scale, masks.dtype)
        return scale * masks * ops.expand_dims(ops.transpose(rows), 0)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape[0])

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}
