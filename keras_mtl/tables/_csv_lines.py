"""The lines of a CSV file, for the csv module, which needn't see the plain ones."""

from __future__ import annotations

import codecs
import contextlib
import csv
import os
import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from io import StringIO
from itertools import islice
from typing import BinaryIO, TextIO

import numpy as np

from keras_mtl.tables._threads import usable_threads

__all__ = ["END", "CsvLines", "open_lines"]

BLOCK = 1 << 22
MAXIMUM_LINE = 1 << 24
# A line that no file holds, because NUL is refused before. It comes back as it
# is, unless a quote is open: then it becomes a part of that field.
END = '\0"'


@contextlib.contextmanager
def open_lines(
    path: str | os.PathLike[str], encoding: str, delimiter: str
) -> Iterator[CsvLines]:
    """Opens a text file whose encoding and delimiter are known."""
    if encoding == "utf-8-sig":
        with open(path, "rb") as binary:
            mark = binary.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
            binary.seek(0)
            start = len(codecs.BOM_UTF8) if mark else 0
            with ThreadPoolExecutor(usable_threads()) as pool:
                yield CsvLines(_blocks(binary), delimiter, start, pool)
    else:
        with open(path, encoding=encoding, newline="") as handle:
            yield CsvLines(_one_by_one(handle), delimiter)


class CsvLines:
    """Yields the lines of a file, then `END`, and notes what pandas minds.

    A file comes in blocks of whole lines. One that was not begun yet may be
    skipped, if every line in it surely is a record of its own.

    Args:
        blocks: Bytes in UTF-8 of whole lines, or single lines of text.
        delimiter: The character between fields.
        start: The bytes before the first block.
        pool: Counts the rows of blocks ahead, as NumPy does so without Python's
            lock; by default each block is counted when its turn comes.

    Attributes:
        lone_returns: Whether a line ended with `\\r` alone.
        tabbed_quote: Whether there was a tab between delimiter and quote.
            Pandas skips it and reads what follows as quoted; the csv module
            doesn't. Whoever is right, the file is ambiguous.
        skipped: The lines that were skipped so far.
        stretches: Where they are in the file: their first byte, and that behind
            their last one.
    """

    def __init__(
        self,
        blocks: Iterator[bytes | str],
        delimiter: str,
        start: int = 0,
        pool: ThreadPoolExecutor | None = None,
    ) -> None:
        self.blocks = blocks
        self.delimiter = delimiter
        self.lone_returns = False
        self.tabbed_quote = False
        self.skipped = 0
        self.stretches: list[tuple[int, int]] = []
        self._place = start
        self._pool = pool
        self._ahead: deque[bytes | str] = deque()
        # Of the blocks ahead, as many as were begun, with that width.
        self._counts: deque[Future[int]] = deque()
        self._width = 0
        self._left: Iterator[str] = iter(())
        self._begun = 0
        self.pattern = None
        if delimiter != "\t":
            self.pattern = re.compile(rf'(^|{re.escape(delimiter)}) *\t[ \t]*"')

    def __iter__(self) -> Iterator[str]:
        while True:
            for line in self._left:
                self._begun -= 1
                yield self._noted(line)
            block = self._peek()
            if block is None:
                yield END
                return
            self._take()
            self._place += len(block)
            # Not splitlines, which also splits at form feeds and the like.
            text = block if isinstance(block, str) else block.decode("utf-8")
            lines = list(StringIO(text, newline=""))
            self._left, self._begun = iter(lines), len(lines)

    def skip_plain(self, width: int) -> int:
        """Skips the next block, if it is plain, at the beginning of a record.

        Plain are lines with as many fields as the header, none of them blank, and
        with quotes around whole fields alone, none of which holds a line break.

        Args:
            width: The number of fields.

        Returns:
            The lines, which are rows; 0 if none was skipped.
        """
        if self._begun or width < 2:
            return 0
        block = self._peek()
        if not isinstance(block, bytes):
            return 0
        rows = self._count(block, width)
        if rows:
            self._take()
            self.skipped += rows
            start, self._place = self._place, self._place + len(block)
            self.stretches.append((start, self._place))
        return rows

    def check_tabs(self, source: str, line: int, fields: list[str]) -> list[str]:
        """Returns a message if one of the fields begins with a tab and a quote."""
        self.tabbed_quote = False
        if not any(re.match(r'\t[ \t]*"', field) for field in fields):
            return []
        return [
            f"{source}, line {line}: expected a quote right after the delimiter. "
            "Received: a tab before the quote. Remove the tab."
        ]

    def _peek(self) -> bytes | str | None:
        if not self._ahead:
            self._ahead.extend(islice(self.blocks, 1))
        return self._ahead[0] if self._ahead else None

    def _take(self) -> None:
        """Forgets the next block, which is read or skipped."""
        self._ahead.popleft()
        if self._counts:
            self._counts.popleft()

    def _count(self, block: bytes, width: int) -> int:
        """Counts the plain rows of the next block, and begins with those behind."""
        if self._pool is None:
            return _count_plain(block, self.delimiter, width)
        if width != self._width:
            self._width, self._counts = width, deque()
        more = usable_threads() + 1 - len(self._ahead)
        self._ahead.extend(islice(self.blocks, max(0, more)))
        if len(self._ahead) == 1 and not self._counts:
            # A thread is not worth its start for a small file.
            return _count_plain(block, self.delimiter, width)
        for other in islice(self._ahead, len(self._counts), None):
            assert isinstance(other, bytes)
            self._counts.append(
                self._pool.submit(_count_plain, other, self.delimiter, width)
            )
        return self._counts[0].result()

    def _noted(self, line: str) -> str:
        if line[-1] == "\r":
            self.lone_returns = True
        elif len(line) >= MAXIMUM_LINE and line[-1] != "\n":
            raise csv.Error(f"line longer than {MAXIMUM_LINE} characters")
        if self.pattern and "\t" in line and self.pattern.search(line):
            self.tabbed_quote = True
        return line


