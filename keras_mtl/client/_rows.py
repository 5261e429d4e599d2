"""Conversion of raw rows to the values of the inputs of a served model."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np

from keras_mtl.client.model_description import InputColumn
from keras_mtl.errors import UserError, did_you_mean, show_value
from keras_mtl.tables.frame_columns import (
    days_at_midnight,
    frame_columns,
    plain_column,
    to_cell_word,
)
from keras_mtl.tables.missing_values import MISSING_VALUES

__all__ = ["InputRows", "read_input_rows"]

# Missing values whose comparison raises an error or returns a missing value.
MISSING_TYPES = {"NAType", "NaTType", "NoneType"}
LARGEST_FLOAT32 = float(np.finfo("float32").max)
CELLS_SHOWN = 3
# Types that can be written as words, in addition to decimal numbers.
WORDS = (str, int, float, np.generic, datetime.date, datetime.time)


@dataclass(frozen=True)
class InputRows:
    """The values of some rows, by input.

    Attributes:
        count: The number of rows.
        values: Arrays by the name of the input, of shape (rows,): float64 with NaN for
            missing values, or str objects with `""`.
    """

    count: int
    values: Mapping[str, np.ndarray]

    def between(self, start: int, stop: int) -> InputRows:
        """Return the rows from one position to another."""
        stop = min(stop, self.count)
        part = {name: values[start:stop] for name, values in self.values.items()}
        return InputRows(stop - start, part)


def read_input_rows(table: Any, inputs: Sequence[InputColumn]) -> InputRows:
    """Read and check the columns of a table that a model needs.

    Args:
        table: A pandas or Polars DataFrame, a PyArrow Table, or a list of dicts.
        inputs: The inputs of the model.

    Raises:
        UserError: With all errors of the rows at once.

    Example:

    >>> inputs = [InputColumn("age", "Age", "float32"), InputColumn("s", "s", "string")]
    >>> rows = read_input_rows([{"Age": 63, "s": True}, {"s": "no"}], inputs)
    >>> {name: values.tolist() for name, values in rows.values.items()}
    {'age': [63.0, nan], 's': ['true', 'no']}
    """
    count, columns = _columns(table)
    absent = [each.column for each in inputs if each.column not in columns]
    errors = []
    if absent and count:
        hints = {did_you_mean(name, columns) for name in absent} - {""}
        errors.append(
            f"rows: expected a column for each feature of the model. Received: rows "
            f"without {', '.join(map(repr, absent))}.{''.join(sorted(hints))} Add the "
            "columns, with missing values where nothing is known."
        )
    values = {}
    for each in inputs:
        if each.column not in columns:
            values[each.name] = np.empty(0, object)
            continue
        read = _numbers if each.dtype == "float32" else _words
        try:
            values[each.name] = read(columns[each.column])
        except _WrongCellsError as error:
            errors.append(f"rows, column {each.column!r}: {error}")
    if errors:
        raise UserError(*errors)
    return InputRows(count, values)


class _WrongCellsError(Exception):
    """Cells that an input does not accept; the text names them."""


def _columns(table: Any) -> tuple[int, dict[str, Any]]:
    """Return the number of rows, and Series or lists of cells by name."""
    if isinstance(table, Sequence) and not isinstance(table, str | bytes):
        if wrong := [row for row in table if not isinstance(row, Mapping)]:
            raise UserError(
                "rows: expected a list of dicts, one per row. Received: a list with "
                f"{show_value(wrong[0])}. Write a row as {{'age': 63, 'sex': 'male'}}."
            )
        names = dict.fromkeys(name for row in table for name in row)
        cells = {str(name): [row.get(name) for row in table] for name in names}
        return len(table), cells
    remedy = "Pass a DataFrame, or a list of dicts."
    if isinstance(table, Mapping):
        remedy = "Pass one row as [row], columns as pandas.DataFrame(columns)."
    columns = frame_columns(
        table,
        "rows",
        "a pandas or Polars DataFrame, a PyArrow Table or a list of dicts",
        remedy,
    )
    return max(map(len, columns.values()), default=0), columns


def _numbers(column: Any) -> np.ndarray:
    """Return a column as float64, with NaN for missing values."""
    if isinstance(column, nw.Series):
        column = plain_column(column)
        if column.dtype.is_numeric():
            return _within_float32(np.array(column.to_numpy(), "float64"))
        column = column.to_list()
    numbers, wrong = np.empty(len(column), "float64"), []
    for row, cell in enumerate(column):
        number = _number(cell)
        if number is None:
            wrong.append(f"{show_value(cell)} in row {row}")
        else:
            numbers[row] = number
    if wrong:
        shown = ", ".join(wrong[:CELLS_SHOWN])
        more = f", and {len(wrong) - CELLS_SHOWN} more" * (len(wrong) > CELLS_SHOWN)
        raise _WrongCellsError(
            f"expected numbers. Received: {shown}{more}. Correct these cells, or pass "
            "None where the number is missing."
        )
    return _within_float32(numbers)


def _number(cell: Any) -> float | None:
    """Return a cell as a number; None if it is not a number."""
    if _is_missing(cell):
        return np.nan
    if isinstance(cell, bool | np.bool_):
        return None
    if isinstance(cell, str):
        cell = cell.strip()
        if cell in MISSING_VALUES:
            return np.nan
        if "_" in cell:
            # Python reads 1_000 as a number; people do not write numbers so.
            return None
    try:
        return float(cell)
    except (TypeError, ValueError):
        return None
    except OverflowError:
        return np.inf if cell > 0 else -np.inf


def _within_float32(numbers: np.ndarray) -> np.ndarray:
    """Return infinity for numbers that float32 cannot hold, as the model does."""
    large = np.abs(numbers) > LARGEST_FLOAT32
    if not large.any():
        return numbers
    return np.where(large, np.copysign(np.inf, numbers), numbers)


def _words(column: Any) -> np.ndarray:
    """Return a column as str objects like `predict`, with `""` for missing values."""
    if isinstance(column, nw.Series):
        column = plain_column(column).to_list()
    made = np.empty(len(column), object)
    # Words repeat, so each distinct word is made once. True and 1 are equal keys.
    known: dict[Any, str] = {}
    for row, cell in enumerate(days_at_midnight(column)):
        key = type(cell), cell
        try:
            word = known.get(key)
        except TypeError:
            # For example a list, which is not a word either.
            word = None
        if word is None:
            word = known[key] = _word(cell, row)
        made[row] = word
    return made


def _word(cell: Any, row: int) -> str:
    if _is_missing(cell):
        return ""
    if isinstance(cell, WORDS) or hasattr(cell, "as_tuple"):
        return to_cell_word(cell)
    raise _WrongCellsError(
        f"expected text, numbers, truth values or dates. Received: {show_value(cell)} "
        f"in row {row}. Write each part into a column of its own."
    )


def _is_missing(cell: Any) -> bool:
    return type(cell).__name__ in MISSING_TYPES or (
        isinstance(cell, float | np.floating) and cell != cell
    )
