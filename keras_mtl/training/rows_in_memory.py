"""Rows that are in memory as a whole, and batches of them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from keras_mtl.training.batch import Batch

__all__ = [
    "RowOrder",
    "hold_out_last_rows",
    "rows_in_memory",
]

_ARRAYS = (np.ndarray, tf.Tensor, pd.DataFrame, pd.Series)


def rows_in_memory(data: tuple[Any, ...]) -> Batch | None:
    """Makes one batch of all rows, if they are arrays.

    Args:
        data: Inputs, labels and sample weights, as `fit` takes them: arrays,
            tensors, data frames, or dicts and lists of them; or None.

    Returns:
        The rows as tensors, or None for anything else: a generator, a
        `tf.data.Dataset`, a sparse matrix.

    Raises:
        ValueError: When they differ in their numbers of rows.

    Example:

    >>> rows = rows_in_memory((np.ones((3, 2)), {"heart": np.ones(3)}, None))
    >>> rows.inputs.shape, rows.row_count
    (TensorShape([3, 2]), 3)
    """
    leaves = [leaf for leaf in keras.tree.flatten(data) if leaf is not None]
    if not leaves or not all(isinstance(leaf, _ARRAYS) for leaf in leaves):
        return None
    counts = sorted({int(leaf.shape[0]) for leaf in leaves})
    if len(counts) > 1:
        raise ValueError(
            "Expected inputs, labels and sample weights of the same number of rows. "
            f"Received: arrays of {', '.join(map(str, counts))} rows."
        )
    if any(np.dtype("O") in _dtypes(leaf) for leaf in leaves):
        return None
    return Batch(*[_map(_as_tensor, values) for values in data])


def hold_out_last_rows(rows: Batch, share: float) -> tuple[Batch, Batch]:
    """Cuts off the last rows, a share of all, as Keras's `validation_split`."""
    count = rows.row_count
    at = int(np.floor(count * (1.0 - share)))
    if not 0 < at < count:
        raise ValueError(
            "Expected `validation_split` to leave rows on both sides. Received: "
            f"{share} of {count} rows."
        )
    return rows.map(lambda array: array[:at]), rows.map(lambda array: array[at:])


class RowOrder:
    """Draws the order of the rows, an epoch at a time.

    Args:
        count: The number of rows.
        shuffle: Whether each epoch has an order of its own. It is drawn from
            NumPy's global seed, which `keras.utils.set_random_seed` sets.
    """

    def __init__(self, count: int, shuffle: bool) -> None:
        self.count = count
        self.generator = None
        if shuffle:
            self.generator = np.random.default_rng(np.random.randint(2**31))

    def draw(self) -> tf.Tensor:
        """Returns the next epoch's order of the rows' numbers, (N,)."""
        order = np.arange(self.count, dtype="int32")
        if self.generator is not None:
            self.generator.shuffle(order)
        return tf.constant(order)


def _map(function, values):
    if values is None:
        return None
    return keras.tree.map_structure(
        lambda leaf: None if leaf is None else function(leaf), values
    )


def _dtypes(values: Any) -> list[Any]:
    # Those of a frame's columns, or the one of an array.
    return list(values.dtypes) if hasattr(values, "columns") else [values.dtype]


def _as_tensor(values: Any) -> tf.Tensor:
    if isinstance(values, pd.DataFrame | pd.Series):
        values = values.to_numpy()
    if np.issubdtype(
        getattr(values.dtype, "as_numpy_dtype", values.dtype), np.floating
    ):
        return tf.cast(tf.convert_to_tensor(values), keras.config.floatx())
    return tf.convert_to_tensor(values)
