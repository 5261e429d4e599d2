"""DataFrames in memory as checked columns, and answers as a DataFrame of their kind."""

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
from keras_mtl.tables.missing_values import MISSING_VALUES
from keras_mtl.tables.text_values import to_word

__all__ = ["read_data_frame", "same_kind"]

# As pandas calls what an object column holds.
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
    """Read the rows of a DataFrame as those of a Parquet file are read.

    Numbers stay as they are. Truth values are the words `true` and `false`, dates
    are written as 2026-11-22, and text is cleaned as in a file: white space,
    texts that mean missing, and numbers with a unit.

    Args:
        table: A pandas or Polars DataFrame, or a PyArrow Table.
        source: The name of the table in messages.
        words: See `read_rows`.
        missing: See `read_rows`.
        decimal_mark: See `read_rows`.
        numbers: See `read_rows`.

    Returns:
        The rows. They share no memory that a caller changes.

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
    """Return a pandas DataFrame as the kind of another table.

    Args:
        frame: The DataFrame.
        table: A pandas or Polars DataFrame, or a PyArrow Table.
        rows: The position in `table` of each row of `frame`, by which a pandas
            DataFrame gets its index; None for an index from 0.

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
    """The rows of a table in memory, as `read_columns` reads those of a file."""

    def __init__(self, table: Any, source: str) -> None:
        self.source = source
        self._columns: dict[str, Any] = {}
        self.errors: tuple[str, ...] = ()
        try:
            frame = nw.from_native(table, eager_only=True)
        except TypeError:
            self.errors = (_not_a_table(source, table),)
            return
        except nw.exceptions.DuplicateError:
            self.errors = (
                f"{source}: expected different column names. Received: a name twice, "
                f"among {', '.join(map(str, _names(table)))}. Rename all but one.",
            )
            return
        self._columns = {str(name).strip(): frame[name] for name in frame.columns}
        self._rows = len(frame)
        self.errors = tuple(self._mistakes(frame))

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

    def _mistakes(self, frame: Any) -> Iterator[str]:
        if len(self._columns) < len(frame.columns):
            yield (
                f"{self.source}: expected column names that differ by more than white "
                f"space and type. Received: {', '.join(map(repr, frame.columns))}. "
                "Rename all but one."
            )
        if not len(frame.columns) or not len(frame):
            yield (
                f"{self.source}: there are no data rows. Expected at least one, in a "
                f"table with columns. Received: {len(frame)} rows of "
                f"{len(frame.columns)} columns. Pass a table with rows."
            )
        for name, column in self._columns.items():
            kind = _wrong_kind(column)
            if kind is not None:
                yield (
                    f"{self.source}, column {name!r}: expected numbers, text, truth "
                    f"values or dates. Received: {kind}. Write each part into a column "
                    "of its own, or leave the column out."
                )


def _not_a_table(source: str, table: Any) -> str:
    kind = type(table)
    fix = "Pass a DataFrame."
    if hasattr(table, "collect"):
        fix = "Pass table.collect()."
    elif isinstance(table, np.ndarray | list | dict | pd.Series):
        fix = "Pass pandas.DataFrame(table) with a name for each column."
    return (
        f"{source}: expected a pandas or Polars DataFrame, or a PyArrow Table. "
        f"Received: {kind.__module__}.{kind.__qualname__}. {fix}"
    )


def _names(table: Any) -> Sequence[Any]:
    return list(getattr(table, "column_names", getattr(table, "columns", ())))


def _wrong_kind(column: Any) -> str | None:
    """Return the type of a column that holds no plain cells, else None."""
    dtype = column.dtype
    if dtype == nw.Object:
        known = [value for value in column.to_list() if not _is_missing(value)]
        wrong = next((each for each in known if not isinstance(each, SCALARS)), None)
        # Decimals are numbers and no instance of any of these.
        if wrong is None or hasattr(wrong, "as_tuple"):
            return None
        return f"objects of type {type(wrong).__name__}"
    if column.null_count() == len(column):
        # Polars and Arrow have a type for columns without any value.
        return None
    if dtype.is_nested() or dtype in (nw.Binary, nw.Duration, nw.Unknown):
        return str(dtype)
    return None


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or value != value


def _cells(column: Any) -> pd.Series:
    """Turn a column into numbers, or into words."""
    dtype = column.dtype
    if dtype.is_decimal():
        column = column.cast(nw.Float64)
    if dtype.is_integer() and column.null_count():
        column = column.cast(nw.Float64)
    if dtype.is_numeric():
        # A copy: what means missing is masked in it.
        return pd.Series(np.array(column.to_numpy()))
    if dtype == nw.Object:
        values = [None if _is_missing(each) else each for each in column.to_list()]
        if pd.api.types.infer_dtype(values, skipna=True) in OBJECT_NUMBERS:
            return pd.Series(values, dtype=object).astype("float64")
        words = [None if value is None else _word(value) for value in values]
        return pd.Series(words, dtype="str")
    if dtype in (nw.Categorical, nw.Enum):
        column = column.cast(nw.String)
    return _categories(column)


def _categories(column: Any) -> pd.Series:
    """Turn a column of one type into words; only distinct values are looked at."""
    codes, distinct = pd.factorize(column.to_numpy())
    known = np.flatnonzero(codes >= 0)
    first = np.empty(len(distinct), "int64")
    # Backwards, so that the first row of a value is written last.
    first[codes[known][::-1]] = known[::-1]
    values = column[first.tolist()].to_list()
    if column.dtype in (nw.Datetime, nw.Date):
        values = _without_midnight(values)
    words = [_word(value) for value in values]
    places = {word: place for place, word in enumerate(dict.fromkeys(words))}
    table = np.array([*(places[word] for word in words), -1], "int64")
    categories = pd.Index([*places], dtype="str")
    return pd.Series(pd.Categorical.from_codes(table[codes], categories))


def _without_midnight(times: list[Any]) -> list[Any]:
    """Return times as days where none has an hour of its own, as pandas writes."""
    if not all(_is_midnight(each) for each in times if hasattr(each, "hour")):
        return times
    return [each.date() if hasattr(each, "hour") else each for each in times]


def _is_midnight(time: Any) -> bool:
    return not (time.hour or time.minute or time.second or time.microsecond)


def _word(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, datetime.date):
        return value.isoformat()
    return to_word(value)


def _plain_values(values: pd.Series) -> Any:
    if values.dtype.kind in "iuf" and not isinstance(values.dtype, pd.StringDtype):
        return values.to_numpy()
    plain = values.astype(object)
    return plain.where(plain.notna(), None).tolist()
