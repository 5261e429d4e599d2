"""A trained factor for each column (Holzmueller et al. 2024)."""

from __future__ import annotations

import keras

__all__ = ["ColumnScaling"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class ColumnScaling(keras.layers.Layer):
    """Layer that multiplies each column by a trained factor, initially 1.

    This is the scaling layer of RealMLP (Holzmüller et al. 2024). A factor scales all
    weights of its column at once, so a network learns quickly which columns matter.
    Weight decay does not apply to the factors.

    Args:
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A tensor of shape (N, columns).

    Call returns:
        A tensor of the same shape.

    Example:

    >>> layer = ColumnScaling()
    >>> layer.build((None, 2))
    >>> _ = layer.factor.assign([3.0, 0.0])
    >>> layer(keras.ops.convert_to_tensor([[1.0, 5.0]])).numpy().tolist()
    [[3.0, 0.0]]
    """

    def build(self, input_shape):
        self.factor = self.add_weight(
            name="factor", shape=(int(input_shape[-1]),), initializer="ones"
        )
        self.built = True

    def call(self, inputs):
        return inputs * self.factor

    def compute_output_shape(self, input_shape):
        return input_shape
