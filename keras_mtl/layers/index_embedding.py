"""Trained vectors in place of indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.layers._column_embedding import check_columns

__all__ = ["IndexEmbedding"]


@keras.saving.register_keras_serializable(package="keras_mtl")
class IndexEmbedding(keras.layers.Layer):
    """Layer that replaces columns of indices with trained vectors.

    The first number of each vector replaces the index. The other numbers are appended
    after all columns, so that the other columns keep their positions.

    Indices are whole numbers in a float matrix, which are exact up to 2**24. One table
    has the vectors of all columns, and no one-hot matrix is computed.

    Args:
        columns: The positions of the columns of indices.
        counts: The number of indices of each column. A larger index counts as the
            largest one, and a negative index as 0.
        size: The length of the vectors.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A tensor of shape (N, columns).

    Call returns:
        A tensor of shape (N, columns + indices * (size - 1)).

    Example:

    >>> layer = IndexEmbedding([1], counts=[3], size=2)
    >>> layer.build((None, 2))
    >>> _ = layer.table.assign([[0.0, 0.0], [1.0, 10.0], [2.0, 20.0]])
    >>> layer(ops.convert_to_tensor([[7.0, 2.0], [8.0, 1.0]])).numpy().tolist()
    [[7.0, 2.0, 20.0], [8.0, 1.0, 10.0]]
    """

    def __init__(
        self,
        columns: Sequence[int],
        counts: Sequence[int],
        size: int = 8,
        **kwargs: Any,
    ) -> None:
        # Half precision is not exact for whole numbers above 2048.
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.columns = [int(column) for column in columns]
        self.counts = [int(count) for count in counts]
        self.size = int(size)
        check_columns(self.columns, self.size)
        if len(self.counts) != len(self.columns) or min(self.counts) < 1:
            raise ValueError(
                "Invalid value received for argument `counts`. Expected a number of 1 "
                f"or more for each of {len(self.columns)} columns. Received: {counts}"
            )
        self._last = np.asarray(self.counts, "int32") - 1
        self._first = np.concatenate([[0], np.cumsum(self.counts)[:-1]]).astype("int32")

    def build(self, input_shape):
        self.table = self.add_weight(
            name="table",
            shape=(sum(self.counts), self.size),
            initializer=keras.initializers.RandomUniform(-0.05, 0.05),
        )
        width, added = int(input_shape[1]), len(self.columns) * self.size
        # The source of each column: the inputs, or the vectors after them.
        order = [*range(width)]
        rest = [*range(width, width + added)]
        for number, column in enumerate(self.columns):
            order[column] = width + number * self.size
            rest.remove(order[column])
        self._order = np.asarray(order + rest, "int32")
        self.built = True

    def call(self, inputs):
        indices = ops.cast(ops.round(ops.take(inputs, self.columns, axis=1)), "int32")
        indices = ops.clip(indices, 0, self._last) + self._first
        # After a reshape, the gradient is a plain tensor, as for other weights.
        table = ops.reshape(self.table, (sum(self.counts), self.size))
        vectors = ops.take(table, indices, axis=0)
        flat = ops.reshape(vectors, (-1, len(self.columns) * self.size))
        together = ops.concatenate([inputs, flat], axis=1)
        return ops.take(together, self._order, axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[1] + len(self.columns) * (self.size - 1))

    def get_config(self):
        return {
            **super().get_config(),
            "columns": self.columns,
            "counts": self.counts,
            "size": self.size,
        }
