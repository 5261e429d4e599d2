"""Cleaning of columns of text: white space, and numbers as people write them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from keras_mtl.tables._number_marks import (
    COMMA,
    POINT,
    WrittenNumbers,
    choose_mark,
    parse_written,
    whole_or_float,
)
from keras_mtl.tables.column_store import Allocate, WordColumn

__all__ = ["read_numbers", "read_written_numbers", "strip_words"]

WHITE_SPACE = "removed white space around values"
AMBIGUOUS = (
    "left values such as {example!r} as text, because the {name} may part decimals or "
    "thousands (say which with --decimal-mark)"
)
NAMES = {COMMA: "comma", POINT: "point"}


def read_numbers(column: pd.Series) -> pd.Series:
    """Turns a text column into numbers if all its values are numbers.

    Pandas has done so before, except where white space came in between or an
    integer doesn't fit into 64 bits.
    """
    try:
        numbers = pd.to_numeric(column)
    except (ValueError, TypeError, OverflowError):
        return column
    return whole_or_float(numbers)


def read_written_numbers(
    columns: Mapping[str, WordColumn],
    floats: Mapping[str, np.ndarray],
    delimiter: str | None,
    decimal_mark: str | None = None,
    allocate: Allocate = np.empty,
    plain: bool = True,
    known: Collection[str] = (),
) -> tuple[dict[str, np.ndarray], dict[str, list[str]], str | None]:
    """Reads the columns of text that are numbers after all.

    Only the distinct words are looked at.

    Args:
        columns: Columns of text, without white space around the words.
        floats: The columns that were read with a decimal point.
        delimiter: That of the file.
        decimal_mark: The decimal mark, if it is told.
        allocate: Makes the arrays of numbers.
        plain: Whether words with a decimal point alone are numbers anyway.
        known: The columns that are known to be numbers.

    Returns:
        The columns that are numbers; by column what was done to it, for a
        warning; and the decimal mark of the table, if there is one.

    Example:

    >>> column = WordColumn(["1,5", "2"], np.array([0, 1, -1], "int32"))
    >>> numbers, notes, mark = read_written_numbers({"a": column}, {}, ";")
    >>> numbers["a"], notes["a"], mark
    (array([1.5, 2. , nan]), ['read numbers with a decimal comma'], ',')
    """
    made: dict[str, np.ndarray] = {}
    notes: dict[str, list[str]] = {}
    written: dict[str, WrittenNumbers] = {}
    for name, column in columns.items():
        words = column.words
        texts = pd.Series(words, dtype="str")
        numbers = read_numbers(texts) if plain else texts
        if numbers is not texts:
            made[name] = _fill(column, numbers, allocate)
        elif (found := parse_written(words, name in known)) is not None:
            written[name] = found
    mark = decimal_mark or choose_mark(written.values(), floats.values(), delimiter)
    for name, found in written.items():
        own = mark if mark in found.marks else None
        if own is None and mark is None:
            # Columns that contradict each other are each what they must be.
            if found.ambiguous:
                notes[name] = [_ambiguity(found)]
                continue
            own = found.marks[-1]
        if own is not None:
            made[name] = _fill(columns[name], found.numbers(own), allocate)
            notes[name] = found.notes(own)
    return made, notes, mark


def _ambiguity(found: WrittenNumbers) -> str:
    example = next(word for word in found.words if COMMA in word or POINT in word)
    name = NAMES[COMMA if COMMA in example else POINT]
    return AMBIGUOUS.format(example=example, name=name)


def _fill(column: WordColumn, numbers: pd.Series, allocate: Allocate) -> np.ndarray:
    """Writes the numbers of words into the words' rows."""
    values = numbers.to_numpy()
    if not (column.codes >= 0).all():
        values = np.append(values.astype("float64"), np.nan)
    filled = allocate(len(column), values.dtype.name)
    filled[:] = values[column.codes]
    return filled


def strip_words(
    column: WordColumn, missing: Collection[str]
) -> tuple[WordColumn, list[str]]:
    """Strips the words of a column of white space.

    Pandas has found most of the missing values that have no white space around
    them; it forgets them among integers too large for 64 bits.

    Args:
        column: A column of text.
        missing: The texts that mean a missing value.

    Returns:
        The column, and what was done to it, for a warning.
    """
    words = column.words
    bare = [word.strip() for word in words]
    if bare == words and not set(bare).intersection(missing):
        return column, []
    codes: dict[str, int] = {}
    table = np.full(len(words) + 1, -1, "int32")
    changed = False
    for index, (word, text) in enumerate(zip(words, bare, strict=True)):
        if text not in missing:
            table[index] = codes.setdefault(text, len(codes))
            changed = changed or word != text
    column.codes[:] = table[column.codes]
    return WordColumn(list(codes), column.codes), [WHITE_SPACE] if changed else []
