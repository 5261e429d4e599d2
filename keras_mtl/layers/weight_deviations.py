"""A layer of the standard deviations of linear models' predictions."""

import keras
from keras import ops

__all__ = ["WeightDeviations"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class WeightDeviations(keras.layers.Layer):
    """Layer of the standard deviations of labels, for models with uncertain weights.

    The weights of an output, with the intercept last, are Gaussian with the covariance
    V. For a standardized row z with a one appended, the label has the variance `noise +
    z' V z`. V is stored as `factor factor'`, so rounding cannot make the variance
    negative.

    Args:
        outputs: The number of outputs, K.
        name: The layer's name.
        **kwargs: See `keras.layers.Layer`.

    Input shape: (N, d). Output shape: (N, K).

    Example:

    >>> import numpy as np
    >>> layer = WeightDeviations(1)
    >>> layer.build((None, 1))
    >>> _ = layer.factors.assign([[[3.0, 0.0], [0.0, 0.0]]]), layer.noise.assign([16.0])
    >>> layer(np.array([[0.0], [1.0]], "float32")).numpy().tolist()
    [[4.0], [5.0]]
    """

    def __init__(self, outputs, name=None, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(name=name, **kwargs)
        self.outputs = outputs

    def build(self, input_shape):
        width = input_shape[-1]
        size = width + 1
        # Features are centered first: large numbers such as dates would lose digits.
        self.means = self._constant("means", (width,))
        self.scales = self._constant("scales", (width,), "ones")
        self.factors = self._constant("factors", (self.outputs, size, size))
        self.noise = self._constant("noise", (self.outputs,))

    def call(self, inputs):
        standard = (inputs - self.means) / self.scales
        # One output after the other, to save memory.
        columns = [
            ops.sum(
                ops.square(
                    ops.matmul(standard, self.factors[index, :-1])
                    + self.factors[index, -1]
                ),
                axis=1,
            )
            for index in range(self.outputs)
        ]
        return ops.sqrt(ops.stack(columns, axis=1) + self.noise)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.outputs)

    def get_config(self):
        return {**super().get_config(), "outputs": self.outputs}

    def _constant(self, name, shape, initializer="zeros"):
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, trainable=False
        )
