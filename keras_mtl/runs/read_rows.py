"""Reading the rows of a fit or of a prediction."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence

from keras_mtl.errors import UserError
from keras_mtl.features import Feature
from keras_mtl.tables import MISSING_VALUES
from keras_mtl.tables._csv_file import CsvFile
from keras_mtl.tables.column_store import ColumnStore
from keras_mtl.tables.read_csv import read_csv_columns
from keras_mtl.tables.read_shards import read_parquet, read_shards
from keras_mtl.tasks import Task

__all__ = ["read_rows", "word_columns"]


def read_rows(path: str, words: Collection[str], missing: Sequence[str]) -> ColumnStore:
    """Reads rows, with columns of words as they are written.

    Args:
        path: A CSV or Parquet file, or a folder of either. The columns of a
            folder go to a disk, those of a file into memory.
        words: The columns that hold words, though they may look like numbers:
            `03` is a word there.
        missing: Texts that mean a missing cell, beside the usual ones.

    Raises:
        UserError: With all mistakes of the file.
    """
    missing = (*MISSING_VALUES, *missing)
    if os.path.isdir(path):
        return read_shards(path, words, missing)
    if path.lower().endswith(".parquet"):
        return read_parquet(path, words, missing)
    file = CsvFile(path)
    if file.mistakes:
        raise UserError(*file.mistakes)
    return read_csv_columns(file, file.names, words, missing)


def word_columns(tasks: Iterable[Task], features: Iterable[Feature]) -> set[str]:
    """The columns that hold words: those of labels and of features in words."""
    labels = {column for task in tasks for column in task.word_columns}
    return labels | {
        feature.column_name for feature in features if feature.dtype == "string"
    }
