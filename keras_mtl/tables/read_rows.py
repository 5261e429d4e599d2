"""Rows from a path, whatever kind of file lies there."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from keras_mtl.errors import UserError
from keras_mtl.tables._csv_file import CsvFile
from keras_mtl.tables._read_csv import read_csv_columns
from keras_mtl.tables.column_store import ColumnStore
from keras_mtl.tables.missing_values import MISSING_VALUES
from keras_mtl.tables.read_shards import read_parquet, read_shards

__all__ = ["read_rows"]


def read_rows(
    path: str,
    words: Collection[str],
    missing: Sequence[str],
    decimal_mark: str | None = None,
    numbers: Collection[str] = (),
) -> ColumnStore:
    """Reads rows, with columns of words as they are written.

    Args:
        path: A CSV or Parquet file, or a folder of either. The columns of a
            folder go to a disk, those of a file into memory.
        words: The columns that hold words, though they may look like numbers:
            `03` is a word there.
        missing: Texts that mean a missing cell, beside the usual ones.
        decimal_mark: See `read_csv`.
        numbers: The columns that are known to hold numbers: a model that learned
            from `5 mg` and `10 mg` is asked about a single `5 mg`.

    Raises:
        UserError: With all errors of the file.
    """
    missing = (*MISSING_VALUES, *missing)
    if os.path.isdir(path):
        return read_shards(path, words, missing, decimal_mark, numbers)
    if path.lower().endswith(".parquet"):
        return read_parquet(path, words, missing)
    file = CsvFile(path)
    if file.errors:
        raise UserError(*file.errors)
    return read_csv_columns(file, file.names, words, missing, decimal_mark, numbers)
