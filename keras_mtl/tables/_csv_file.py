"""The rows of one CSV file whose structure is known, some at a time."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pandas as pd

from keras_mtl.errors import UserError
from keras_mtl.tables._csv_structure import nameless, scan_structure
from keras_mtl.tables._threads import usable_threads
from keras_mtl.tables.line_numbers import LineNumbers

__all__ = ["CsvFile"]

# The cells that are read at a time: some tens of mebibytes.
CELLS_A_PART = 2_000_000
# The rows that are looked at to tell text from numbers before reading.
ROWS_SEEN_FIRST = 1000


class CsvFile:
    """A CSV file without a mistake in its structure.

    Args:
        source: The path, as messages have it.
        path: Where the file is; by default at the source.

    Attributes:
        notes: What was done to the file as a whole, for warnings.
    """

    def __init__(self, source: str, path: str | None = None) -> None:
        self.source = source
        self.structure = scan_structure(source, path)
        self.notes: tuple[str, ...] = ()
        self._more_mistakes: list[str] = []
        if self.structure.nameless_first and not self.structure.errors:
            self._check_first(self.structure.nameless_first)

    @property
    def errors(self) -> tuple[str, ...]:
        """What is wrong with the structure."""
        return (*self.structure.errors, *self._more_mistakes)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return self.structure.names

    def _check_first(self, name: str) -> None:
        """Checks that a first column without a name only tells rows apart."""
        parts = self._read([name], {}, {""}, CELLS_A_PART)
        values = pd.concat([part[name] for part in parts])
        what = _row_names(values)
        if what is None:
            self._more_mistakes = nameless(self.source, [1])
        else:
            self.notes = (f"left out the first column, which has no name and {what}",)

    @property
    def lines(self) -> LineNumbers:
        """The line of each row."""
        return self.structure.lines

    @property
    def rows(self) -> int:
        """The number of data rows."""
        return len(self.structure.lines)

    def parts(
        self,
        columns: Sequence[str],
        text_columns: Collection[str],
        missing: Collection[str],
    ) -> Iterator[pd.DataFrame]:
        """Reads the file from its beginning.

        Args:
            columns: The columns to read.
            text_columns: Those that are text even if they look like numbers.
            missing: The texts that mean a missing value.

        Yields:
            The rows, some at a time. Text is a column of categories, or a
            column of text where it only turns out to be text.

        Raises:
            UserError: If pandas can't read it, or finds other rows.
        """
        dtypes = {name: "str" for name in text_columns if name in columns}
        look = [name for name in columns if name not in dtypes]
        if look:
            first = next(self._read(look, {}, missing, ROWS_SEEN_FIRST), None)
            if first is not None:
                # Faster than text; but pandas makes numbers of categories that
                # look so, which `ColumnBuilder` minds.
                dtypes |= {name: "category" for name in look if _is_text(first[name])}
        size = max(ROWS_SEEN_FIRST, CELLS_A_PART // len(columns))
        found = 0
        if len(self.structure.plain) > 1:
            parts = self._read_plain(columns, dtypes, missing)
        else:
            parts = self._read(columns, dtypes, missing, size)
        for part in parts:
            found += len(part)
            yield part
        if found != self.rows:
            raise UserError(
                f"{self.source}: expected {self.rows} data rows. Received: {found} "
                "from pandas. Quotes or line ends are ambiguous; write the file "
                "again with quotes around every text value."
            )

    def _read(
        self,
        columns: Sequence[str],
        dtypes: Mapping[str, str],
        missing: Collection[str],
        size: int,
    ) -> Iterator[pd.DataFrame]:
        structure = self.structure
        try:
            # Pandas miscounts rows that end with "\r" alone: make it "\n".
            newline = None if structure.lone_returns else ""
            with (
                open(
                    structure.text.path,
                    encoding=structure.text.encoding,
                    newline=newline,
                ) as handle,
                pd.read_csv(
                    handle,
                    header=0,
                    # The structural pass says which records are no rows, so that
                    # both parsers see the same rows.
                    skiprows=list(structure.skipped_records),
                    chunksize=size,
                    **self._options(columns, dtypes, missing),
                ) as reader,
            ):
                yield from reader
        except (pd.errors.ParserError, OSError) as error:
            raise UserError(f"{self.source}: cannot be read ({error}).") from error

    def _read_plain(
        self,
        columns: Sequence[str],
        dtypes: Mapping[str, str],
        missing: Collection[str],
    ) -> Iterator[pd.DataFrame]:
        """Reads a file whose rows are all plain, several parts at the same time.

        Pandas parses without the lock of Python. The parts come in their order.
        """
        options = self._options(columns, dtypes, missing)

        def read(start: int, stop: int) -> pd.DataFrame:
            with open(self.structure.text.path, "rb") as handle:
                handle.seek(start)
                rows = io.BytesIO(handle.read(stop - start))
            return pd.read_csv(rows, header=None, encoding="utf-8", **options)

        threads = usable_threads()
        waiting: deque[Future[pd.DataFrame]] = deque()
        try:
            with ThreadPoolExecutor(threads) as pool:
                try:
                    for start, stop in self._long_parts(len(columns)):
                        waiting.append(pool.submit(read, start, stop))
                        # No more than that in memory.
                        if len(waiting) > threads:
                            yield waiting.popleft().result()
                    while waiting:
                        yield waiting.popleft().result()
                finally:
                    for part in waiting:
                        part.cancel()
        except (pd.errors.ParserError, OSError) as error:
            raise UserError(f"{self.source}: cannot be read ({error}).") from error

    def _long_parts(self, columns: int) -> Iterator[tuple[int, int]]:
        """Joins runs of lines until they hold enough cells, as each part costs."""
        plain = self.structure.plain
        cells = columns * self.rows / len(plain)
        joined = max(1, round(CELLS_A_PART / 2 / cells))
        for first in range(0, len(plain), joined):
            runs = plain[first : first + joined]
            yield runs[0][0], runs[-1][1]

    def _options(
        self,
        columns: Sequence[str],
        dtypes: Mapping[str, str],
        missing: Collection[str],
    ) -> dict[str, Any]:
        """Returns how pandas reads the file, however it is cut."""
        return {
            "sep": self.structure.delimiter,
            "names": list(self.structure.fields),
            "index_col": False,
            "usecols": list(columns),
            "dtype": dict(dtypes),
            "skipinitialspace": True,
            "skip_blank_lines": False,
            "keep_default_na": False,
            "na_values": list(missing),
            "low_memory": False,
        }


def _row_names(values: pd.Series) -> str | None:
    """Says why a column may be left out: how it tells rows apart, if it does.

    Pandas and R write the rows' numbers or names so. Parts of a table, or some
    of its rows, keep the numbers that they had.
    """
    if values.isna().all():
        return "is empty"
    if values.isna().any():
        return None
    if pd.api.types.is_integer_dtype(values):
        counted = int((values.diff() == 1).sum()) >= 0.9 * (len(values) - 1)
        return "numbers the rows" if values.is_unique or counted else None
    if pd.api.types.is_numeric_dtype(values):
        return None
    return "names the rows" if values.is_unique else None


def _is_text(values: pd.Series) -> bool:
    number = pd.api.types.is_numeric_dtype(values) and values.dtype != bool
    return not number and bool(values.notna().any())
