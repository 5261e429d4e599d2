"""Standardization of numbers, and of columns of zeros and ones."""

from __future__ import annotations

import math

__all__ = ["LARGEST_NUMBER", "standardize_share"]

# Larger numbers are clipped to this one: their distances and the reciprocals of their
# spread would not be finite in float32.
LARGEST_NUMBER = 1e30


def standardize_share(share: float) -> tuple[float, float]:
    """Return the standardized 0 and 1 of a column with a share of ones.

    A rare 1 becomes large: like an unusual number, it is many standard deviations from
    the mean.

    Args:
        share: The share of training rows with a 1.

    Returns:
        The standardized 0 and 1; both are 0 if all rows have the same value.

    Example:

    >>> standardize_share(0.2)
    (-0.5, 2.0)
    """
    spread = math.sqrt(share * (1 - share))
    if spread == 0:
        return 0.0, 0.0
    return -share / spread, (1 - share) / spread
