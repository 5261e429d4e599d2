"""Constants for columns of a network's training data that new data lack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

__all__ = ["FillColumns"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class FillColumns(keras.layers.Layer):
    """Layer that inserts columns of constants between the columns of the inputs.

    Args:
        positions: The position in the outputs of each column of the inputs.
        others: The positions in the outputs of the constant columns.
        values: The constants, in the order of `others`.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A tensor of shape (N, columns).

    Call returns:
        A tensor of shape (N, columns + constants).

    Example:

    >>> layer = FillColumns([2, 0], others=[1], values=[0.5])
    >>> layer(ops.convert_to_tensor([[7.0, 8.0]])).numpy().tolist()
    [[8.0, 0.5, 7.0]]
    """

    def __init__(
        self,
        positions: Sequence[int],
        others: Sequence[int],
        values: Sequence[float],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.positions = [int(each) for each in positions]
        self.others = [int(each) for each in others]
        self.values = [float(each) for each in values]
        width = len(self.positions) + len(self.others)
        if sorted(self.positions + self.others) != list(range(width)):
            raise ValueError(
                "Invalid value received for `positions` and `others`. Expected each "
                f"position from 0 to {width - 1} once. Received: {positions} and "
                f"{others}"
            )

    def call(self, inputs):
        constants = ops.convert_to_tensor([self.values], dtype=inputs.dtype)
        rows = ops.shape(inputs)[0]
        filled = ops.broadcast_to(constants, (rows, len(self.values)))
        together = ops.concatenate([inputs, filled], axis=1)
        found = [*self.positions, *self.others]
        order = [found.index(position) for position in range(len(found))]
        return ops.take(together, order, axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], len(self.positions) + len(self.others))

    def get_config(self):
        return {
            **super().get_config(),
            "positions": self.positions,
            "others": self.others,
            "values": self.values,
        }
