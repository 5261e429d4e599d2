"""A number for each row that tells whether two rows are identical."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from keras_mtl.datasets.column_store import Rows

__all__ = ["row_hashes"]

Hashes = NDArray[np.uint64]

# The constants of SplitMix64 (Steele, Lea and Flood 2014, figure 14).
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)


def row_hashes(frame: Rows, columns: Sequence[str]) -> Hashes:
    """Hashes rows to 64 bits, one column after the other.

    Identical rows have the same hash; NaN is equal to NaN, and 0.0 to -0.0.
    Other rows differ but for chance: among a million rows, two that differ get
    the same hash once in 40 million tables.

    Args:
        frame: The rows.
        columns: The columns over which they are compared.

    Returns:
        uint64 of shape (N,).

    Example:

    >>> frame = pd.DataFrame({"age": [63.0, 67.0, 63.0], "sex": ["f", "f", "f"]})
    >>> hashes = row_hashes(frame, ["age", "sex"])
    >>> bool(hashes[0] == hashes[2]), bool(hashes[0] == hashes[1])
    (True, False)
    """
    hashes = np.zeros(len(frame), np.uint64)
    for name in columns:
        # What went before is mixed, so that the columns' order matters.
        hashes = _mix(hashes ^ _mix(_bits(frame[name])))
    return hashes


def _bits(values: pd.Series) -> Hashes:
    """Gives equal values the same 64 bits, and others other ones."""
    numbers: NDArray[Any]
    if pd.api.types.is_float_dtype(values):
        numbers = values.to_numpy("float64", na_value=np.nan) + 0.0
        numbers[np.isnan(numbers)] = np.nan
    elif pd.api.types.is_signed_integer_dtype(values) and not values.hasnans:
        numbers = values.to_numpy("int64")
    else:
        numbers = pd.factorize(values)[0].astype("int64")
    return numbers.view(np.uint64)


def _mix(hashes: Hashes) -> Hashes:
    with np.errstate(over="ignore"):
        hashes = hashes + GOLDEN
        hashes = (hashes ^ (hashes >> np.uint64(30))) * FIRST
        hashes = (hashes ^ (hashes >> np.uint64(27))) * SECOND
    return hashes ^ (hashes >> np.uint64(31))
