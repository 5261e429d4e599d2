"""Detection of text columns that are identifiers or free text, not categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from keras_mtl.features.column import Column

__all__ = ["EMBEDDED_WORDS", "count_repeated", "describe_free_text"]

# A column with at most this many words has categories, however rare they are.
FREE_TEXT_WORDS = 50
# A word in this many rows is repeated. A column has categories if half of the rows have
# a repeated word. Names, numbers and sentences occur in one or two rows.
ROWS_OF_A_WORD = 3
# The largest vocabulary that a model stores; more words are hashed.
EMBEDDED_WORDS = 10_000


def count_repeated(column: Column, rows: int) -> int:
    """Count the words of a column that occur in at least `rows` rows."""
    return sum(count >= rows for count in column.word_counts.values())


def describe_free_text(column: Column) -> str:
    """Return why a text column does not hold categories; `""` if it does."""
    counts = np.fromiter(column.word_counts.values(), "int64")
    words, rows = len(counts), column.word_rows
    if words <= FREE_TEXT_WORDS or words <= rows / 5:
        return ""
    if counts[counts >= ROWS_OF_A_WORD].sum() >= rows / 2:
        return ""
    return (
        f"holds {words} different texts in {rows} rows and looks like an identifier or "
        "free text"
    )
