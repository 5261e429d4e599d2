"""The layer of a numeric feature."""

import keras
from keras import ops

__all__ = ["NumericEncoding"]

# In standard deviations. A value far outside the training range is answered as
# one at this edge: finite, and not far from anything the network has seen.
CLIP = 10.0


@keras.saving.register_keras_serializable(package="keras_mtl")
class NumericEncoding(keras.layers.Layer):
    """Standardises a number, and answers a missing one with the mean.

    NaN and each of `missing_values` mean missing. Infinities and extremes are
    clipped, so that no input gives an answer that is not finite.

    Args:
        mean: The training mean.
        scale: The training standard deviation.
        missing_values: Numbers that mean missing.
        missing_flag: Whether a second column is 1 where the value is missing.
        clip: The largest distance from the mean, in standard deviations.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: float32 of shape (N,).

    Returns:
        float32 of shape (N, 1), or (N, 2) with the flag.

    Example:

    >>> import numpy as np
    >>> layer = NumericEncoding(mean=200.0, scale=50.0, missing_values=(0,))
    >>> layer(np.array([250.0, 0.0, np.nan, 1e30], "float32")).numpy().tolist()
    [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [10.0, 0.0]]
    """

    def __init__(
        self,
        mean=0.0,
        scale=1.0,
        missing_values=(),
        missing_flag=True,
        clip=CLIP,
        **kwargs,
    ):
        kwargs.setdefault("dtype", "float32")
        super().__init__(trainable=False, **kwargs)
        self.mean = mean
        self.scale = scale
        self.missing_values = tuple(missing_values)
        self.missing_flag = missing_flag
        self.clip = clip

    def call(self, inputs):
        missing = ops.isnan(inputs)
        for value in self.missing_values:
            missing = ops.logical_or(missing, ops.equal(inputs, value))
        known = ops.where(missing, ops.full_like(inputs, self.mean), inputs)
        standard = ops.clip((known - self.mean) / self.scale, -self.clip, self.clip)
        if not self.missing_flag:
            return ops.expand_dims(standard, -1)
        return ops.stack([standard, ops.cast(missing, inputs.dtype)], axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape, 1 + self.missing_flag)

    def get_config(self):
        config = super().get_config()
        del config["trainable"]
        return {
            **config,
            "mean": self.mean,
            "scale": self.scale,
            "missing_values": list(self.missing_values),
            "missing_flag": self.missing_flag,
            "clip": self.clip,
        }
