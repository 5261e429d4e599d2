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
from typing import BinaryIO

import numpy as np

from keras_mtl.tables._threads import usable_threads

__all__ = ["END", "CsvLines", "open_lines"]

# Small enough that a line that is not plain costs its block alone.
BLOCK = 1 << 19
MAXIMUM_LINE = 1 << 24
# A line that no file holds, because NUL is refused before. It comes back as it
# is, unless a quote is open: then it becomes a part of that field.
END = '\0"'


@contextlib.contextmanager
def open_lines(path: str | os.PathLike[str], delimiter: str) -> Iterator[CsvLines]:
    """Opens a text file in UTF-8 whose delimiter is known."""
    with open(path, "rb") as binary:
        mark = binary.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
        binary.seek(0)
        start = len(codecs.BOM_UTF8) if mark else 0
        with ThreadPoolExecutor(usable_threads()) as pool:
            yield CsvLines(_blocks(binary), delimiter, start, pool)


class CsvLines:
    """Yields the lines of a file, then `END`, and notes what pandas minds.

    A file comes in blocks of whole lines. One that was not begun yet may be
    skipped, if every line in it surely is a record of its own.

    Args:
        blocks: Bytes in UTF-8, of whole lines.
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
        place: The byte of the file at which the next line begins.
        indented: Whether white space begins a field of a line that was skipped.
    """

    def __init__(
        self,
        blocks: Iterator[bytes],
        delimiter: str,
        start: int = 0,
        pool: ThreadPoolExecutor | None = None,
    ) -> None:
        self.blocks = blocks
        self.delimiter = delimiter
        self.lone_returns = False
        self.tabbed_quote = False
        self.skipped = 0
        self.place = start
        self.indented = False
        self._pool = pool
        self._ahead: deque[bytes] = deque()
        # Of the blocks ahead, as many as were begun, with that width.
        self._counts: deque[Future[tuple[int, bool]]] = deque()
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
                self.place += len(line) if line.isascii() else len(line.encode())
                yield self._noted(line)
            block = self._peek()
            if block is None:
                yield END
                return
            self._take()
            # Not splitlines, which also splits at form feeds and the like.
            lines = list(StringIO(block.decode("utf-8"), newline=""))
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
        if block is None:
            return 0
        rows, indented = self._count(block, width)
        if rows:
            self._take()
            self.skipped += rows
            self.place += len(block)
            self.indented = self.indented or indented
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

    def _peek(self) -> bytes | None:
        if not self._ahead:
            self._ahead.extend(islice(self.blocks, 1))
        return self._ahead[0] if self._ahead else None

    def _take(self) -> None:
        """Forgets the next block, which is read or skipped."""
        self._ahead.popleft()
        if self._counts:
            self._counts.popleft()

    def _count(self, block: bytes, width: int) -> tuple[int, bool]:
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


def _count_plain(block: bytes, delimiter: str, width: int) -> tuple[int, bool]:
    """Counts the rows of a block of lines.

    All is done on bits, one per character, so that a step handles 64 of them.

    Args:
        block: Lines, the first of which begins a record.
        delimiter: The character between fields.
        width: The number of fields of a row, at least two.

    Returns:
        The number of rows, 0 if a line may be no plain row; and whether a field
        begins with white space.
    """
    if not block.endswith(b"\n"):
        return 0, False
    characters = np.frombuffer(block, np.uint8)
    is_end = characters == ord("\n")
    ends = _pack(is_end)
    delimiters = _pack(characters == ord(delimiter))
    returns = None
    if b"\r" in block:
        returns = _pack(characters == ord("\r"))
        if (returns & ~_one_before(ends)).any():
            return 0, False
    starts = _one_behind(delimiters | ends)
    starts[0] |= np.uint64(1)
    spaces = _pack(characters == ord(" "))
    if b"\t" in block and delimiter != "\t":
        tabs = _pack(characters == ord("\t"))
        indented = starts & (spaces | tabs)
    else:
        indented = starts & spaces
    if b'"' in block:
        quotes = _pack(characters == ord('"'))
        within = _within(quotes)
        closing = quotes & ~within
        # An opening quote begins a field, behind one space perhaps; or it is the
        # second of two quotes that mean one.
        begins = starts | _one_behind(closing | (starts & spaces))
        after = delimiters | ends | quotes
        if returns is not None:
            after |= returns
        misplaced = (quotes & within & ~begins) | (closing & ~_one_before(after))
        if (misplaced | (ends & within)).any():
            return 0, False
        delimiters &= ~within
        indented &= ~within
    places = np.flatnonzero(is_end)
    # The csv module refuses longer fields.
    if np.diff(places, prepend=-1).max() > csv.field_size_limit():
        return 0, False
    # The ends and delimiters up to the end of each row.
    marks = delimiters | ends
    counts = np.cumsum(np.bitwise_count(marks), dtype=np.int64)
    of_row, bit = places >> 6, (places & 63).astype(np.uint64)
    later = np.bitwise_count(marks[of_row] >> bit >> np.uint64(1))
    expected = width * np.arange(1, len(places) + 1)
    if not np.array_equal(counts[of_row] - later, expected):
        return 0, False
    return len(places), bool(indented.any())


def _pack(mask: np.ndarray) -> np.ndarray:
    """Packs truth values into words of 64 bits, the first into the lowest bit."""
    packed = np.packbits(mask, bitorder="little")
    words = np.zeros(-(-len(packed) // 8), "<u8")
    words.view(np.uint8)[: len(packed)] = packed
    return words


def _one_behind(bits: np.ndarray) -> np.ndarray:
    """Moves each bit to the character behind."""
    moved = bits << np.uint64(1)
    moved[1:] |= bits[:-1] >> np.uint64(63)
    return moved


def _one_before(bits: np.ndarray) -> np.ndarray:
    """Moves each bit to the character before."""
    moved = bits >> np.uint64(1)
    moved[:-1] |= bits[1:] << np.uint64(63)
    return moved


def _within(quotes: np.ndarray) -> np.ndarray:
    """Marks what is from each opening quote to before the closing one."""
    within = quotes.copy()
    for shift in (1, 2, 4, 8, 16, 32):
        within ^= within << np.uint64(shift)
    odd = np.bitwise_count(quotes) & 1
    open_before = np.bitwise_xor.accumulate(odd) ^ odd
    return within ^ np.negative(open_before.astype(np.uint64))
