"""Detection of text columns that are identifiers or free text, not categories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from keras_mtl.features.column import Column

__all__ = ["EMBEDDED_WORDS", "count_repeated", "describe_free_text"]

# A column of no more words is taken for categories, however rare they are.
FREE_TEXT_WORDS = 50
# A word that so many rows have is one to learn from, if half of the rows have such
# a word. Names, numbers and sentences are of one row each, or two.
ROWS_OF_A_WORD = 3
# A vocabulary of more words is not kept in the model: they are hashed.
EMBEDDED_WORDS = 10_000


def count_repeated(column: Column, rows: int) -> int:
    """Return how many of a column's words at least so many rows have."""
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
