"""A column that is put together of the parts in which a file is read."""

from __future__ import annotations

import numpy as np
import pandas as pd

from keras_mtl.datasets.column_store import Allocate, WordColumn
from keras_mtl.features.words import to_words

__all__ = ["ColumnBuilder"]


class ColumnBuilder:
    """Puts a column together, part by part.

    Numbers are int64 as long as all are whole and none is missing, and float64
    from then on. A column that has words after numbers is `mixed`: the numbers
    are to be read again as they are written.

    Args:
        rows: The rows of the whole column.
        allocate: Makes the array.
        text: Whether all is text, even if it looks like numbers.

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
        """Adds the next rows: numbers, text or categories of text."""
        if self.mixed:
            return
        start, self.filled = self.filled, self.filled + len(values)
        part = slice(start, self.filled)
        if values.isna().all():
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
            # Numbers or truth values beside words: all are to be words.
            self.mixed, self.array = True, None

    def finish(self) -> np.ndarray | WordColumn:
        """Returns the column."""
        if self.array is None:
            self._start("int32" if self.text else "float64")
        assert self.array is not None
        if self.text:
            return WordColumn(list(self.codes), self.array)
        return self.array

    def _add_words(self, values: pd.Series, part: slice) -> None:
        if isinstance(values.dtype, pd.CategoricalDtype):
            codes, words = values.cat.codes.to_numpy(), values.cat.categories
        else:
            if not pd.api.types.is_string_dtype(values):
                texts = to_words(values)
                values = pd.Series(texts, dtype=object).mask(texts == "")
            codes, words = pd.factorize(values)
        table = np.empty(len(words) + 1, "int32")
        for index, word in enumerate(words):
            table[index] = self.codes.setdefault(str(word), len(self.codes))
        table[-1] = -1
        self._start("int32")[part] = table[codes]

    def _add_numbers(self, values: pd.Series, part: slice) -> None:
        whole = pd.api.types.is_integer_dtype(values) and not values.hasnans
        if values.dtype == "uint64" and values.max() >= 2**63:
            # Too large for 64 bits with a sign.
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
            # What came before was missing, or there would be an array.
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
    """Says whether a column holds its texts as they are written."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return isinstance(values.cat.categories.dtype, pd.StringDtype)
    return isinstance(values.dtype, pd.StringDtype)
