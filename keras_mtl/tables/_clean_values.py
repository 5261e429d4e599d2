"""Cleaning of columns of text: white space, decimal commas, thousands."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from keras_mtl.tables.column_store import Allocate, WordColumn

__all__ = ["clean_words", "read_decimal_commas", "read_numbers", "read_thousands"]

DECIMAL_COMMA_PATTERN = r"[+-]?(\d+|\d*,\d+)([eE][+-]?\d+)?"
THOUSANDS_PATTERN = r"[+-]?[1-9]\d{0,2}(,\d{3})+"


def read_numbers(column: pd.Series) -> pd.Series:
    """Turns a text column into numbers if all its values are numbers.

    Pandas has done so before, except where white space came in between or an
    integer doesn't fit into 64 bits.
    """
    try:
        numbers = pd.to_numeric(column)
    except (ValueError, TypeError, OverflowError):
        return column
    return numbers if numbers.dtype == "int64" else numbers.astype("float64")


def read_decimal_commas(column: pd.Series) -> tuple[pd.Series, bool]:
    """Turns a text column into numbers if `1,5` surely means one and a half.

    It does when all values are numbers with at most one comma and not all of
    the commas could part thousands, as in `1,500`.

    Args:
        column: A text column of a file whose delimiter is `;`.

    Returns:
        The column, as floats or unchanged, and whether it is ambiguous: left
        unchanged because all of its commas could part thousands.
    """
    values = column.dropna()
    if values.empty or not values.head(100).str.fullmatch(DECIMAL_COMMA_PATTERN).all():
        return column, False
    if not values.str.fullmatch(DECIMAL_COMMA_PATTERN).all():
        return column, False
    with_comma = values[values.str.contains(",", regex=False)]
    if with_comma.empty:
        return column, False
    if with_comma.str.fullmatch(THOUSANDS_PATTERN).all():
        return column, True
    return read_numbers(column.str.replace(",", ".", regex=False)), False


def read_thousands(column: pd.Series) -> pd.Series:
    """Turns a text column into numbers if `1,234` surely means 1234.

    It does, in a file whose delimiter is a comma, when all values are numbers
    and each comma can part thousands.

    Args:
        column: A text column of a file whose delimiter is not `;`.

    Returns:
        The column, as numbers or unchanged.
    """
    values = column.dropna()
    if values.empty or not values.head(100).str.fullmatch(r"[\d.,eE+-]+").all():
        return column
    grouped = values.str.fullmatch(THOUSANDS_PATTERN + r"(\.\d*)?")
    if not grouped.any() or values[~grouped].str.contains(",", regex=False).any():
        return column
    bare = column.str.replace(",", "", regex=False)
    numbers = read_numbers(bare)
    return column if numbers is bare else numbers


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
