"""A linear output on its own scale, converted to the unit of the labels."""

import keras
from keras import ops

from keras_mtl.features.piecewise_linear import PiecewiseLinear

__all__ = ["TransformedOutput"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class TransformedOutput(keras.layers.Dense):
    """A linear layer of one unit, followed by a piecewise linear function.

    The weights predict a standardized number, such as the logarithm of the label minus
    its mean. The output is in the unit of the label.

    Args:
        values: The knots: standardized numbers in ascending order.
        labels: The label at each knot, in ascending order. The function is extrapolated
            linearly outside of the knots.
        limits: The smallest and the largest output. They are not used in training,
            because a clipped output would have no gradient.
        name: The layer's name.
        **kwargs: See `keras.layers.Dense`.

    Example:

    >>> import numpy as np
    >>> layer = TransformedOutput((-1.0, 0.0, 1.0), (1.0, 10.0, 100.0))
    >>> layer(np.zeros((2, 4), "float32")).numpy().tolist()
    [[10.0], [10.0]]
    """

    def __init__(self, values, labels, limits=None, name=None, **kwargs):
        kwargs.setdefault("dtype", "float32")
        kwargs.setdefault("units", 1)
        super().__init__(name=name, **kwargs)
        self.values = tuple(values)
        self.labels = tuple(labels)
        self.limits = None if limits is None else tuple(limits)
        self._line = PiecewiseLinear([self.values], [self.labels], extends=True)

    def call(self, inputs, training=None):
        answers = self._line(super().call(inputs, training=training))
        if self.limits is None or training:
            return answers
        return ops.clip(answers, *self.limits)

    def get_config(self):
        return {
            **super().get_config(),
            "values": list(self.values),
            "labels": list(self.labels),
            "limits": None if self.limits is None else list(self.limits),
        }
