"""The lines of a CSV file that the csv module must read; plain lines are skipped."""

from __future__ import annotations

import codecs
import contextlib
import csv
import os
import re
from collections.abc import Iterator
from io import StringIO
from typing import BinaryIO

import numpy as np

__all__ = ["END", "CsvLines", "open_lines"]

# In bytes. A line that is not plain costs only its own block, and NumPy's arrays of a
# block fit into the processor's cache.
BLOCK = 1 << 18
MAXIMUM_LINE = 1 << 24
# A line that no file holds, because files with NUL are refused. The csv module returns
# the line unchanged, or adds the line to the last field if a quote is open.
END = '\0"'
ONE = np.uint64(1)
# Bits that mark no character.
NONE = np.zeros(1, np.uint64)


@contextlib.contextmanager
def open_lines(path: str | os.PathLike[str], delimiter: str) -> Iterator[CsvLines]:
    """Open a text file in UTF-8 whose delimiter is known."""
    with open(path, "rb") as binary:
        mark = binary.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
        binary.seek(0)
        start = len(codecs.BOM_UTF8) if mark else 0
        yield CsvLines(_blocks(binary), delimiter, start)


class CsvLines:
    """Iterator over the lines of a file, then `END`.

    A file is read in blocks of whole lines. A block that is not started yet may be
    skipped if every line in it is certainly one record.

    Args:
        blocks: The blocks of whole lines, as bytes in UTF-8.
        delimiter: The character between fields.
        start: The number of bytes before the first block.

    Attributes:
        lone_returns: Whether a line ended with only `\\r`.
        tabbed_quote: Whether a tab stood between a delimiter and a quote. pandas
            skips the tab and reads a quoted field, and the csv module does not:
            the file is ambiguous.
        skipped: The number of lines that were skipped so far.
        place: The byte of the file at which the next line begins.
        indented: Whether white space begins a field of a skipped line.
    """

    def __init__(
        self,
        blocks: Iterator[bytes],
        delimiter: str,
        start: int = 0,
    ) -> None:
        self.blocks = blocks
        self.delimiter = delimiter
        self.lone_returns = False
        self.tabbed_quote = False
        self.skipped = 0
        self.place = start
        self.indented = False
        self._ahead: bytes | None = None
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
            self._ahead = None
            # `splitlines` would also split at other characters, such as form feeds.
            lines = list(StringIO(block.decode("utf-8"), newline=""))
            self._left, self._begun = iter(lines), len(lines)

    def skip_plain(self, width: int) -> int:
        """Skip the next block if it is plain, at the beginning of a record.

        A plain line is not blank and has as many fields as the header. Its quotes
        enclose whole fields, without line breaks.

        Args:
            width: The number of fields.

        Returns:
            The number of skipped lines, each of which is a row; 0 without a skip.
        """
        if self._begun or width < 2:
            return 0
        block = self._peek()
        if block is None:
            return 0
        rows, indented = _count_plain(block, self.delimiter, width)
        if rows:
            self._ahead = None
            self.skipped += rows
            self.place += len(block)
            self.indented = self.indented or indented
        return rows

    def check_tabs(self, source: str, line: int, fields: list[str]) -> list[str]:
        """Return a message if one of the fields begins with a tab and a quote."""
        self.tabbed_quote = False
        if not any(re.match(r'\t[ \t]*"', field) for field in fields):
            return []
        return [
            f"{source}, line {line}: expected a quote right after the delimiter. "
            "Received: a tab before the quote. Remove the tab."
        ]

    def _peek(self) -> bytes | None:
        if self._ahead is None:
            self._ahead = next(self.blocks, None)
        return self._ahead

    def _noted(self, line: str) -> str:
        if line[-1] == "\r":
            self.lone_returns = True
        elif len(line) >= MAXIMUM_LINE and line[-1] != "\n":
            raise csv.Error(f"line longer than {MAXIMUM_LINE} characters")
        if self.pattern and "\t" in line and self.pattern.search(line):
            self.tabbed_quote = True
        return line


def _blocks(handle: BinaryIO) -> Iterator[bytes]:
    """Split a file at ends of lines; the first block is the first line."""
    left = handle.readline(MAXIMUM_LINE).removeprefix(codecs.BOM_UTF8)
    if codecs.BOM_UTF8.startswith(left):
        left = b""  # Only a part of the byte order mark.
    whole = left.endswith(b"\n")
    if whole:
        yield left
        left = b""
    while read := handle.read(BLOCK):
        left += read
        # The line feed after a return at the end may be in the next block.
        end = left.rfind(b"\n") + 1 or left.rfind(b"\r", 0, len(left) - 1) + 1
        if end:
            yield left[:end]
            left = left[end:]
        elif len(left) > 4 * MAXIMUM_LINE:
            break
    else:
        # The last line may have no end, and may be plain like any other line.
        if 0 < len(left) < MAXIMUM_LINE and not left.endswith((b"\n", b"\r")):
            left += b"\n"
    if left:
        yield left


