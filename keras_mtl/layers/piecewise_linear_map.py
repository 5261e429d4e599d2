"""A piecewise linear function as a layer."""

import keras

from keras_mtl.features.piecewise_linear import PiecewiseLinear

__all__ = ["PiecewiseLinearMap"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class PiecewiseLinearMap(keras.layers.Layer):
    """Layer that applies a fixed piecewise linear function, extrapolated at its ends.

    Args:
        knots: The knots, in ascending order.
        values: The value of the function at each knot.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A tensor of shape (N, 1).

    Returns:
        A tensor of the same shape.

    Example:

    >>> import numpy as np
    >>> layer = PiecewiseLinearMap((0.0, 10.0), (0.0, 1.0))
    >>> layer(np.array([[5.0], [20.0]], "float32")).numpy().tolist()
    [[0.5], [2.0]]
    """

    def __init__(self, knots, values, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.knots = tuple(knots)
        self.values = tuple(values)
        self._line = PiecewiseLinear([self.knots], [self.values], extends=True)

    def call(self, inputs):
        return self._line(inputs)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "knots": list(self.knots),
            "values": list(self.values),
        }
