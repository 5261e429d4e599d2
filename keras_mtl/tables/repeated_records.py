"""Tables with several rows per person, one below the other."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from keras_mtl.tables.column_store import Rows, rows_between

__all__ = ["RepeatedRecords", "repeated_records"]

# Fewer rows, columns or runs may be alike by chance or by the order of the table.
LEAST_ROWS = 200
LEAST_COLUMNS = 5
LEAST_RUNS = 20
MOST_ROWS = 5_000
# If random cells of a column are equal this often, the column does not distinguish
# persons.
MOST_COMMON = 0.9
# Rows with this share of equal cells count as alike.
SHARED = 2 / 3
# The smallest excess of alike neighbors over random pairs, as a share of the possible
# excess.
LEAST_EXCESS = 0.6
# After the last row of a person, the next row has no more in common with it than random
# rows. In a table that is sorted by several columns, the next row has more in common.
MOST_AT_ENDS = 0.2


@dataclass(frozen=True)
class RepeatedRecords:
    """The evidence that neighboring rows are records of one person or thing.

    Attributes:
        columns: The columns that are compared.
        shared: The number of equal cells from which two rows count as alike.
        neighbors: The share of rows that are like the row before.
        at_random: The share of random pairs of rows that are alike.
    """

    columns: tuple[str, ...]
    shared: int
    neighbors: float
    at_random: float

    def number_runs(self, frame: Rows) -> np.ndarray:
        """Number the runs of rows that are alike, from 0.

        Args:
            frame: The rows, N of them.

        Returns:
            The number of the run of each row, int64 of shape (N,).
        """
        equal = np.zeros(max(len(frame) - 1, 0), "int32")
        for name in self.columns:
            column = _codes(frame[name])
            equal += column[1:] == column[:-1]
        return np.concatenate([[0], np.cumsum(equal < self.shared)])[: len(frame)]


def repeated_records(frame: Rows, columns: Iterable[str]) -> RepeatedRecords | None:
    """Find runs of rows that are alike in nearly all columns.

    Rows of a panel, such as the years of a person, stand one below the other and have
    most cells in common. The first row of the next person has no more in common with
    them than any other row. The function reads the first 5,000 rows.

    Args:
        frame: The rows, in the order of their file.
        columns: The columns to compare.

    Returns:
        The evidence; None if rows are not repeated in this way.

    Example:

    >>> generator = np.random.default_rng(0)
    >>> persons = pd.DataFrame(
    ...     generator.integers(0, 9, (60, 5)), columns=[*"abcde"]
    ... )
    >>> years = persons.loc[np.repeat(persons.index, 5)].assign(wage=range(300))
    >>> found = repeated_records(years, years.columns)
    >>> found.shared, found.number_runs(years)[:12].tolist()
    (4, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2])
    >>> repeated_records(years.sample(frac=1, random_state=0), years.columns)
    """
    rows = min(len(frame), MOST_ROWS)
    if rows < LEAST_ROWS:
        return None
    codes = {}
    for name, values in rows_between(frame, 0, rows, columns).items():
        column = _codes(values)
        if ((np.bincount(column) / rows) ** 2).sum() <= MOST_COMMON:
            codes[str(name)] = column
    if len(codes) < LEAST_COLUMNS:
        return None
    cells = np.stack([*codes.values()], axis=1)
    shared = math.ceil(SHARED * len(codes))
    near = _equal_cells(cells)
    far = _equal_cells(np.random.default_rng(0).permutation(cells))
    alike, by_chance = near >= shared, far >= shared
    ends = near[~alike]
    if len(ends) + 1 < LEAST_RUNS or by_chance.all():
        return None
    neighbors, at_random = float(alike.mean()), float(by_chance.mean())
    usual = far[~by_chance].mean()
    if (neighbors - at_random) < LEAST_EXCESS * (1 - at_random) or (
        ends.mean() - usual
    ) > MOST_AT_ENDS * (len(codes) - usual):
        return None
    return RepeatedRecords(tuple(codes), shared, neighbors, at_random)


def _codes(values: pd.Series) -> np.ndarray:
    """Number the distinct values; NaN is equal to NaN."""
    return pd.factorize(values, use_na_sentinel=False)[0]


def _equal_cells(cells: np.ndarray) -> np.ndarray:
    """Count the cells of each row that are equal to the cells of the previous row."""
    return (cells[1:] == cells[:-1]).sum(axis=1)
