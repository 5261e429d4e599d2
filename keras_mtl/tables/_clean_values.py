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
    """Turn a text column into numbers if all its values are numbers.

    pandas already converts most such columns. It does not convert a column with white
    space around a number, or with an integer that does not fit into 64 bits.
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
    """Convert the columns of text that hold written numbers.

    Only the distinct words are read.

    Args:
        columns: Columns of text, without white space around the words.
        floats: The columns that were read with a decimal point.
        delimiter: The delimiter of the file.
        decimal_mark: The decimal mark, if the caller knows it.
        allocate: A function that makes the arrays of numbers.
        plain: Whether words with only a decimal point are numbers in any case.
        known: The columns that are known to be numbers.

    Returns:
        The columns that are numbers; the changes of each column, for a warning; and
        the decimal mark of the table, or None.

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
            # If columns contradict each other, each column decides for itself.
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
    """Write the numbers of the words into the rows of the words."""
    values = numbers.to_numpy()
    if not (column.codes >= 0).all():
        values = np.append(values.astype("float64"), np.nan)
    filled = allocate(len(column), values.dtype.name)
    filled[:] = values[column.codes]
    return filled


def strip_words(
    column: WordColumn, missing: Collection[str]
) -> tuple[WordColumn, list[str]]:
    """Remove the white space around the words of a column.

    pandas has already found most of the missing values without white space around them.
    It overlooks missing values among integers that are too large for 64 bits.

    Args:
        column: A column of text.
        missing: The texts that mean a missing value.

    Returns:
        The column, and its changes, for a warning.
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
