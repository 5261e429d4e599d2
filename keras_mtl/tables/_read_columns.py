"""Reading of files with the same columns into one table, part by part."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from keras_mtl.tables._clean_values import read_written_numbers, strip_words
from keras_mtl.tables._number_marks import COMMA, has_decimals, parse_written
from keras_mtl.tables.column_store import (
    Allocate,
    ColumnBuilder,
    ColumnStore,
    WordColumn,
)

__all__ = ["RowFile", "read_columns"]

# The white space of C's `isspace`.
WHITE_SPACE = " \t\n\v\f\r"
LARGE_INTEGERS = (
    "read integers too large for 64 bits as floats, which keep 15 digits (name the "
    "column as a text column if they identify something)"
)


POINTS_BESIDE_COMMAS = (
    "read points in numbers as decimal points, though other columns have decimal commas"
)
POINTS_OF_THOUSANDS = (
    "read points in numbers as decimal points, though they may part thousands (say "
    "which with --decimal-mark)"
)


class RowFile(Protocol):
    """A file of rows without errors in its structure."""

    @property
    def rows(self) -> int:
        """The number of rows."""

    def parts(
        self,
        columns: Sequence[str],
        text_columns: Collection[str],
        missing: Collection[str],
    ) -> Iterator[pd.DataFrame]:
        """Read the file from its beginning, part by part."""


def read_columns(
    files: Sequence[RowFile],
    columns: Sequence[str],
    text_columns: Collection[str],
    missing: Collection[str],
    delimiter: str | None = ",",
    lines: Any = None,
    allocate: Allocate = np.empty,
    decimal_mark: str | None = None,
    number_columns: Collection[str] = (),
) -> tuple[ColumnStore, dict[str, list[str]]]:
    """Read files one after the other, with bounded memory beside the columns.

    The type of a column depends on all its cells: the same rows in one file or in many
    files give the same columns.

    Args:
        files: The files, each with all columns.
        columns: The columns to read.
        text_columns: The columns that are text even if they look like numbers.
        missing: The texts that mean a missing value.
        delimiter: The delimiter of the files; None if their format has types, such as
            Parquet.
        lines: The places of the rows in their files.
        allocate: A function that makes the array of a column.
        decimal_mark: The decimal mark, `","` or `"."`, of columns that pandas does not
            read as numbers; by default inferred from all columns together.
        number_columns: The columns that are known to hold numbers. Few words with a
            unit are then enough.

    Returns:
        The table, and the names of the changed columns by the change.
    """
    text = set(text_columns).intersection(columns)
    builders = _read(files, columns, text, missing, allocate)
    mixed = [name for name in columns if builders[name].mixed]
    if mixed:
        # Numbers and truth values before the first word are read again as words.
        builders |= _read(files, mixed, set(mixed), missing, allocate)
    made = {name: builders.pop(name).finish() for name in columns}
    found: dict[str, list[str]] = {}
    loose: dict[str, WordColumn] = {}
    raw: dict[str, list[str]] = {}
    for name, column in made.items():
        if isinstance(column, WordColumn):
            made[name], found[name] = stripped, told = strip_words(column, missing)
            if name not in text:
                loose[name] = stripped
                raw |= {name: column.words} if told else {}
    floats = {
        name: column
        for name, column in made.items()
        if delimiter is not None
        and not isinstance(column, WordColumn)
        and column.dtype.kind == "f"
    }
    numbers, more, mark = read_written_numbers(
        loose, floats, delimiter, decimal_mark, allocate, known=number_columns
    )
    made |= numbers
    for name in numbers.keys() & raw.keys() - more.keys():
        if not any(_is_loose(word, missing) for word in raw[name]):
            # pandas strips such numbers without a warning, unless numbers in the
            # same part of the file are too large. The result here does not depend
            # on how the file is split.
            found[name] = []
    for name, told in more.items():
        found[name] = [*found[name], *told]
    if mark == COMMA or (mark is None and delimiter == ";"):
        # A point that was read as the decimal mark may separate thousands.
        numbers, more = _read_thousands(files, floats, mark, missing, allocate)
        made |= numbers
        for name, told in more.items():
            found[name] = [*found.get(name, []), *told]
    notes: dict[str, list[str]] = {}
    for name, column in made.items():
        told = found.get(name, [])
        if not isinstance(column, WordColumn) and _has_large_integers(column):
            told = [*told, LARGE_INTEGERS]
        for what in told:
            notes.setdefault(what, []).append(name)
    return ColumnStore(made, lines, allocate), notes


def _is_loose(word: str, missing: Collection[str]) -> bool:
    """Return whether only white space keeps pandas from reading a number."""
    bare = word.strip()
    return word != bare and (bare in missing or word.strip(WHITE_SPACE) != bare)


def _has_fractions(numbers: np.ndarray) -> bool:
    return bool((np.isfinite(numbers) & (numbers != np.floor(numbers))).any())


def _read_thousands(
    files: Sequence[RowFile],
    floats: Mapping[str, np.ndarray],
    mark: str | None,
    missing: Collection[str],
    allocate: Allocate,
) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """Read again the columns in which a point may separate thousands.

    Args:
        files: The files.
        floats: The columns that pandas read with a decimal point.
        mark: A comma, if a comma is the decimal mark of the table; or None.
        missing: The texts that mean a missing value.
        allocate: A function that makes the array of a column.

        Returns:
        The columns that have changed; and the notes on each column, for a warning.
    """
    if mark is None and any(map(has_decimals, floats.values())):
        return {}, {}
    columns = [name for name in floats if _has_fractions(floats[name])]
    if not columns:
        return {}, {}
    made: dict[str, np.ndarray] = {}
    notes: dict[str, list[str]] = {}
    builders = _read(files, columns, set(columns), missing, allocate)
    for name in columns:
        words = builders.pop(name).finish()
        assert isinstance(words, WordColumn)
        column, _ = strip_words(words, missing)
        written = parse_written(column.words)
        thousands = written is not None and COMMA in written.marks
        if mark is None:
            if thousands:
                notes[name] = [POINTS_OF_THOUSANDS]
        elif thousands:
            numbers, told, _ = read_written_numbers(
                {name: column}, {}, ";", COMMA, allocate, plain=False
            )
            made |= numbers
            notes |= told
        else:
            notes[name] = [POINTS_BESIDE_COMMAS]
    return made, notes


def _read(
    files: Sequence[RowFile],
    columns: Sequence[str],
    text: Collection[str],
    missing: Collection[str],
    allocate: Allocate,
) -> dict[str, ColumnBuilder]:
    rows = sum(file.rows for file in files)
    builders = {name: ColumnBuilder(rows, allocate, name in text) for name in columns}
    for file in files:
        for part in file.parts(columns, text, missing):
            for name in columns:
                builders[name].add(part[name])
    return builders


def _has_large_integers(numbers: np.ndarray) -> bool:
    """Return whether all numbers are whole and some do not fit into int64.

    The values decide, because pandas chooses the type of each part separately.
    """
    if numbers.dtype != "float64":
        return False
    if not ((numbers >= 2.0**63).any() or (numbers <= -(2.0**63)).any()):
        return False
    present = numbers[~np.isnan(numbers)]
    return bool((np.isfinite(present) & (present == np.floor(present))).all())
