"""The activation between stacked layers."""

import keras

__all__ = ["StackedActivation"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class StackedActivation(keras.layers.Activation):
    """Layer that applies an elementwise activation to a stack.

    Args:
        activation: The name of the activation.
        rows_axis: The axis of the rows. The other axes are units, for
            `keras_mtl.analysis.unit_activity`.
        **kwargs: See `keras.layers.Layer`.

    Example:

    >>> import numpy as np
    >>> layer = StackedActivation("relu", rows_axis=-1)
    >>> layer(np.array([[[-1.0, 2.0]]], "float32")).numpy().tolist()
    [[[0.0, 2.0]]]
    """

    def __init__(self, activation, rows_axis=-1, **kwargs):
        super().__init__(activation, **kwargs)
        self.rows_axis = rows_axis

    def get_config(self):
        return {**super().get_config(), "rows_axis": self.rows_axis}