def _one_by_one(handle: TextIO) -> Iterator[str]:
    while line := handle.readline(MAXIMUM_LINE):
        yield line


def _blocks(handle: BinaryIO) -> Iterator[bytes]:
    """Cuts a file at ends of lines; the first block is the first line alone."""
    left = handle.readline(MAXIMUM_LINE).removeprefix(codecs.BOM_UTF8)
    if codecs.BOM_UTF8.startswith(left):
        left = b""  # nothing but a part of the mark
    whole = left.endswith(b"\n")
    if whole:
        yield left
        left = b""
    while read := handle.read(BLOCK):
        left += read
        # A return at the very end may have its line feed in the next block.
        end = left.rfind(b"\n") + 1 or left.rfind(b"\r", 0, len(left) - 1) + 1
        if end:
            yield left[:end]
            left = left[end:]
        elif len(left) > 4 * MAXIMUM_LINE:
            break
    else:
        # The last line need not have an end, and is as plain as any other.
        if 0 < len(left) < MAXIMUM_LINE and not left.endswith((b"\n", b"\r")):
            left += b"\n"
    if left:
        yield left


def _count_plain(block: bytes, delimiter: str, width: int) -> int:
    """Counts the lines, or returns 0 if one of them may be no plain row."""
    if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
        return 0
    characters = np.frombuffer(block, np.uint8)
    is_end, is_delimiter = characters == ord("\n"), characters == ord(delimiter)
    if b'"' in block:
        quotes = characters == ord('"')
        if not _are_plain_quotes(characters, np.flatnonzero(quotes), delimiter):
            return 0
        # From an opening quote to what is before the closing one.
        within = np.bitwise_xor.accumulate(quotes.view(np.uint8)).view(bool)
        if (is_end & within).any():
            return 0
        is_delimiter &= ~within
    ends = np.flatnonzero(is_end)
    if not len(ends) or ends[-1] != len(block) - 1:
        return 0
    # The csv module refuses longer fields.
    if np.diff(ends, prepend=-1).max() > csv.field_size_limit():
        return 0
    between = np.flatnonzero(is_delimiter)
    if len(between) != len(ends) * (width - 1):
        return 0
    # The last delimiter of each row is before its end, the next one's after it.
    of_row = between.reshape(len(ends), width - 1)
    sound = (of_row[:, -1] < ends).all() and (of_row[1:, 0] > ends[:-1]).all()
    return len(ends) if sound else 0


def _are_plain_quotes(
    characters: np.ndarray, quotes: np.ndarray, delimiter: str
) -> bool:
    """Whether all quotes stand at the ends of fields, or twice within quotes.

    Args:
        characters: A block that begins and ends where a record does.
        quotes: The places of its quotes, of which there is one at least.
        delimiter: The character between fields.
    """
    if len(quotes) % 2 or characters[-1] == ord('"'):
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before, after = characters[opening - 1], characters[closing + 1]
    if not opening[0]:
        before[0] = ord("\n")
    begins = (before == ord(delimiter)) | (before == ord("\n"))
    # The second of two quotes that mean one opens the rest of the field.
    begins[1:] |= opening[1:] == closing[:-1] + 1
    ends = (after == ord(delimiter)) | (after == ord("\n")) | (after == ord('"'))
    return bool((begins & (ends | (after == ord("\r")))).all())
