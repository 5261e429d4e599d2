"""A linear output in the unit of the labels."""

import keras
from keras import ops

__all__ = ["StandardizedOutput"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class StandardizedOutput(keras.layers.Dense):
    """A linear layer of one unit whose output is `mean + scale * z`.

    The weights predict the standardized label z, so they learn equally fast for labels
    of any magnitude.

    Args:
        mean: The number that is added: the mean of the training labels.
        scale: The factor: the standard deviation of the training labels.
        limits: The smallest and the largest output. They are not used in training,
            because a clipped output would have no gradient.
        name: The layer's name.
        **kwargs: See `keras.layers.Dense`.

    Example:

    >>> import numpy as np
    >>> layer = StandardizedOutput(mean=50.0, scale=10.0)
    >>> layer(np.zeros((2, 4), "float32")).numpy().tolist()
    [[50.0], [50.0]]
    """

    def __init__(self, mean=0.0, scale=1.0, limits=None, name=None, **kwargs):
        kwargs.setdefault("dtype", "float32")
        kwargs.setdefault("units", 1)
        super().__init__(name=name, **kwargs)
        self.mean = mean
        self.scale = scale
        self.limits = None if limits is None else tuple(limits)

    def call(self, inputs, training=None):
        answers = self.mean + self.scale * super().call(inputs, training=training)
        return answers if training else self.clip(answers)

    def clip(self, answers):
        """Clip outputs to the limits, if there are any."""
        return answers if self.limits is None else ops.clip(answers, *self.limits)

    def get_config(self):
        return {
            **super().get_config(),
            "mean": self.mean,
            "scale": self.scale,
            "limits": None if self.limits is None else list(self.limits),
        }
