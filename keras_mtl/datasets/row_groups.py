"""Which rows must stay together in a split."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import (
    connected_components,
)

from keras_mtl.datasets.column_store import Rows
from keras_mtl.datasets.row_hashes import row_hashes
from keras_mtl.errors import DataWarning

__all__ = ["row_groups"]


def row_groups(
    frame: Rows, columns: Sequence[str], group: ArrayLike | None = None
) -> NDArray[np.int64]:
    """Numbers the groups of rows that must stay on one side of a split.

    Rows that are identical in `columns` make one group; NaN is equal to NaN.
    With `group`, all rows of one patient or site make one group, too. Where
    identical rows belong to two patients, those patients make one group, since
    nothing else keeps both promises; a `DataWarning` tells how many are joined.

    Args:
        frame: A DataFrame of `N` rows.
        columns: Names of the columns over which rows are compared. If there is
            none, no rows count as identical.
        group: `(N,)` values such as patient or site. A row without a value is
            bound to no other, except for identical ones. Defaults to `None`.

    Returns:
        `(N,)` group numbers from 0, in the order in which they appear.

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
    # A graph whose nodes are the distinct rows and the patients.
    nodes = distinct + len(names)
    edges = coo_array(
        (np.ones(known.sum(), bool), (identical[known], distinct + given[known])),
        shape=(nodes, nodes),
    )
    _, component = connected_components(edges, directed=False)
    joined = len(names) - len(np.unique(component[distinct:]))
    if joined:
        warnings.warn(
            f"Identical rows belong to different groups: {len(names)} groups were "
            f"joined into {len(names) - joined}, so that identical rows stay on one "
            "side of a split.",
            DataWarning,
            stacklevel=2,
        )
    return _renumber(component[identical])


def _renumber(groups: NDArray[Any]) -> NDArray[np.int64]:
    return pd.factorize(groups)[0].astype(np.int64)
