"""Order of a matrix's columns by their features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

__all__ = ["join_in_feature_order"]


def join_in_feature_order(
    parts: Sequence[Any], positions: Sequence[Sequence[int] | np.ndarray]
) -> Any:
    """Join matrices, with all columns of a feature side by side.

    Args:
        parts: Matrices of shape (N, columns).
        positions: For each matrix, the positions of its columns' features. Columns of
            one feature keep their order.

    Returns:
        A matrix of shape (N, all columns).

    Example:

    >>> numbers, flags = np.array([[1.0, 2.0]]), np.array([[0.1, 0.2]])
    >>> joined = join_in_feature_order([numbers, flags], [[0, 1], [0, 1]])
    >>> ops.convert_to_numpy(joined).tolist()
    [[1.0, 0.1, 2.0, 0.2]]
    """
    matrix = parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)
    order = np.argsort(np.concatenate(positions), kind="stable")
    if np.all(np.diff(order) == 1):
        return matrix
    return ops.take(matrix, order, axis=-1)
