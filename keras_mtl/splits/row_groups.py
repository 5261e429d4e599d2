"""Groups of rows that stay on one side of a split."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.util import hash_array
from scipy.sparse import coo_array
from scipy.sparse.csgraph import (
    connected_components,
)

from keras_mtl.errors import warn_of_data
from keras_mtl.tables.column_store import Rows

__all__ = ["row_groups", "row_hashes"]

Hashes = NDArray[np.uint64]


def row_hashes(frame: Rows, columns: Sequence[str]) -> Hashes:
    """Hash rows to 64 bits, one column after the other.

    Identical rows have the same hash; NaN is equal to NaN, and 0.0 to -0.0. Different
    rows have the same hash only by chance: among a million rows, this happens once in
    40 million tables.

    Args:
        frame: The rows.
        columns: The names of the columns by which rows are compared.

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
        # The hash so far is mixed, so the order of the columns matters.
        hashes = hash_array(hashes ^ hash_array(_bits(frame[name])))
    return hashes


def _bits(values: pd.Series) -> Hashes:
    """Map values to 64 bits, which are the same only for equal values."""
    numbers: NDArray[Any]
    if pd.api.types.is_float_dtype(values):
        numbers = values.to_numpy("float64", na_value=np.nan) + 0.0
        numbers[np.isnan(numbers)] = np.nan
    elif pd.api.types.is_signed_integer_dtype(values) and not values.hasnans:
        numbers = values.to_numpy("int64")
    else:
        numbers = pd.factorize(values)[0].astype("int64")
    return numbers.view(np.uint64)


def row_groups(
    frame: Rows, columns: Sequence[str], group: ArrayLike | None = None
) -> NDArray[np.int64]:
    """Number the groups of rows that must stay on one side of a split.

    Rows that are identical in `columns` are one group; NaN is equal to NaN. With
    `group`, all rows with the same value, such as a patient or a site, are one group
    too. If identical rows belong to two patients, these patients become one group, and
    a `DataWarning` reports how many were joined.

    Args:
        frame: A DataFrame of `N` rows.
        columns: Names of the columns by which rows are compared. If empty, no rows
            count as identical.
        group: Values of shape `(N,)`, such as patient or site. A row without a value is
            grouped only with identical rows. Defaults to `None`.

    Returns:
        The group of each row, integers of shape `(N,)` from 0, numbered in the order of
        their first row.

    Example:

    >>> frame = pd.DataFrame({"age": [63, 67, 63], "chol": [None, 286, None]})
    >>> row_groups(frame, ["age", "chol"])
    array([0, 1, 0])
    """
    rows = len(frame)
    if columns and rows:
        identical = _renumber(row_hashes(frame, columns))
    else:
        identical = np.arange(rows, dtype=np.int64)
    if group is None:
        return _renumber(identical)
    given: NDArray[Any]
    given, names = pd.factorize(pd.Series(np.asarray(group)))
    if given.shape != (rows,):
        raise ValueError(
            f"Invalid shape of argument `group`. Expected ({rows},), one value for "
            f"each row. Received: {given.shape}"
        )
    known = given >= 0
    distinct = int(identical.max(initial=-1)) + 1
    # A graph with the distinct rows and the patients as nodes.
    nodes = distinct + len(names)
    edges = coo_array(
        (np.ones(known.sum(), bool), (identical[known], distinct + given[known])),
        shape=(nodes, nodes),
    )
    _, component = connected_components(edges, directed=False)
    joined = len(names) - len(np.unique(component[distinct:]))
    if joined:
        warn_of_data(
            f"Identical rows belong to different groups: {len(names)} groups were "
            f"joined into {len(names) - joined}, so that identical rows stay on one "
            "side of a split."
        )
    return _renumber(component[identical])


def _renumber(groups: NDArray[Any]) -> NDArray[np.int64]:
    return pd.factorize(groups)[0].astype(np.int64)
