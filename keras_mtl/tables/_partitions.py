"""Folders named like `year=2026`, whose values are a column of the rows inside."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import unquote

import pandas as pd

from keras_mtl.tables._cell_values import mask_numbers
from keras_mtl.tables.line_numbers import LineNumbers

__all__ = ["Partition", "is_partition", "partition_values"]

# The missing value of Hive and Spark.
MISSING = "__HIVE_DEFAULT_PARTITION__"


class NamedFile(Protocol):
    """A file of rows with names, lines and errors."""

    source: str

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""

    @property
    def rows(self) -> int:
        """The number of rows."""

    @property
    def lines(self) -> LineNumbers | None:
        """The line of each row, if the file has lines."""

    @property
    def errors(self) -> tuple[str, ...]:
        """The errors in the file."""

    def parts(
        self,
        columns: Sequence[str],
        text_columns: Collection[str],
        missing: Collection[str],
    ) -> Iterator[pd.DataFrame]:
        """Read the file from its beginning."""


File = TypeVar("File", bound=NamedFile)


def is_partition(name: str) -> bool:
    """Return whether a folder is named like `year=2026`.

    Example:

    >>> is_partition("year=2026"), is_partition("=2026"), is_partition("_delta_log")
    (True, False, False)
    """
    return name.find("=") > 0 and not name.startswith((".", "_"))


def partition_values(below: PurePath) -> dict[str, str | None]:
    """Return the values in the names of the folders of a file.

    Args:
        below: The file's path below the folder of the table.

    Example:

    >>> partition_values(PurePath("year=2026/city=New%20York/part-0.csv"))
    {'year': '2026', 'city': 'New York'}
    """
    values: dict[str, str | None] = {}
    for part in below.parts[:-1]:
        key, _, value = part.partition("=")
        text = unquote(value)
        values[unquote(key).strip()] = None if text in ("", MISSING) else text
    return values


class Partition(Generic[File]):
    """A file in folders whose values are columns after the file's own columns.

    Args:
        file: The file.
        values: The value of each added column, the same in all rows of the file.
        numbers: The added columns that are numbers in all files of the table.
    """

    def __init__(
        self,
        file: File,
        values: Mapping[str, str | None],
        numbers: Collection[str] = (),
    ) -> None:
        self.file = file
        self.source = file.source
        self.values = dict(values)
        self.numbers = numbers

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return (*self.file.names, *self.values)

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.file.rows

    @property
    def lines(self) -> Any:
        """The line of each row, if the file has lines."""
        return self.file.lines

    @property
    def errors(self) -> tuple[str, ...]:
        """The errors in the file or its columns."""
        twice = [
            f"{self.source}: expected the column {name!r} either in the file or as the "
            "name of its folder. Received: both. Drop it from the file."
            for name in self.values
            if name in self.file.names
        ]
        return (*self.file.errors, *twice)

    def parts(
        self,
        columns: Sequence[str],
        text_columns: Collection[str],
        missing: Collection[str],
    ) -> Iterator[pd.DataFrame]:
        """Read the file from its beginning. See `RowFile`."""
        own = [name for name in columns if name not in self.values]
        # A column is needed to count the rows.
        read = own or list(self.file.names[:1])
        for part in self.file.parts(read, text_columns, missing):
            made = {name: part[name] for name in own}
            for name in columns:
                if name in self.values:
                    made[name] = self._column(
                        name, len(part), name in text_columns, missing
                    )
            yield pd.DataFrame(made, columns=list(columns))

    def _column(
        self, name: str, rows: int, text: bool, missing: Collection[str]
    ) -> pd.Series:
        value = self.values[name]
        words = pd.Series([value] * rows, dtype="str")
        if text or name not in self.numbers:
            return words
        return mask_numbers(pd.to_numeric(words), missing)
