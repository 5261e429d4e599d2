"""Reading files of the same columns into one table, part by part."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from keras_mtl.tables._clean_values import clean_words
from keras_mtl.tables.column_store import (
    Allocate,
    ColumnBuilder,
    ColumnStore,
    WordColumn,
)

__all__ = ["RowFile", "read_columns"]

LARGE_INTEGERS = (
    "read integers too large for 64 bits as floats, which keep 15 digits (name the "
    "column as a text column if they identify something)"
)


class RowFile(Protocol):
    """A file of rows whose structure is sound."""

    @property
    def rows(self) -> int:
        """The number of its rows."""

    def parts(
        self,
        columns: Sequence[str],
        text_columns: Collection[str],
        missing: Collection[str],
    ) -> Iterator[pd.DataFrame]:
        """Reads it from its beginning, some rows at a time."""


def read_columns(
    files: Sequence[RowFile],
    columns: Sequence[str],
    text_columns: Collection[str],
    missing: Collection[str],
    delimiter: str = ",",
    lines: Any = None,
    allocate: Allocate = np.empty,
) -> tuple[ColumnStore, dict[str, list[str]]]:
    """Reads files, one after the other, in bounded memory but for the columns.

    What a column is depends on all its cells, wherever a file or a part of one
    ends: the same rows in one file or in many give the same columns.

    Args:
        files: The files; each has all the columns.
        columns: The columns to read.
        text_columns: Those that are text even if they look like numbers.
        missing: The texts that mean a missing value.
        delimiter: That of the files.
        lines: Where the rows are in their files.
        allocate: Makes a column's array.

    Returns:
        The table; and, by what was done to them, the names of columns.
    """
    text = set(text_columns).intersection(columns)
    builders = _read(files, columns, text, missing, allocate)
    mixed = [name for name in columns if builders[name].mixed]
    if mixed:
        # Numbers and truth values came before the first word: all are words.
        builders |= _read(files, mixed, set(mixed), missing, allocate)
    notes: dict[str, list[str]] = {}
    made = {}
    for name in columns:
        column = builders.pop(name).finish()
        found: list[str] = []
        if isinstance(column, WordColumn):
            column, found = clean_words(
                column, missing, name in text, delimiter, allocate
            )
        if not isinstance(column, WordColumn) and _has_large_integers(column):
            found = [*found, LARGE_INTEGERS]
        for what in found:
            notes.setdefault(what, []).append(name)
        made[name] = column
    return ColumnStore(made, lines, allocate), notes


def _read(
    files: Sequence[RowFile],
    columns: Sequence[str],
    text: Collection[str],
    missing: Collection[str],
    allocate: Allocate,
) -> dict[str, ColumnBuilder]:
    rows = sum(file.rows for file in files)
    builders = {name: ColumnBuilder(rows, allocate, name in text) for name in columns}
    for file in files:
        for part in file.parts(columns, text, missing):
            for name in columns:
                builders[name].add(part[name])
    return builders


def _has_large_integers(numbers: np.ndarray) -> bool:
    """Whether all are whole, and some too large for 64 bits with a sign.

    It is told of the values, as pandas tells integers from floats part by part.
    """
    if numbers.dtype != "float64" or not (np.abs(numbers) >= 2**63).any():
        return False
    present = numbers[~np.isnan(numbers)]
    return bool((np.isfinite(present) & (present == np.floor(present))).all())