def _count_plain(block: bytes, delimiter: str, width: int) -> tuple[int, bool]:
    """Count the rows of a block of lines.

    The count uses one bit per character: each operation handles 64 characters.

    Args:
        block: The lines, from the beginning of a record.
        delimiter: The character between fields.
        width: The number of fields of a row, at least two.

    Returns:
        The number of rows, or 0 if a line may not be plain; and whether a field begins
        with white space.
    """
    if not block.endswith(b"\n"):
        return 0, False
    characters = np.frombuffer(block, np.uint8)
    ends = _find("\n", characters)
    delimiters = _find(delimiter, characters)
    returns = None
    if b"\r" in block:
        returns = _find("\r", characters)
        if (returns & ~_one_before(ends)).any():
            return 0, False
    starts = _one_behind(delimiters | ends)
    starts[0] |= ONE
    spaces = tabs = NONE
    if b" " in block:
        spaces = _find(" ", characters)
    if b"\t" in block and delimiter != "\t":
        tabs = _find("\t", characters)
    indented = starts & (spaces | tabs)
    if b'"' in block:
        quotes = _find('"', characters)
        within = _within(quotes)
        closing = quotes & ~within
        # An opening quote begins a field, perhaps after one space. Or it is the second
        # of two quotes that mean one.
        begins = starts | _one_behind(closing | (starts & spaces))
        after = delimiters | ends | quotes
        if returns is not None:
            after |= returns
        misplaced = (quotes & within & ~begins) | (closing & ~_one_before(after))
        if (misplaced | (ends & within)).any():
            return 0, False
        delimiters &= ~within
        indented &= ~within
    return _count_rows(ends, delimiters | ends, width), bool(indented.any())


def _count_rows(ends: np.ndarray, marks: np.ndarray, width: int) -> int:
    """Count the rows of lines.

    Args:
        ends: The ends of the lines.
        marks: The ends and the delimiters.
        width: The number of fields of a row.

    Returns:
        The number of rows; 0 if a line has another number of fields, or may be longer
        than the limit of the csv module.
    """
    # The 64-bit words that contain an end of a line.
    words = np.flatnonzero(ends)
    if 64 * (np.diff(words, prepend=-1).max() + 1) > csv.field_size_limit():
        return 0
    counts = np.bitwise_count(marks)
    before = np.cumsum(counts, dtype=np.int64)
    total = before[-1]
    before -= counts
    before, marks, ends = before[words], marks[words], ends[words]
    rows = 0
    # The first end in each word, then the second end in the words that have one.
    while len(ends):
        rows += len(ends)
        later = ends & (ends - ONE)
        up_to_end = marks & (ends ^ (ends - ONE))
        if ((before + np.bitwise_count(up_to_end)) % width).any():
            return 0
        more = np.flatnonzero(later)
        before, marks, ends = before[more], marks[more], later[more]
    # `rows` different multiples of the width, of which this is the largest.
    return rows if total == width * rows else 0


def _find(sign: str, characters: np.ndarray) -> np.ndarray:
    """Mark a sign in words of 64 bits, the first character in the lowest bit."""
    found = np.zeros(-(-len(characters) // 64) * 64, bool)
    np.equal(characters, ord(sign), out=found[: len(characters)])
    return np.packbits(found, bitorder="little").view("<u8")


def _one_behind(bits: np.ndarray) -> np.ndarray:
    """Move each bit to the next character."""
    moved = bits << ONE
    moved[1:] |= bits[:-1] >> np.uint64(63)
    return moved


def _one_before(bits: np.ndarray) -> np.ndarray:
    """Move each bit to the previous character."""
    moved = bits >> ONE
    moved[:-1] |= bits[1:] << np.uint64(63)
    return moved


def _within(quotes: np.ndarray) -> np.ndarray:
    """Mark the characters from each opening quote to before the closing quote."""
    within = quotes.copy()
    for shift in (1, 2, 4, 8, 16, 32):
        within ^= within << np.uint64(shift)
    odd = np.bitwise_count(quotes) & 1
    open_before = np.bitwise_xor.accumulate(odd) ^ odd
    return within ^ np.negative(open_before.astype(np.uint64))
