"""Cells of tables whose file says which cells are numbers."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

__all__ = ["mask_numbers"]


def mask_numbers(values: pd.Series, missing: Collection[str]) -> pd.Series:
    """Replace numbers that mean missing by NaN, and return words unchanged.

    Args:
        values: A column of numbers or of words.
        missing: The texts that mean a missing value, numbers among them.

    Example:

    >>> mask_numbers(pd.Series([1.0, -9.0]), {"", "-9"}).tolist()
    [1.0, nan]
    """
    found = pd.to_numeric(pd.Series(list(missing), dtype=object), errors="coerce")
    numbers = found.dropna().tolist()
    if not numbers or not pd.api.types.is_numeric_dtype(values.dtype):
        return values
    return values.mask(values.isin(numbers))
