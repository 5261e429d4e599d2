"""DataFrames in memory as checked columns, and results as the same kind of table."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from keras_mtl.errors import UserError
from keras_mtl.tables._cell_values import mask_numbers
from keras_mtl.tables._read_columns import read_columns
from keras_mtl.tables._read_csv import warn_of_notes
from keras_mtl.tables.column_store import ColumnStore
from keras_mtl.tables.frame_columns import (
    days_at_midnight,
    frame_columns,
    plain_column,
    to_cell_word,
)
from keras_mtl.tables.missing_values import MISSING_VALUES

__all__ = ["read_data_frame", "same_kind"]

# pandas' names of the numbers in an object column.
OBJECT_NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal"}
SCALARS = (str, bool, int, float, np.generic, datetime.date, datetime.time)


def read_data_frame(
    table: Any,
    source: str,
    words: Collection[str] = (),
    missing: Sequence[str] = (),
    decimal_mark: str | None = None,
    numbers: Collection[str] = (),
) -> ColumnStore:
    """Read the rows of a DataFrame like the rows of a Parquet file.

    Numbers are unchanged. Truth values are the words `true` and `false`, and dates are
    written as 2026-11-22. Text is cleaned as in a file: white space, texts that mean
    missing, and numbers with a unit.

    Args:
        table: A pandas or Polars DataFrame, or a PyArrow Table.
        source: The name of the table in messages.
        words: See `read_rows`.
        missing: See `read_rows`.
        decimal_mark: See `read_rows`.
        numbers: See `read_rows`.

    Returns:
        The rows, in memory that the caller does not share.

    Raises:
        UserError: With all errors of the table.

    Example:

    >>> frame = pd.DataFrame({"age": [63, 67], "sick": [True, None]})
    >>> store = read_data_frame(frame, "table")
    >>> store["age"].tolist(), store["sick"].tolist()
    ([63, 67], ['true', nan])
    """
    frame = _Frame(table, source)
    if frame.errors:
        raise UserError(*frame.errors)
    store, notes = read_columns(
        [frame],
        frame.names,
        words,
        {"", *MISSING_VALUES, *missing},
        delimiter=None,
        decimal_mark=decimal_mark,
        number_columns=numbers,
    )
    warn_of_notes(notes, source)
    return store


def same_kind(frame: pd.DataFrame, table: Any, rows: np.ndarray | None = None) -> Any:
    """Convert a pandas DataFrame to the kind of another table.

    Args:
        frame: The DataFrame.
        table: A pandas or Polars DataFrame, or a PyArrow Table.
        rows: The position in `table` of each row of `frame`, for the index of a pandas
            DataFrame; None for an index from 0.

    Example:

    >>> table = pd.DataFrame({"age": [63, 67]}, index=["ann", "bob"])
    >>> same_kind(pd.DataFrame({"sick": [0.5]}), table, np.array([1])).index.tolist()
    ['bob']
    """
    if isinstance(table, pd.DataFrame):
        return frame if rows is None else frame.set_axis(table.index[rows], axis=0)
    backend = nw.from_native(table, eager_only=True).implementation
    columns: Mapping[str, Any] = {
        str(name): _plain_values(frame[name]) for name in frame
    }
    return nw.from_dict(columns, backend=backend).to_native()


class _Frame:
    """The rows of a table in memory, in the form that `read_columns` reads."""

    def __init__(self, table: Any, source: str) -> None:
        self.source = source
        self._columns: dict[str, Any] = {}
        self.errors: tuple[str, ...] = ()
        remedy = "Pass a DataFrame."
        if isinstance(table, np.ndarray | list | dict | pd.Series):
            remedy = "Pass pandas.DataFrame(table) with a name for each column."
        try:
            self._columns = frame_columns(table, source, remedy=remedy)
        except UserError as error:
            self.errors = tuple(error.messages)
            return
        self._rows = max(map(len, self._columns.values()), default=0)
        self.errors = tuple(self._mistakes())

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(self._columns)

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self._rows

    def parts(
        self,
        columns: Sequence[str],
        text_columns: Collection[str],
        missing: Collection[str],
    ) -> Iterator[pd.DataFrame]:
        """Read all rows at once. See `RowFile`."""
        del text_columns
        yield pd.DataFrame(
            {
                name: mask_numbers(_cells(self._columns[name]), missing)
                for name in columns
            }
        )

    def _mistakes(self) -> Iterator[str]:
        if not self._rows:
            yield (
                f"{self.source}: there are no data rows. Expected at least one, in a "
                f"table with columns. Received: {self._rows} rows of "
                f"{len(self._columns)} columns. Pass a table with rows."
            )
        for name, column in self._columns.items():
            kind = _wrong_kind(column)
            if kind is not None:
                yield (
                    f"{self.source}, column {name!r}: expected numbers, text, truth "
                    f"values or dates. Received: {kind}. {_remedy(column.dtype)}"
                )


def _wrong_kind(column: Any) -> str | None:
    """Return the type of a column whose cells are not plain, otherwise None."""
    dtype = column.dtype
    if dtype == nw.Object:
        known = [value for value in column.to_list() if not _is_missing(value)]
        wrong = next((each for each in known if not isinstance(each, SCALARS)), None)
        # Decimals are numbers, but not instances of these types.
        if wrong is None or hasattr(wrong, "as_tuple"):
            return None
        return f"objects of type {type(wrong).__name__}"
    if column.null_count() == len(column):
        # Polars and Arrow have a type for columns without any value.
        return None
    if dtype.is_nested() or dtype in (nw.Binary, nw.Duration, nw.Unknown):
        return str(dtype)
    return None


def _remedy(dtype: Any) -> str:
    if dtype == nw.Duration:
        return "Convert the durations to numbers, such as seconds."
    if dtype == nw.Unknown:
        return "Convert the column to dates, numbers or text, or leave it out."
    return "Write each part into a column of its own, or leave the column out."


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or value != value


def _cells(column: Any) -> pd.Series:
    """Convert a column to numbers or words."""
    column = plain_column(column)
    dtype = column.dtype
    if dtype.is_numeric():
        # A copy, in which missing values are masked later.
        return pd.Series(np.array(column.to_numpy()))
    if dtype == nw.Object:
        values = [None if _is_missing(each) else each for each in column.to_list()]
        if pd.api.types.infer_dtype(values, skipna=True) in OBJECT_NUMBERS:
            return pd.Series(values, dtype=object).astype("float64")
        words = [None if value is None else to_cell_word(value) for value in values]
        return pd.Series(words, dtype="str")
    return _categories(column)


def _categories(column: Any) -> pd.Series:
    """Convert a column of one type to words, by its distinct values."""
    codes, distinct = pd.factorize(column.to_numpy())
    known = np.flatnonzero(codes >= 0)
    first = np.empty(len(distinct), "int64")
    # Backward: the first row of each value is written last, and remains.
    first[codes[known][::-1]] = known[::-1]
    values = column[first.tolist()].to_list()
    if column.dtype in (nw.Datetime, nw.Date):
        values = days_at_midnight(values)
    words = [to_cell_word(value) for value in values]
    places = {word: place for place, word in enumerate(dict.fromkeys(words))}
    table = np.array([*(places[word] for word in words), -1], "int64")
    categories = pd.Index([*places], dtype="str")
    return pd.Series(pd.Categorical.from_codes(table[codes], categories))


def _plain_values(values: pd.Series) -> Any:
    if values.dtype.kind in "iuf" and not isinstance(values.dtype, pd.StringDtype):
        return values.to_numpy()
    plain = values.astype(object)
    return plain.where(plain.notna(), None).tolist()
