"""Base class of layers that embed some columns of a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

__all__ = ["ColumnEmbedding", "check_columns"]


class ColumnEmbedding(keras.layers.Layer):
    """Base class of layers that append the embeddings of some columns.

    All columns of the inputs keep their positions. A subclass writes `embed`.

    Args:
        columns: The positions of the embedded columns.
        size: The number of columns that each embedding adds.
        **kwargs: See `keras.layers.Layer`.
    """

    def __init__(self, columns: Sequence[int], size: int, **kwargs: Any) -> None:
        # Distances, angles and indices would be inexact in half precision.
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.columns = [int(column) for column in columns]
        self.size = int(size)
        check_columns(self.columns, self.size)

    def embed(self, numbers: Any) -> Any:
        """Return the embeddings, (N, C, size), of the columns, (N, C)."""
        raise NotImplementedError

    def call(self, inputs):
        numbers = ops.take(inputs, self.columns, axis=1)
        flat = ops.reshape(self.embed(numbers), (-1, len(self.columns) * self.size))
        return ops.concatenate([inputs, flat], axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[1] + len(self.columns) * self.size)

    def get_config(self):
        return {**super().get_config(), "columns": self.columns, "size": self.size}


def check_columns(columns: Sequence[int], size: int) -> None:
    """Check the columns and the size of embeddings.

    Raises:
        ValueError: If `columns` is empty, has a column twice, or `size` is not
            positive.
    """
    if not columns or len(set(columns)) < len(columns) or min(columns) < 0:
        raise ValueError(
            "Invalid value received for argument `columns`. Expected at least one "
            f"position, each once and none negative. Received: {list(columns)}"
        )
    if size < 1:
        raise ValueError(
            "Invalid value received for argument `size`. Expected a number of 1 or "
            f"more. Received: {size}"
        )
