"""Intervals of shares and of the AUC that are valid in small samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

__all__ = ["auc_interval", "proportion_interval"]

Floats = NDArray[np.float64]


def proportion_interval(
    hits: ArrayLike, rows: ArrayLike, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Return Wilson's confidence interval of a proportion (Wilson 1927).

    Unlike the usual symmetric interval, Wilson's interval stays between 0 and 1. Its
    width is not 0 if all rows or no rows are hits.

    Args:
        hits: The number of hits, of any shape.
        rows: The number of rows, of the same shape.
        level: The confidence level of the interval.

    Returns:
        The lower and the upper ends; 0 and 1 if there are no rows.

    Example:

    >>> low, high = proportion_interval(10, 10)
    >>> round(float(low), 3), round(float(high), 3)
    (0.722, 1.0)
    """
    count = np.asarray(rows, "float64")
    share = np.asarray(hits, "float64") / np.where(count > 0, count, 1)
    z2 = special.ndtri((1 + level) / 2) ** 2
    center = (share * count + z2 / 2) / (count + z2)
    half = np.sqrt(z2 * (share * (1 - share) * count + z2 / 4)) / (count + z2)
    # Against rounding errors: all hits have an upper end of 1, no hits a lower end of
    # 0.
    low = np.where(share == 0, 0.0, center - half)
    high = np.where(share == 1, 1.0, center + half)
    return low, np.where(count > 0, high, 1.0)


def auc_interval(
    auc: float, positives: int, negatives: int, level: float = 0.95
) -> tuple[float, float]:
    """Return Newcombe's confidence interval of an AUC (Newcombe 2006, method 5).

    The interval uses the variance of Hanley and McNeil and inverts the test: its ends
    are the AUC values that the measured AUC would just not reject. The interval stays
    between 0 and 1, and its width is not 0 if the AUC is 1.

    Args:
        auc: The AUC.
        positives: The number of positive rows.
        negatives: The number of negative rows.
        level: The confidence level of the interval.

    Returns:
        The lower and the upper end.

    Example:

    >>> low, high = auc_interval(1.0, positives=10, negatives=10)
    >>> round(low, 2), high
    (0.8, 1.0)
    """
    if positives < 1 or negatives < 1:
        return 0.0, 1.0
    z = float(special.ndtri((1 + level) / 2))
    balance = (positives + negatives) / 2 - 1

    def variance(value: float) -> float:
        unequal = (1 - value) / (2 - value) + value / (1 + value)
        return value * (1 - value) * (1 + balance * unequal) / (positives * negatives)

    def end(inside: float, outside: float) -> float:
        # Bisection: `inside` is within z standard errors of the AUC.
        if abs(outside - auc) <= z * np.sqrt(variance(outside)):
            return outside
        for _ in range(60):
            middle = (inside + outside) / 2
            if abs(middle - auc) <= z * np.sqrt(variance(middle)):
                inside = middle
            else:
                outside = middle
        return inside

    return (
        0.0 if auc <= 0 else end(auc, 0.0),
        1.0 if auc >= 1 else end(auc, 1.0),
    )
