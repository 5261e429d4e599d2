"""The layer that restores the features' order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras

from keras_mtl.features._column_order import join_in_feature_order

__all__ = ["JoinBlocks"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class JoinBlocks(keras.layers.Layer):
    """Layer that joins the encoded columns of several kinds in the features' order.

    Args:
        positions: For each block, the positions of its columns' features among all
            features.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A list of matrices of shape (N, columns), one per block.

    Returns:
        A matrix of shape (N, all columns).
    """

    def __init__(self, positions: Iterable[Iterable[int]], **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(trainable=False, **kwargs)
        self.positions = [list(block) for block in positions]

    def call(self, inputs):
        return join_in_feature_order(inputs, self.positions)

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], sum(map(len, self.positions)))

    def get_config(self):
        config = super().get_config()
        del config["trainable"]
        return {**config, "positions": [list(block) for block in self.positions]}
