"""What pandas leaves to do on columns: white space, numbers written as text."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from keras_mtl.datasets.clean_text import (
    read_decimal_commas,
    read_numbers,
    read_thousands,
)
from keras_mtl.datasets.column_store import Allocate, WordColumn

__all__ = ["clean_words"]

AMBIGUOUS_COMMAS = (
    "left values such as '1,500' as text, because the comma may part decimals or "
    "thousands (write numbers with a point for the decimals)"
)
WHITE_SPACE = "removed white space around values"
DECIMAL_COMMAS = "read numbers with a decimal comma"
THOUSANDS = "read commas in numbers as parting thousands"


def clean_words(
    column: WordColumn,
    missing: Collection[str],
    text: bool,
    delimiter: str,
    allocate: Allocate = np.empty,
) -> tuple[WordColumn | np.ndarray, list[str]]:
    """Removes white space, and reads what are numbers after all.

    Only the distinct words are looked at.

    Args:
        column: A column of text.
        missing: The texts that mean a missing value.
        text: Whether it stays text even if it looks like numbers.
        delimiter: That of the file: a comma means something else beside `;`.
        allocate: Makes the array of numbers.

    Returns:
        The column, and what was done to it, for a warning.

    Example:

    >>> column = WordColumn([" 1", "2"], np.array([0, 1, -1], "int32"))
    >>> clean_words(column, {"", "?"}, False, ",")
    (array([ 1.,  2., nan]), ['removed white space around values'])
    """
    column, stripped = _strip(column, missing)
    notes = [WHITE_SPACE] if stripped else []
    if text:
        return column, notes
    words = pd.Series(column.words, dtype="str")
    numbers = read_numbers(words)
    if numbers is words and delimiter == ";":
        numbers, ambiguous = read_decimal_commas(words)
        if ambiguous:
            notes.append(AMBIGUOUS_COMMAS)
        elif numbers is not words:
            notes.append(DECIMAL_COMMAS)
    elif numbers is words:
        numbers = read_thousands(words)
        if numbers is not words:
            notes.append(THOUSANDS)
    if numbers is words:
        return column, notes
    values = numbers.to_numpy()
    if not (column.codes >= 0).all():
        values = np.append(values.astype("float64"), np.nan)
    made = allocate(len(column), values.dtype.name)
    made[:] = values[column.codes]
    return made, notes


def _strip(column: WordColumn, missing: Collection[str]) -> tuple[WordColumn, bool]:
    """Strips the words, and tells whether a present one has changed.

    Pandas has found most of the missing values that have no white space around
    them; it forgets them among integers too large for 64 bits.
    """
    words = column.words
    bare = [word.strip() for word in words]
    if bare == words and not set(bare).intersection(missing):
        return column, False
    codes: dict[str, int] = {}
    table = np.full(len(words) + 1, -1, "int32")
    changed = False
    for index, (word, text) in enumerate(zip(words, bare, strict=True)):
        if text not in missing:
            table[index] = codes.setdefault(text, len(codes))
            changed = changed or word != text
    column.codes[:] = table[column.codes]
    return WordColumn(list(codes), column.codes), changed
