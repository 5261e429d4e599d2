"""Standardization of numbers, and of columns of zeros and ones."""

from __future__ import annotations

import math

__all__ = ["LARGEST_NUMBER", "SMALLEST_SPREAD", "standardize_share"]

# Larger numbers are clipped to this one: their distances and the reciprocals of their
# spread would not be finite in float32.
LARGEST_NUMBER = 1e30

# The standard deviation of a share of 10 %.
SMALLEST_SPREAD = 0.3


def standardize_share(
    share: float, smallest_spread: float = SMALLEST_SPREAD
) -> tuple[float, float]:
    """Return the standardized 0 and 1 of a column with a share of ones.

    The column is centered and divided by its standard deviation, or by
    `smallest_spread` if that is larger, so a rare 1 is at most 3.3 away from the usual
    0. Without this limit, the distance grows as the 1 becomes rarer. A network would
    then learn the one training row with a missing number by heart, and repeat its
    labels with a probability near 1 for any other such row.

    Args:
        share: The share of training rows with a 1.
        smallest_spread: The smallest divisor.

    Returns:
        The standardized 0 and 1; both are 0 if all rows have the same value.

    Example:

    >>> standardize_share(0.2)
    (-0.5, 2.0)
    >>> zero, one = standardize_share(0.001)
    >>> round(zero, 3), round(one, 2)
    (-0.003, 3.33)
    """
    spread = math.sqrt(share * (1 - share))
    if spread == 0:
        return 0.0, 0.0
    spread = max(spread, smallest_spread)
    return -share / spread, (1 - share) / spread
