"""Reading a file of rows for a fit or for a prediction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import pandas as pd

from keras_mtl.datasets import MISSING_VALUES, read_csv
from keras_mtl.features import Feature
from keras_mtl.tasks import Task

__all__ = ["read_rows", "word_columns"]


def read_rows(
    path: str, words: Collection[str], missing: Sequence[str]
) -> pd.DataFrame:
    """Reads a CSV file, with columns of words as they are written.

    Args:
        path: The file.
        words: The columns that hold words, though they may look like numbers:
            `03` is a word there.
        missing: Texts that mean a missing cell, beside the usual ones.

    Raises:
        UserError: With all mistakes of the file.
    """
    missing = (*MISSING_VALUES, *missing)
    frame = read_csv(path, missing_values=missing)
    numbers = [
        str(column)
        for column in frame.columns
        if column in words and pd.api.types.is_numeric_dtype(frame[column])
    ]
    if not numbers:
        return frame
    # Only now is it known which of them the file has.
    return read_csv(path, text_columns=numbers, missing_values=missing)


def word_columns(tasks: Iterable[Task], features: Iterable[Feature]) -> set[str]:
    """The columns that hold words: those of labels and of features in words."""
    labels = {column for task in tasks for column in task.label_columns}
    return labels | {
        feature.column_name for feature in features if feature.dtype == "string"
    }
