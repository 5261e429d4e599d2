"""A layer that calibrates probabilities by a temperature."""

import keras
from keras import ops

__all__ = ["TemperatureScaling"]

# The logarithms of these limits are finite in float32, and distinct probabilities above
# the lower limit stay distinct.
LOWEST, HIGHEST = 1e-30, 1 - 2**-24


@keras.saving.register_keras_serializable(package="keras_mtl")
class TemperatureScaling(keras.layers.Layer):
    """Layer that divides logits of probabilities by a temperature (Guo et al. 2017).

    A temperature above 1 makes probabilities less extreme, and one below 1 makes them
    more extreme. The ranking of rows by a binary probability does not change, nor does
    the most probable class.

    The inputs are probabilities and not logits, so the layer can follow the average of
    several networks. Logits are computed from the probabilities.

    Args:
        temperature: A positive number.
        exclusive: Whether the last axis has mutually exclusive classes, whose
            probabilities sum to 1. Otherwise each number is the probability of a
            separate binary label.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: Probabilities, of any shape.

    Call returns:
        A float32 tensor of the same shape.

    Raises:
        ValueError: If the temperature is not positive and finite.

    Example:

    >>> import numpy as np
    >>> layer = TemperatureScaling(2.0)
    >>> layer(np.array([[0.8]], "float32")).numpy().round(3).tolist()
    [[0.6669999957084656]]
    >>> layer = TemperatureScaling(2.0, exclusive=True)
    >>> [round(float(each), 3) for each in layer(np.array([[0.8, 0.1, 0.1]]))[0]]
    [0.586, 0.207, 0.207]
    """

    def __init__(self, temperature, exclusive=False, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        if not 0 < temperature < float("inf"):
            raise ValueError(
                "Invalid value received for argument `temperature`. Expected a "
                f"positive number. Received: temperature={temperature}"
            )
        self.temperature = float(temperature)
        self.exclusive = bool(exclusive)

    def call(self, inputs):
        probabilities = ops.clip(inputs, LOWEST, HIGHEST)
        logits = ops.log(probabilities)
        if self.exclusive:
            return ops.softmax(logits / self.temperature, axis=-1)
        # Without log1p, which some runtimes lack. Rounding could matter near 0, where
        # the second term is negligible.
        logits = logits - ops.log(1.0 - probabilities)
        return ops.sigmoid(logits / self.temperature)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "temperature": self.temperature,
            "exclusive": self.exclusive,
        }
