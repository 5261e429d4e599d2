"""DataFrames in place of the files of a run."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from keras_mtl.configuration.fit_config import DataSettings
from keras_mtl.tables.column_store import ColumnStore
from keras_mtl.tables.data_frame import read_data_frame
from keras_mtl.tables.read_rows import read_rows

__all__ = ["MemoryTables", "read_table"]


@dataclass(frozen=True)
class MemoryTables:
    """DataFrames in place of the files of `[data]`, whose paths name them.

    Attributes:
        rows: The rows in place of `data.path`: a pandas or Polars DataFrame, or a
            PyArrow Table.
        test_rows: The rows in place of `data.test_path`; None if that is a file or
            None.
    """

    rows: Any
    test_rows: Any = None


def read_table(
    path: str,
    table: Any,
    words: Collection[str],
    data: DataSettings,
    numbers: Collection[str],
) -> ColumnStore:
    """Read a file, or the DataFrame in its place.

    Args:
        path: The path of the file, or the name of the DataFrame in messages.
        table: The DataFrame; None reads the file.
        words: See `read_rows`.
        data: The texts that mean missing, and the decimal mark.
        numbers: See `read_rows`.

    Raises:
        UserError: With all errors of the rows.
    """
    missing, mark = data.missing, data.decimal_mark
    if table is None:
        return read_rows(path, words, missing, mark, numbers)
    return read_data_frame(table, path, words, missing, mark, numbers)
