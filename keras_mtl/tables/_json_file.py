"""Parts of the rows of one file of JSON lines."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.errors import show_value
from keras_mtl.tables._cell_values import mask_numbers
from keras_mtl.tables._text_file import ENCODING, open_text_file
from keras_mtl.tables.line_numbers import LineNumbers
from keras_mtl.tables.text_values import to_word

__all__ = ["JSON_SUFFIXES", "JsonFile"]

JSON_SUFFIXES = (".jsonl", ".ndjson")
# The number of cells that are read at a time: some tens of mebibytes.
CELLS_A_PART = 500_000
# The largest number of messages about lines.
LINES_SHOWN = 3
REMEDY = "Write one object per line, as `jq -c '.[]'` makes of a list."


class JsonFile:
    """A file of JSON lines: an object per line, with a cell for each of its keys.

    An absent key and null are missing values. Truth values are the words `true` and
    `false`. Blank lines are not rows.

    Args:
        source: The path in messages. The file may be compressed.
        path: The path of the file; by default the source.

    Attributes:
        names: The keys, in the order of their first use.
        lines: The line of each row.
        errors: The errors in the lines, with line and column.

    Raises:
        UserError: If the file cannot be read as text.
    """

    def __init__(self, source: str, path: str | None = None) -> None:
        self.source = source
        self.text = open_text_file(source, path)
        self.lines = LineNumbers()
        names: dict[str, None] = {}
        errors: list[str] = []
        for number, line in self._lines():
            mistake = None
            try:
                values = _object(line)
            except _LineError as error:
                mistake = str(error)
            else:
                names |= dict.fromkeys(values)
                mistake = _nested(values)
                self.lines.append(number)
            if mistake is not None:
                errors.append(f"{source}, line {number}{mistake}")
        self.names = tuple(names)
        if len(errors) > LINES_SHOWN:
            more = len(errors) - LINES_SHOWN
            errors[LINES_SHOWN:] = [f"{source}: {more} more lines are wrong likewise."]
        elif not errors and not names:
            errors = [
                f"{source}: there are no data rows. Expected at least one object with "
                "keys."
            ]
        elif not errors and "" in names:
            errors = [
                f"{source}: expected a name for each key. Received: an empty one. Name "
                "it."
            ]
        self.errors = tuple(errors)

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.lines)

    def parts(
        self,
        columns: Sequence[str],
        text_columns: Collection[str],
        missing: Collection[str],
    ) -> Iterator[pd.DataFrame]:
        """Read the file from its beginning. See `RowFile`."""
        size = max(1000, CELLS_A_PART // len(columns))
        cells: dict[str, list[Any]] = {name: [] for name in columns}

        def part() -> pd.DataFrame:
            made = {
                name: mask_numbers(_column(values, name in text_columns), missing)
                for name, values in cells.items()
            }
            return pd.DataFrame(made)

        for _, line in self._lines():
            values = _object(line)
            for name, column in cells.items():
                column.append(values.get(name))
            if len(cells[columns[0]]) == size:
                yield part()
                for column in cells.values():
                    column.clear()
        if cells[columns[0]]:
            yield part()

    def _lines(self) -> Iterator[tuple[int, str]]:
        # Only the line feed ends a line of JSON: other line breaks are escaped.
        with open(self.text.path, encoding=ENCODING, newline="\n") as handle:
            for number, line in enumerate(handle, start=1):
                if not line.isspace():
                    yield number, line


class _LineError(ValueError):
    """The end of a message that begins with the place of a line."""


def _object(line: str) -> dict[str, Any]:
    """Read the object of a line.

    Raises:
        _LineError: If the line is not an object with distinct keys.
    """
    try:
        values = json.loads(line, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise _LineError(
            f", column {error.colno}: expected a JSON object. Received: {error.msg}. "
            f"{REMEDY}"
        ) from None
    except _LineError:
        raise
    except ValueError:
        # Python refuses numbers of thousands of digits.
        raise _LineError(": expected numbers of a usual length.") from None
    except RecursionError:
        raise _LineError(": expected plain values. Received: deep nesting.") from None
    if not isinstance(values, dict):
        raise _LineError(
            f": expected a JSON object. Received: {show_value(values)}. {REMEDY}"
        )
    return values


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = {name.strip(): value for name, value in pairs}
    if len(values) < len(pairs):
        names = [name.strip() for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _LineError(
            f": expected different keys. Received: {twice!r} twice. Rename all but one."
        )
    return values


def _nested(values: dict[str, Any]) -> str | None:
    for name, value in values.items():
        if isinstance(value, dict | list):
            return (
                f", key {name!r}: expected a number, text, truth value or null. "
                f"Received: {show_value(value)}. Write each part under a key of its "
                "own, or leave the key out."
            )
    return None


def _column(values: list[Any], text: bool) -> pd.Series:
    """Make a column of numbers if all values are numbers, otherwise of words."""
    known = [value for value in values if value is not None]
    kinds = {type(value) for value in known}
    if known and not text and kinds <= {int, float}:
        if len(known) == len(values) and float not in kinds:
            try:
                return pd.Series(np.array(values, "int64"))
            except OverflowError:
                pass  # Too large for 64 bits: read as floats.
        return pd.Series([np.nan if each is None else each for each in values]).astype(
            "float64"
        )
    words = [
        None if value is None or value != value else _word(value) for value in values
    ]
    return pd.Series(words, dtype="str")


def _word(value: Any) -> str:
    return value if isinstance(value, str) else to_word(value)
