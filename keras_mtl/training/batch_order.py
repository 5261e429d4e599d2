"""Which rows are in which batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["batch_order", "pad_rows", "rows_in_order", "steps_an_epoch"]

# Stands for no row where members have fewer rows than others.
NO_ROW = -1
# Of each member: the layers' outputs on all rows of a large table at once would
# need more memory than the table. More rows a call are no faster.
ROWS_A_CALL = 4096


def pad_rows(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Puts members' row numbers in one array, (K, most rows), with `NO_ROW`.

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
    rows: Sequence[np.ndarray], batch_size: int = ROWS_A_CALL
) -> np.ndarray:
    """Puts members' rows into batches as they are, to answer and not to learn.

    Args:
        rows: For each member its row numbers.
        batch_size: The rows of a batch at most.

    Returns:
        int32 of shape (steps, K, rows of a batch), with `NO_ROW` where a batch
        has no more rows.

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


def steps_an_epoch(rows: Sequence[np.ndarray], batch_size: int) -> int:
    """Returns the batches an epoch of the member with most rows."""
    return -(-max(len(member) for member in rows) // batch_size)


def batch_order(
    rows: Sequence[np.ndarray],
    batch_size: int,
    generators: Sequence[np.random.Generator],
) -> np.ndarray:
    """Shuffles each member's rows into the batches of one epoch.

    A member's order is drawn from its own generator, so that it does not
    depend on the members beside it.

    Args:
        rows: For each member its row numbers.
        batch_size: The rows of a batch; the last one may have fewer.
        generators: For each member its source of chance.

    Returns:
        int32 of shape (K, steps, batch_size), with `NO_ROW` where a batch has
        no more rows.
    """
    steps = steps_an_epoch(rows, batch_size)
    order = np.full((len(rows), steps * batch_size), NO_ROW, dtype="int32")
    for index, (member, generator) in enumerate(zip(rows, generators, strict=True)):
        order[index, : len(member)] = generator.permutation(member)
    return order.reshape(len(rows), steps, batch_size)
