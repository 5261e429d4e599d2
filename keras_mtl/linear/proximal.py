"""Exact proximal operators of the penalties of linear models.

The proximal operator of a function f with step t at V is the W that minimizes `f(W) +
||W - V||^2 / (2 t)`. The threshold of all functions here is t times the penalty's
strength.
"""

from __future__ import annotations

import numpy as np

__all__ = [
    "capped_shares",
    "clip_rows",
    "shrink_rows",
    "shrink_singular_values",
    "soft_threshold",
]


def soft_threshold(values: np.ndarray, threshold: float) -> np.ndarray:
    """Apply the proximal operator of the sum of absolute values.

    Args:
        values: An array of any shape.
        threshold: The threshold, 0 or more.

    Example:

    >>> soft_threshold(np.array([3.0, -0.5, -2.0]), 1.0)
    array([ 2., -0., -1.])
    """
    return np.sign(values) * np.maximum(np.abs(values) - threshold, 0.0)


def shrink_rows(values: np.ndarray, threshold: float) -> np.ndarray:
    """Apply the proximal operator of the sum of the rows' Euclidean norms.

    Args:
        values: The values, (d, K).
        threshold: The threshold, 0 or more.

    Example:

    >>> shrink_rows(np.array([[3.0, 4.0], [0.3, 0.4]]), 1.0).round(3)
    array([[2.4, 3.2], [0. , 0. ]])
    """
    norms = np.sqrt(np.einsum("dk,dk->d", values, values))
    kept = np.maximum(norms - threshold, 0.0)
    # A row of zeros stays zero for any divisor.
    return values * (kept / np.where(norms > 0, norms, 1.0))[:, None]


def clip_rows(values: np.ndarray, threshold: float) -> np.ndarray:
    """Apply the proximal operator of the sum of the rows' largest absolute values.

    By Moreau's decomposition, the result is the difference between a row and its
    projection on the l1 ball, which sorting computes exactly (Duchi 2008).

    Args:
        values: The values, (d, K).
        threshold: The radius of the ball, 0 or more.

    Example:

    >>> clip_rows(np.array([[3.0, 1.0], [0.2, 0.3]]), 1.0)
    array([[2., 1.], [0., 0.]])
    """
    sizes = np.abs(values)
    ordered = -np.sort(-sizes, axis=1)
    # The largest remaining value if the first j + 1 entries are clipped to it.
    levels = (np.cumsum(ordered, axis=1) - threshold) / np.arange(1, sizes.shape[1] + 1)
    clipped = np.maximum((ordered > levels).sum(axis=1), 1)
    level = np.maximum(levels[np.arange(len(levels)), clipped - 1], 0.0)
    return np.sign(values) * np.minimum(sizes, level[:, None])


def shrink_singular_values(values: np.ndarray, threshold: float) -> np.ndarray:
    """Apply the proximal operator of the sum of the singular values.

    Args:
        values: The values, (d, K).
        threshold: The threshold, 0 or more.

    Example:

    >>> shrink_singular_values(np.diag([3.0, 0.5]), 1.0)
    array([[2., 0.], [0., 0.]])
    """
    left, sizes, right = np.linalg.svd(values, full_matrices=False)
    kept = np.maximum(sizes - threshold, 0.0)
    rank = int((kept > 0).sum())
    return (left[:, :rank] * kept[:rank]) @ right[:rank]


def capped_shares(sizes: np.ndarray, offset: float, total: float) -> np.ndarray:
    """Return the shares `min(max(x sizes - offset, 0), 1)` that add up to a total.

    The shares minimize `sum(sizes^2 / (offset + shares))` over shares between 0 and 1
    with this sum. The sum grows with x and is linear between the values of x where a
    share leaves 0 or reaches 1, so x is found exactly.

    Args:
        sizes: The sizes, numbers of 0 or more, (K,).
        offset: The offset, a number above 0.
        total: The sum of the shares, from 0 to K. If fewer sizes are above 0, their
            shares are 1.

    Example:

    >>> capped_shares(np.array([4.0, 2.0, 0.5]), 0.1, 1.0).round(3)
    array([0.7, 0.3, 0. ])
    """
    positive = sizes > 0
    if positive.sum() <= total:
        return positive.astype(float)
    some = sizes[positive]
    knots = np.sort(np.concatenate([offset / some, (offset + 1.0) / some]))
    sums = np.clip(np.outer(knots, some) - offset, 0.0, 1.0).sum(axis=1)
    last = int(np.searchsorted(sums, total))
    if last == 0:
        level = knots[0]
    else:
        low, high = sums[last - 1], sums[last]
        part = (total - low) / (high - low)
        level = knots[last - 1] + part * (knots[last] - knots[last - 1])
    return np.clip(level * sizes - offset, 0.0, 1.0)
