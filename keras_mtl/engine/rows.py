"""Rows in memory, and their order in batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from keras_mtl.blocks.batch import Batch

__all__ = [
    "RowOrder",
    "batch_order",
    "gather_rows",
    "hold_out_last_rows",
    "pad_rows",
    "rows_in_memory",
    "rows_in_order",
    "steps_per_epoch",
]

# The index that stands for no row, for members with fewer rows than others.
NO_ROW = -1
# The rows of each member per call. The layers' outputs on all rows of a large table
# would need more memory than the table. More rows per call are not faster.
ROWS_PER_CALL = 4096


def pad_rows(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Put members' row indices into one array, (K, most rows), filled with `NO_ROW`.

    Example:

    >>> pad_rows([np.array([4, 2]), np.array([7])]).tolist()
    [[4, 2], [7, -1]]
    """
    most = max(len(member) for member in rows)
    padded = np.full((len(rows), most), NO_ROW, dtype="int32")
    for index, member in enumerate(rows):
        padded[index, : len(member)] = member
    return padded


def rows_in_order(
    rows: Sequence[np.ndarray], batch_size: int = ROWS_PER_CALL
) -> np.ndarray:
    """Put members' rows into batches in their order, for an evaluation.

    Args:
        rows: For each member its row indices.
        batch_size: The largest number of rows per batch.

    Returns:
        int32 of shape (steps, K, rows of a batch), filled with `NO_ROW`.

    Example:

    >>> rows_in_order([np.array([4, 2, 0]), np.array([7])], batch_size=2).tolist()
    [[[4, 2], [7, -1]], [[0, -1], [-1, -1]]]
    """
    padded = pad_rows(rows)
    most = padded.shape[1]
    steps = max(1, -(-most // batch_size))
    width = most if steps == 1 else batch_size
    order = np.full((len(rows), steps * width), NO_ROW, dtype="int32")
    order[:, :most] = padded
    batches = order.reshape(len(rows), steps, width)
    return np.ascontiguousarray(batches.transpose(1, 0, 2))


def steps_per_epoch(rows: Sequence[np.ndarray], batch_size: int) -> int:
    """Return the number of batches per epoch of the member with the most rows."""
    return -(-max(len(member) for member in rows) // batch_size)


def batch_order(
    rows: Sequence[np.ndarray],
    batch_size: int,
    generators: Sequence[np.random.Generator],
) -> np.ndarray:
    """Shuffle each member's rows into the batches of one epoch.

    Each member's order is drawn from its own generator, so it does not depend on the
    other members.

    Args:
        rows: For each member its row indices.
        batch_size: The number of rows per batch; the last batch may have fewer.
        generators: The members' random generators.

    Returns:
        int32 of shape (K, steps, batch_size), filled with `NO_ROW`.
    """
    steps = steps_per_epoch(rows, batch_size)
    order = np.full((len(rows), steps * batch_size), NO_ROW, dtype="int32")
    for index, (member, generator) in enumerate(zip(rows, generators, strict=True)):
        order[index, : len(member)] = generator.permutation(member)
    return order.reshape(len(rows), steps, batch_size)


def gather_rows(matrix: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Read rows, for example from a disk.

    Args:
        matrix: float32 of shape (N, ...), for example a `np.memmap`.
        order: The indices of the rows, an array of any shape. `NO_ROW` reads the first
            row.

    Returns:
        float32 of shape (*order.shape, ...).

    Example:

    >>> matrix = np.arange(6, dtype="float32").reshape(3, 2)
    >>> gather_rows(matrix, np.array([[2, 0], [1, NO_ROW]])).tolist()
    [[[4.0, 5.0], [0.0, 1.0]], [[2.0, 3.0], [0.0, 1.0]]]
    """
    # A plain array avoids the subclass's overhead in each call.
    return np.asarray(matrix)[np.maximum(order, 0)]


_ARRAYS = (np.ndarray, tf.Tensor, pd.DataFrame, pd.Series)


def rows_in_memory(data: tuple[Any, ...]) -> Batch | None:
    """Make one batch of all rows, if they are arrays.

    Args:
        data: Inputs, labels and sample weights, as for `fit`: arrays, tensors,
            DataFrames, or dicts and lists of them; or None.

    Returns:
        The rows as tensors, or None for other data, such as a generator, a
        `tf.data.Dataset` or a sparse matrix.

    Raises:
        ValueError: If the arrays differ in their numbers of rows.

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
    """Split off the last rows, a share of all, like Keras's `validation_split`."""
    count = rows.row_count
    at = int(np.floor(count * (1.0 - share)))
    if not 0 < at < count:
        raise ValueError(
            "Expected `validation_split` to leave rows on both sides. Received: "
            f"{share} of {count} rows."
        )
    return rows.map(lambda array: array[:at]), rows.map(lambda array: array[at:])


class RowOrder:
    """The order of the rows in each epoch.

    Args:
        count: The number of rows.
        shuffle: Whether to draw a new order for each epoch, from NumPy's global
            generator, which `keras.utils.set_random_seed` seeds.
    """

    def __init__(self, count: int, shuffle: bool) -> None:
        self.count = count
        self.generator = None
        if shuffle:
            self.generator = np.random.default_rng(np.random.randint(2**31))

    def draw(self) -> np.ndarray:
        """Return the rows' indices in the order of the next epoch, (N,)."""
        order = np.arange(self.count, dtype="int32")
        if self.generator is not None:
            self.generator.shuffle(order)
        return order


def _map(function: Callable[[Any], Any], values: Any) -> Any:
    if values is None:
        return None
    return keras.tree.map_structure(
        lambda leaf: None if leaf is None else function(leaf), values
    )


def _dtypes(values: Any) -> list[Any]:
    # A frame has one dtype per column, an array has a single one.
    return list(values.dtypes) if hasattr(values, "columns") else [values.dtype]


def _as_tensor(values: Any) -> tf.Tensor:
    if isinstance(values, pd.DataFrame | pd.Series):
        values = values.to_numpy()
    if np.issubdtype(
        getattr(values.dtype, "as_numpy_dtype", values.dtype), np.floating
    ):
        return tf.cast(tf.convert_to_tensor(values), keras.config.floatx())
    return tf.convert_to_tensor(values)
