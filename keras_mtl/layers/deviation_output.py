"""A number with its standard deviation, in the unit of the labels."""

import keras
from keras import ops

from keras_mtl.layers.standardized_output import StandardizedOutput

__all__ = ["DeviationOutput"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class DeviationOutput(StandardizedOutput):
    """A linear layer of two units: `mean + scale * z`, and `scale * s`.

    The weights predict the standardized label z and its standard deviation s.

    Args:
        mean: The number that is added to the first output: the mean of the training
            labels.
        scale: The factor of both outputs: the standard deviation of the training
            labels.
        limits: The smallest and the largest prediction; see `StandardizedOutput`.
        name: The layer's name.
        **kwargs: See `keras.layers.Dense`.

    Example:

    >>> import numpy as np
    >>> layer = DeviationOutput(mean=50.0, scale=10.0, kernel_initializer="identity")
    >>> layer(np.array([[1.0, 0.5]], "float32")).numpy().tolist()
    [[60.0, 5.0]]
    """

    def __init__(self, mean=0.0, scale=1.0, limits=None, name=None, **kwargs):
        kwargs.setdefault("units", 2)
        super().__init__(mean, scale, limits, name=name, **kwargs)

    def call(self, inputs, training=None):
        both = super().call(inputs, training=training)
        return both - ops.convert_to_tensor([0.0, self.mean], both.dtype)

    def clip(self, answers):
        if self.limits is None:
            return answers
        return ops.concatenate([super().clip(answers[:, :1]), answers[:, 1:]], axis=-1)
