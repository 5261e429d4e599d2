"""Columns of a DataFrame of any library, and the words of their cells.

This needs pandas only for a DataFrame of pandas.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import narwhals as nw

from keras_mtl.errors import UserError, show_value
from keras_mtl.tables.text_values import to_word

__all__ = ["days_at_midnight", "frame_columns", "plain_column", "to_cell_word"]


def frame_columns(
    table: Any,
    source: str,
    expected: str = "a pandas or Polars DataFrame, or a PyArrow Table",
    remedy: str = "Pass a DataFrame.",
) -> dict[str, nw.Series[Any]]:
    """Return the columns of a table by name, without white space around the names.

    Args:
        table: The table.
        source: The name of the table in messages.
        expected: The accepted kinds of tables, in messages.
        remedy: The remedy for another kind, in messages.

    Raises:
        UserError: If it is not a table, or if two columns have the same name.
    """
    try:
        frame = nw.from_native(table, eager_only=True)
    except TypeError:
        if hasattr(table, "collect"):
            remedy = "Pass table.collect()."
        raise UserError(
            f"{source}: expected {expected}. Received: {show_value(table)}. {remedy}"
        ) from None
    except nw.exceptions.DuplicateError:
        raise UserError(
            f"{source}: expected different column names. Received: a name twice, among "
            f"{', '.join(map(str, _names(table)))}. Rename all but one."
        ) from None
    nested = [name for name in frame.columns if isinstance(name, tuple)]
    if nested:
        raise UserError(
            f"{source}: expected columns with one name each. Received: "
            f"{nested[0]!r}, as in a table with several header rows. Join the parts: "
            f'{source}.columns = ["_".join(map(str, name)) for name in '
            f"{source}.columns]."
        )
    columns = {str(name).strip(): frame[name] for name in frame.columns}
    if len(columns) < len(frame.columns):
        raise UserError(
            f"{source}: expected column names that differ by more than white space and "
            f"type. Received: {', '.join(map(repr, frame.columns))}. Rename all but "
            "one."
        )
    return columns


def _names(table: Any) -> Sequence[Any]:
    return list(getattr(table, "column_names", getattr(table, "columns", ())))


def plain_column(column: nw.Series[Any]) -> nw.Series[Any]:
    """Convert a column to a type whose cells can be read directly.

    Decimals, and integers with missing values, become floats. Categories become text.
    """
    dtype = column.dtype
    if dtype.is_decimal() or (dtype.is_integer() and column.null_count()):
        return column.cast(nw.Float64)
    if dtype in (nw.Categorical, nw.Enum):
        return column.cast(nw.String)
    return column


def days_at_midnight(cells: list[Any]) -> list[Any]:
    """Return cells with days in place of times, if all times are midnight.

    pandas writes such a column as days.

    Example:

    >>> days_at_midnight([datetime.datetime(2026, 11, 22), None])
    [datetime.date(2026, 11, 22), None]
    """
    times = [each for each in cells if _is_time(each)]
    if any(
        each.hour or each.minute or each.second or each.microsecond for each in times
    ):
        return cells
    return [each.date() if _is_time(each) else each for each in cells]


def _is_time(cell: Any) -> bool:
    # The missing time of pandas is not equal to itself.
    return isinstance(cell, datetime.datetime) and cell == cell


def to_cell_word(cell: Any) -> str:
    """Return a cell that is not missing as written in a file.

    Args:
        cell: Text, a number, a truth value, a day or a time.

    Example:

    >>> to_cell_word(True), to_cell_word(2.0), to_cell_word(datetime.date(2026, 1, 2))
    ('true', '2', '2026-01-02')
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    if hasattr(cell, "as_tuple"):
        # A decimal number.
        return to_word(float(cell))
    return to_word(cell)
