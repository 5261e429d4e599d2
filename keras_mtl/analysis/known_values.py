"""Means of partly unknown values."""

from __future__ import annotations

import numpy as np

__all__ = ["known_mean"]


def known_mean(values: np.ndarray) -> np.ndarray:
    """Return the mean of the known entries over the first axis.

    Args:
        values: Values of shape (n, ...), NaN where unknown.

    Returns:
        The means; NaN where no entry is known.

    Example:

    >>> known_mean(np.array([[0.1, np.nan], [0.3, np.nan]])).tolist()
    [0.2, nan]
    """
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
