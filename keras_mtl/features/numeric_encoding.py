"""The layer of a numeric feature."""

import keras
from keras import ops

from keras_mtl.features.standardize import LARGEST_NUMBER, standardize_share

__all__ = ["NumericEncoding"]

# In standard deviations. A value far outside the training range is answered as
# one at this edge: finite, and not far from anything the network has seen.
CLIP = 10.0


@keras.saving.register_keras_serializable(package="keras_mtl")
class NumericEncoding(keras.layers.Layer):
    """Standardises a number, and answers a missing one with the mean.

    The columns are the number; for each of `levels` whether the number is that
    level; and whether it is missing. The latter are standardised too.

    NaN and each of `missing_values` mean missing. Infinities and extremes are
    clipped, so that no input gives an answer that is not finite.

    Args:
        mean: The training mean.
        scale: The training standard deviation.
        missing_values: Numbers that mean missing.
        missing_share: The share of training rows that miss the number; None
            leaves out the column that says so.
        levels: Values with a column of their own.
        level_shares: The share of training rows with each.
        clip: The largest distance from the mean, in standard deviations.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: float32 of shape (N,).

    Returns:
        float32 of shape (N, columns).

    Example:

    >>> import numpy as np
    >>> layer = NumericEncoding(
    ...     mean=200.0, scale=50.0, missing_values=(0,), missing_share=0.2
    ... )
    >>> layer(np.array([250.0, 0.0, np.nan, 1e30], "float32")).numpy().tolist()
    [[1.0, -0.5], [0.0, 2.0], [0.0, 2.0], [10.0, -0.5]]
    """

    def __init__(
        self,
        mean=0.0,
        scale=1.0,
        missing_values=(),
        missing_share=None,
        levels=(),
        level_shares=(),
        clip=CLIP,
        **kwargs,
    ):
        kwargs.setdefault("dtype", "float32")
        super().__init__(trainable=False, **kwargs)
        self.mean = mean
        self.scale = scale
        self.missing_values = tuple(missing_values)
        self.missing_share = missing_share
        self.levels = tuple(levels)
        self.level_shares = tuple(level_shares)
        self.clip = clip

    def call(self, inputs):
        missing = ops.isnan(inputs)
        for value in self.missing_values:
            missing = ops.logical_or(missing, ops.equal(inputs, value))
        known = ops.where(missing, ops.full_like(inputs, self.mean), inputs)
        known = ops.clip(known, -LARGEST_NUMBER, LARGEST_NUMBER)
        standard = ops.clip((known - self.mean) / self.scale, -self.clip, self.clip)
        columns = [standard]
        present = ops.logical_not(missing)
        for level, share in zip(self.levels, self.level_shares, strict=True):
            hit = ops.logical_and(present, ops.equal(inputs, level))
            columns.append(_standardize(hit, share))
        if self.missing_share is not None:
            columns.append(_standardize(missing, self.missing_share))
        return ops.stack(columns, axis=-1)

    def compute_output_shape(self, input_shape):
        columns = 1 + len(self.levels) + (self.missing_share is not None)
        return (*input_shape, columns)

    def get_config(self):
        config = super().get_config()
        del config["trainable"]
        return {
            **config,
            "mean": self.mean,
            "scale": self.scale,
            "missing_values": list(self.missing_values),
            "missing_share": self.missing_share,
            "levels": list(self.levels),
            "level_shares": list(self.level_shares),
            "clip": self.clip,
        }


def _standardize(truth, share):
    zero, one = standardize_share(share)
    return ops.where(truth, one, zero)
