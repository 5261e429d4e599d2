"""Parts of the rows of a CSV file whose structure is known."""

from __future__ import annotations

import codecs
import io
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

from keras_mtl.errors import UserError
from keras_mtl.tables._csv_header import nameless
from keras_mtl.tables._csv_structure import scan_structure
from keras_mtl.tables._threads import keep_freed_memory, usable_threads
from keras_mtl.tables.column_store import ColumnBuilder
from keras_mtl.tables.line_numbers import LineNumbers

__all__ = ["CsvFile"]

# The cells and the bytes that a thread reads at a time, the same as in pandas. More are
# slower, because they do not fit into the processor's cache.
CELLS_A_PART = 1_000_000
BYTES_A_PART = 1 << 23
# The number of rows that show, before reading, which columns are text.
ROWS_SEEN_FIRST = 1000


class CsvFile:
    """A CSV file that was scanned for its structure.

    Args:
        source: The path in messages.
        path: The path of the file; by default the source.

    Attributes:
        notes: The changes of the file as a whole, for warnings.
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
        """The errors in the structure."""
        return (*self.structure.errors, *self._more_mistakes)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return self.structure.names

    def _check_first(self, name: str) -> None:
        """Check that a first column without a name only numbers or names the rows."""
        for text in (False, True):
            builder = ColumnBuilder(self.rows, np.empty, text)
            for part in self.parts([name], [name] if text else [], {""}):
                builder.add(part[name])
            if not builder.mixed:
                break
        values = pd.Series(builder.finish()[:])
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
        """Read the file from its beginning, part by part.

        Args:
            columns: The columns to read.
            text_columns: The columns that are text even if they look like numbers.
            missing: The texts that mean a missing value.

        Yields:
            The next rows. A column of text holds categories, or strings if a later
            part shows that the column is text.

        Raises:
            UserError: If pandas cannot read the file, or finds other rows.
        """
        dtypes = {name: "str" for name in text_columns if name in columns}
        # The types of the columns; the first rows add more types below.
        read = partial(self._read, columns, dtypes, missing)
        look = [name for name in columns if name not in dtypes]
        if look and self.structure.stretches and not _has_arrow():
            # Categories are faster than text. But pandas turns categories that
            # look like numbers into numbers, which `ColumnBuilder` handles.
            first = read(self.structure.stretches[:1], ROWS_SEEN_FIRST)
            dtypes |= {name: "category" for name in look if _is_text(first[name])}
        if len(self.structure.stretches) > 1:
            keep_freed_memory()
        found = 0
        for part in self._in_threads(read, self._long_parts(len(columns))):
            found += len(part)
            yield part
        if found != self.rows:
            raise UserError(
                f"{self.source}: expected {self.rows} data rows. Received: {found} "
                "from pandas. Quotes or line ends are ambiguous; write the file "
                "again with quotes around every text value."
            )

    def _in_threads(
        self,
        read: Callable[[Sequence[tuple[int, int]]], pd.DataFrame],
        parts: Iterator[Sequence[tuple[int, int]]],
    ) -> Iterator[pd.DataFrame]:
        """Read several parts at the same time, and yield them in their order.

        pandas releases Python's lock while it parses.
        """
        threads = usable_threads()
        waiting: deque[Future[pd.DataFrame]] = deque()
        try:
            with ThreadPoolExecutor(threads) as pool:
                try:
                    for part in parts:
                        waiting.append(pool.submit(read, part))
                        # Memory holds one part per thread, and one more part, so that
                        # no thread waits while the caller is busy.
                        if len(waiting) > threads + 1:
                            yield waiting.popleft().result()
                    while waiting:
                        yield waiting.popleft().result()
                finally:
                    for future in waiting:
                        future.cancel()
        except (pd.errors.ParserError, OSError) as error:
            raise UserError(f"{self.source}: cannot be read ({error}).") from error

    def _long_parts(self, columns: int) -> Iterator[list[tuple[int, int]]]:
        """Join stretches until they hold enough cells, because each part costs time."""
        stretches = self.structure.stretches
        length = sum(stop - start for start, stop in stretches)
        enough = min(BYTES_A_PART, length * CELLS_A_PART / (columns * self.rows))
        joined: list[tuple[int, int]] = []
        for start, stop in stretches:
            if joined and joined[-1][1] == start:
                joined[-1] = joined[-1][0], stop
            else:
                joined.append((start, stop))
            if stop - joined[0][0] >= enough:
                yield joined
                joined = []
        if joined:
            yield joined

    def _read(
        self,
        columns: Sequence[str],
        dtypes: Mapping[str, str],
        missing: Collection[str],
        stretches: Sequence[tuple[int, int]],
        rows: int | None = None,
    ) -> pd.DataFrame:
        """Read the rows of some stretches, or the first of these rows."""
        structure = self.structure
        pieces = []
        with open(structure.text.path, "rb") as handle:
            for start, stop in stretches:
                handle.seek(start)
                pieces.append(handle.read(stop - start))
        content = b"".join(pieces)
        if structure.lone_returns:
            # pandas miscounts rows that end with only "\r".
            content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        # pandas removes bytes that look like a byte order mark.
        marked = content.startswith(codecs.BOM_UTF8)
        if marked:
            content = b"\n" + content
        frame = pd.read_csv(
            io.BytesIO(content),
            header=None,
            skiprows=int(marked),
            nrows=rows,
            encoding="utf-8",
            sep=structure.delimiter,
            names=list(structure.fields),
            index_col=False,
            usecols=list(columns),
            dtype=dict(dtypes),
            # This option costs time.
            skipinitialspace=structure.indented,
            skip_blank_lines=False,
            keep_default_na=False,
            na_values=list(missing),
            low_memory=False,
        )
        # This thread converts, so that other threads can work at the same time.
        for name, dtype in frame.dtypes.items():
            if isinstance(dtype, pd.StringDtype):
                codes, words = pd.factorize(frame[name].array)
                frame[name] = pd.Categorical.from_codes(codes, words, validate=False)
        return frame


def _has_arrow() -> bool:
    """Return whether pandas holds text in Arrow's form, the fastest to encode."""
    return pd.StringDtype(na_value=np.nan).storage == "pyarrow"


def _row_names(values: pd.Series) -> str | None:
    """Return the reason to leave a column out: it numbers or names the rows.

    pandas and R write such a column. A part of a table, or a selection of its rows,
    keeps the numbers of the whole table.
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
