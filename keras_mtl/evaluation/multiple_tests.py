"""Correction of p values for the number of tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["holm"]


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust p values for several tests by Holm's method (1979).

    If hypotheses with an adjusted p value up to 0.05 are rejected, the probability that
    any true hypothesis is rejected is at most 0.05, with any dependence between the
    tests.

    Args:
        p_values: P values of shape (N,). NaN means a test that was not possible; it
            stays NaN and is not counted.

    Returns:
        The adjusted p values in the same order, of shape (N,).

    Example:

    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, "float64").reshape(-1)
    adjusted = np.full(values.shape, np.nan)
    known = np.flatnonzero(~np.isnan(values))
    if (values[known] < 0).any() or (values[known] > 1).any():
        raise ValueError(
            "Invalid value received for argument `p_values`. Expected numbers between "
            f"0 and 1. Received: p_values={values.tolist()}"
        )
    order = known[np.argsort(values[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(factors * values[order]))
    return adjusted
