"""Tables as compact columns, and their construction part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.tables.text_values import to_words

__all__ = [
    "Allocate",
    "ColumnBuilder",
    "ColumnStore",
    "Rows",
    "WordColumn",
    "rows_between",
]

# A function from a number of rows and a type to an array in memory or in a file.
Allocate = Callable[[int, str], np.ndarray]
# The number of rows per part of a table that is split.
ROWS_A_PART = 65_536


class WordColumn:
    """A column of text, as distinct words and the index of each row's word.

    Args:
        words: The distinct words.
        codes: The index of each row's word, int32 of shape (N,); -1 where missing.
    """

    def __init__(self, words: Sequence[str], codes: np.ndarray) -> None:
        # Index -1 takes the last entry.
        self._words = np.asarray([*words, np.nan], dtype=object)
        self.codes = codes

    @property
    def words(self) -> list[str]:
        """The distinct words."""
        return self._words[:-1].tolist()

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return self._words[self.codes[rows]]


class ColumnStore:
    """Rows stored by column: numbers unchanged, and words by their index.

    The store replaces a DataFrame for code that reads only whole columns and runs of
    rows. It makes them on request, and its columns may be on a disk.

    Args:
        columns: The columns by name: int64 or float64 of shape (N,), or words.
        lines: The places of the rows in their file or files.
        allocate: A function that makes further arrays, in memory or on a disk.

    Example:

    >>> store = ColumnStore(
    ...     {
    ...         "age": np.array([63.0, 67.0]),
    ...         "sex": WordColumn(["f", "m"], np.array([1, -1], "int32")),
    ...     }
    ... )
    >>> store["sex"].tolist(), len(store), "sex" in store
    (['m', nan], 2, True)
    """

    def __init__(
        self,
        columns: Mapping[str, np.ndarray | WordColumn],
        lines: Any = None,
        allocate: Allocate = np.empty,
    ) -> None:
        self._columns = dict(columns)
        self.allocate = allocate
        self._rows = len(next(iter(self._columns.values())))
        self.attrs: dict[Any, Any] = {} if lines is None else {"lines": lines}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(self._columns)

    def __len__(self) -> int:
        return self._rows

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __getitem__(self, name: str) -> pd.Series:
        # A table of one column costs several times as much as a column.
        values = self._series(name, slice(None), pd.RangeIndex(self._rows))
        values.attrs = self.attrs
        return values

    def get(self, name: str, default: Any = None) -> Any:
        """Return a column, or the default if it is absent."""
        return self[name] if name in self._columns else default

    def frame(self, columns: Iterable[str] | None = None, rows: Any = None):
        """Make a DataFrame.

        Args:
            columns: The columns; by default all.
            rows: A slice, or the indices of the rows; by default all.

        Returns:
            A DataFrame, whose index holds the indices of the rows.
        """
        rows = slice(0, self._rows) if rows is None else rows
        if isinstance(rows, slice):
            start, stop, _ = rows.indices(self._rows)
            index = pd.RangeIndex(start, stop)
        else:
            index = pd.Index(rows)
        names = self._columns if columns is None else columns
        series = {name: self._series(name, rows, index) for name in names}
        frame = pd.DataFrame(series, index=index, copy=False)
        frame.attrs = self.attrs
        return frame

    def _series(self, name: str, rows: Any, index: pd.Index) -> pd.Series:
        column = self._columns[name]
        # Without this, arrays computed from a `np.memmap` would be `np.memmap` too.
        values = np.asarray(column[rows])
        dtype = "str" if isinstance(column, WordColumn) else None
        return pd.Series(values, index, dtype=dtype, copy=False, name=name)

    def mask(self, name: str, missing: np.ndarray) -> None:
        """Make some cells of a column missing.

        Args:
            name: The column.
            missing: Whether each cell becomes missing, bool of shape (N,).
        """
        column = self._columns[name]
        if isinstance(column, WordColumn):
            column.codes[missing] = -1
        elif missing.any():
            numbers = column if column.dtype.kind == "f" else column.astype("float64")
            numbers[missing] = np.nan
            self._columns[name] = numbers

    def add(self, name: str, values: np.ndarray) -> None:
        """Add a column of numbers.

        Args:
            name: The name of the column, which must be new.
            values: The numbers, int64 or float64 of shape (N,).
        """
        self._columns[name] = values

    def join(
        self,
        other: ColumnStore,
        columns: Iterable[str],
    ) -> ColumnStore:
        """Append the rows of another table.

        Args:
            other: A table. The columns that it lacks are missing in its rows.
            columns: The columns to keep.
        """
        from keras_mtl.tables.column_store import ColumnBuilder

        rows = len(self) + len(other)
        joined = {}
        for name in columns:
            parts = [store._columns.get(name) for store in (self, other)]
            text = any(isinstance(part, WordColumn) for part in parts)
            builder = ColumnBuilder(rows, self.allocate, text)
            builder.add(self[name])
            absent = pd.Series(np.nan, range(len(other)))
            builder.add(other.get(name, absent))
            joined[name] = builder.finish()
        return ColumnStore(joined, allocate=self.allocate)

    def cut(
        self, columns: Mapping[str, bool], rows: int = ROWS_A_PART
    ) -> list[ColumnStore]:
        """Split some columns into parts of rows, and empty this store.

        The memory of each part can therefore be used again after the part. The parts
        use the smallest types that hold the values.

        Args:
            columns: The columns to keep, and whether their numbers are only used as
                float32.
            rows: The number of rows per part; the last part may have fewer.

        Returns:
            The parts, in order. Columns on a disk are one part.
        """
        kept = {name: self._columns[name] for name in columns}
        self._columns = {}
        if self.allocate is not np.empty:
            return [ColumnStore(kept, allocate=self.allocate)]
        starts = range(0, max(self._rows, 1), rows)
        cut: list[dict[str, np.ndarray | WordColumn]] = [{} for _ in starts]
        for name, rounded in columns.items():
            # The only reference, so that splitting frees the memory.
            column = kept.pop(name)
            for part, start in zip(cut, starts, strict=True):
                part[name] = _small(column, slice(start, start + rows), rounded)
        return [ColumnStore(part) for part in cut]


def _small(
    column: np.ndarray | WordColumn, rows: slice, rounded: bool
) -> np.ndarray | WordColumn:
    """Copy some rows of a column in the smallest type."""
    if isinstance(column, WordColumn):
        words = column.words
        smallest = np.min_scalar_type(-max(len(words), 1))
        return WordColumn(words, column.codes[rows].astype(smallest))
    with np.errstate(over="ignore"):
        return column[rows].astype("float32" if rounded else column.dtype)


# The tables that the checks of columns accept.
Rows = pd.DataFrame | ColumnStore


def rows_between(
    rows: Rows, start: int, stop: int, columns: Iterable[str]
) -> pd.DataFrame:
    """Return a run of rows, with the given columns as far as they exist.

    Example:

    >>> frame = pd.DataFrame({"age": [63.0, 67.0], "sex": ["f", "m"]})
    >>> rows_between(frame, 1, 2, ["sex", "height"])["sex"].tolist()
    ['m']
    """
    names = [name for name in columns if name in rows]
    if isinstance(rows, ColumnStore):
        return rows.frame(names, slice(start, stop))
    return rows[names].iloc[start:stop]


class ColumnBuilder:
    """Builder of one column, part by part.

    Numbers are int64 as long as all are whole and none is missing, and float64 after
    that. A column with words after numbers is `mixed`: its numbers must be read again
    as they are written.

    Args:
        rows: The number of rows of the whole column.
        allocate: A function that makes the array.
        text: Whether all cells are text, even if they look like numbers.

    Example:

    >>> builder = ColumnBuilder(3, np.empty, text=False)
    >>> builder.add(pd.Series([1, 2]))
    >>> builder.add(pd.Series([np.nan]))
    >>> builder.finish()
    array([ 1.,  2., nan])
    """

    def __init__(self, rows: int, allocate: Allocate, text: bool) -> None:
        self.rows = rows
        self.allocate = allocate
        self.text = self.declared = text
        self.filled = 0
        self.mixed = False
        self.codes: dict[str, int] = {}
        self.array: np.ndarray | None = None

    def add(self, values: pd.Series) -> None:
        """Add the next rows: numbers, text or categories of text."""
        if self.mixed:
            return
        start, self.filled = self.filled, self.filled + len(values)
        part = slice(start, self.filled)
        # Most parts begin with a value, which shows the type of the others.
        first: Any = values.iat[0] if len(values) else None
        if pd.isna(first) and values.isna().all():
            if self.array is not None:
                empty = self.array if self.text else self._float_array()
                empty[part] = -1 if self.text else np.nan
        elif self.declared:
            self._add_words(values, part)
        elif _is_number(values) and not self.text:
            self._add_numbers(values, part)
        elif _is_text(values) and (self.text or self.array is None):
            self.text = True
            self._add_words(values, part)
        else:
            # Numbers or truth values beside words: all become words.
            self.mixed, self.array = True, None

    def finish(self) -> np.ndarray | WordColumn:
        """Return the column."""
        if self.array is None:
            self._start("int32" if self.text else "float64")
        assert self.array is not None
        if self.text:
            return WordColumn(list(self.codes), self.array)
        return self.array

    def _add_words(self, values: pd.Series, part: slice) -> None:
        if isinstance(values.dtype, pd.CategoricalDtype):
            codes, words = values.array.codes, values.array.categories
        else:
            if not pd.api.types.is_string_dtype(values):
                texts = to_words(values)
                values = pd.Series(texts, dtype=object).mask(texts == "")
            codes, words = pd.factorize(values)
        table = np.empty(len(words) + 1, "int32")
        for index, word in enumerate(words.tolist()):
            table[index] = self.codes.setdefault(str(word), len(self.codes))
        table[-1] = -1
        # With "wrap", the code -1 of a missing cell takes the last entry.
        np.take(table, codes, out=self._start("int32")[part], mode="wrap")

    def _add_numbers(self, values: pd.Series, part: slice) -> None:
        whole = pd.api.types.is_integer_dtype(values)
        if not isinstance(values.dtype, np.dtype):
            whole = whole and not values.hasnans
        if values.dtype == "uint64" and values.max() >= 2**63:
            # Too large for int64.
            whole = False
        if self.array is None:
            self._start("int64" if whole and not part.start else "float64")
        numbers = values.to_numpy("int64" if whole else "float64")
        array = self.array if numbers.dtype == "int64" else self._float_array()
        assert array is not None
        array[part] = numbers

    def _start(self, dtype: str) -> np.ndarray:
        if self.array is None:
            self.array = self.allocate(self.rows, dtype)
            # All cells before are missing, because the array did not exist.
            self.array[: self.filled] = -1 if dtype == "int32" else 0
            if dtype == "float64":
                self.array[: self.filled] = np.nan
        return self.array

    def _float_array(self) -> np.ndarray:
        array = self._start("float64")
        if array.dtype != "float64":
            numbers = array.view("float64")
            numbers[: self.filled] = array[: self.filled]
            self.array = array = numbers
        return array


def _is_number(values: pd.Series) -> bool:
    types = pd.api.types
    return types.is_numeric_dtype(values) and not types.is_bool_dtype(values)


def _is_text(values: pd.Series) -> bool:
    """Return whether a column holds texts as they are written."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return isinstance(values.cat.categories.dtype, pd.StringDtype)
    return isinstance(values.dtype, pd.StringDtype)
