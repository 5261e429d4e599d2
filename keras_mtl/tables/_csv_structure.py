"""Encoding, delimiter, lines and errors of a CSV file, found in one pass."""

import codecs
import csv
import os
import shlex
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path

from keras_mtl.errors import UserError, did_you_mean
from keras_mtl.tables._csv_lines import END, open_lines
from keras_mtl.tables.line_numbers import LineNumbers

__all__ = [
    "DELIMITERS",
    "CsvStructure",
    "find_delimiter",
    "find_encoding",
    "scan_structure",
]

CHUNK = 1 << 20


def find_encoding(path: str | os.PathLike[str]) -> str:
    """Finds the encoding of a text file: UTF-8, or UTF-16 with its mark.

    The file is read once, a mebibyte at a time.

    Args:
        path: The file.

    Returns:
        `"utf-8-sig"` (UTF-8 with or without a byte order mark) or `"utf-16"`.

    Raises:
        UserError: If there is no such file, if it cannot be read, or if it is
            not text in one of these encodings. A wrong byte is named by its
            line and its offset.
    """
    file = Path(path)
    try:
        _require_file(file)
        with open(file, "rb") as handle:
            start = handle.read(4)
        if start.startswith(b"PK\x03\x04"):
            raise UserError(
                f"{file}: expected a text file. Received: a zip archive, perhaps "
                "an Excel workbook. Save it as 'CSV UTF-8'."
            )
        utf16 = start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        encoding = "utf-16" if utf16 else "utf-8-sig"
        _check_text(file, encoding)
    except OSError as error:
        raise UserError(
            f"{file}: cannot be read ({error.strerror or error})."
        ) from error
    return encoding


def _require_file(file: Path) -> None:
    if file.is_dir():
        raise UserError(f"{file}: expected a CSV file. Received: a folder.")
    if not file.exists():
        near = file.parent.iterdir() if file.parent.is_dir() else ()
        hint = did_you_mean(file.name, (other.name for other in near))
        raise UserError(f"{file}: no such file.{hint}")
    if not file.is_file():
        raise UserError(
            f"{file}: expected a regular file, because it is read several times. "
            "Save the data to a file first."
        )


def _check_text(file: Path, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    end = 0  # bytes read so far
    line = 1
    after_return = False
    with open(file, "rb") as handle:
        while True:
            chunk = handle.read(CHUNK)
            end += len(chunk)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                valid = error.object[: error.start].decode(encoding, "ignore")
                line += _count_line_ends(valid, after_return)
                offset = end - len(error.object) + error.start
                raise UserError(
                    f"{file}, line {line}: expected text in UTF-8. Received: byte "
                    f"0x{error.object[error.start]:02x} at offset {offset}, which is "
                    f"not {'UTF-16' if encoding == 'utf-16' else 'UTF-8'}. Save the "
                    "file as UTF-8; if it comes from Windows, `iconv -f WINDOWS-1252 "
                    f"-t UTF-8 {shlex.quote(file.name)}` may turn it into that."
                ) from None
            nul = text.find("\0")
            if nul >= 0:
                line += _count_line_ends(text[:nul], after_return)
                raise UserError(
                    f"{file}, line {line}: expected text. Received: a NUL character, "
                    "as in binary files and in UTF-16 without its mark. Save the "
                    "table as a CSV file in UTF-8."
                )
            line += _count_line_ends(text, after_return)
            after_return = text.endswith("\r") if text else after_return
            if not chunk:
                return


def _count_line_ends(text: str, after_return: bool) -> int:
    """Counts \\n, \\r\\n and \\r, when \\r\\n may lie across two pieces."""
    count = text.count("\n") + text.count("\r") - text.count("\r\n")
    return count - 1 if after_return and text.startswith("\n") else count


DELIMITERS = (",", ";", "\t", "|")

SAMPLE_CHARACTERS = 1 << 18
SAMPLE_RECORDS = 100


def find_delimiter(path: str | os.PathLike[str], encoding: str) -> str:
    """Finds the delimiter of a CSV file from its first hundred rows.

    Only a delimiter that splits the header counts. Of several, the one wins
    that gives most rows as many fields as the header, then the one that gives
    more fields. A character within quotes splits nothing.

    Args:
        path: A text file.
        encoding: Its encoding, from `find_encoding`.

    Returns:
        One of `DELIMITERS`; `","` if none of them splits the header.
    """
    with open(path, encoding=encoding, newline="") as handle:
        text = handle.read(SAMPLE_CHARACTERS)
        complete = not handle.read(1)
    # Not splitlines, which also splits at form feeds and the like.
    lines = list(StringIO(text, newline=""))
    if not complete and len(lines) > 1:
        lines.pop()  # its end is missing
    return max(DELIMITERS, key=lambda delimiter: _score(lines, delimiter))


def _score(lines: list[str], delimiter: str) -> tuple[float, int]:
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    try:
        widths = [len(fields) for fields in islice(reader, SAMPLE_RECORDS) if fields]
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] < 2:
        return 0.0, 0
    return widths.count(widths[0]) / len(widths), widths[0]


@dataclass(frozen=True)
class CsvStructure:
    """What one pass over a CSV file found.

    Args:
        encoding: The encoding, as `open` takes it.
        delimiter: The character between fields.
        names: The column names, without white space around them.
        lines: The line on which each data row begins.
        blank_records: The numbers of the blank lines, from 0, counting each
            row as one even if its values hold line breaks.
        lone_returns: Whether lines end, or values break, with `\\r` alone.
        blank_lines: The line numbers of the blank lines, from 1.
        mistakes: A message for each mistake; empty if the file is sound.
    """

    encoding: str
    delimiter: str
    names: tuple[str, ...]
    lines: LineNumbers
    blank_records: tuple[int, ...]
    blank_lines: tuple[int, ...]
    lone_returns: bool
    mistakes: tuple[str, ...]


class _Ragged:
    """Rows with too few or too many fields: the first three and a count."""

    def __init__(self, source: str, delimiter: str) -> None:
        self.source = source
        self.delimiter = delimiter
        self.messages: list[str] = []
        self.others = 0

    def add(self, row: int, line: int, expected: int, found: int) -> None:
        if len(self.messages) == 3:
            self.others += 1
            return
        mend = (
            f"Put quotes around values that hold {self.delimiter!r}."
            if found > expected
            else f"Write a {self.delimiter!r} for each missing value."
        )
        self.messages.append(
            f"{self.source}, data row {row} (line {line}): expected {expected} "
            f"fields, as in the header. Received: {found}. {mend}"
        )

    def tell(self) -> list[str]:
        if not self.others:
            return self.messages
        return [
            *self.messages,
            f"{self.source}: {self.others} more rows have a number of fields that "
            "differs from the header's.",
        ]


def scan_structure(path: str | os.PathLike[str]) -> CsvStructure:
    """Reads a CSV file once, keeping none of it, to find its shape and mistakes.

    Args:
        path: The file.

    Returns:
        A `CsvStructure`, whose `mistakes` the caller raises.

    Raises:
        UserError: If the file cannot be read as text (see `find_encoding`).
    """
    source = os.fspath(path)
    encoding = find_encoding(path)
    delimiter = find_delimiter(path, encoding)
    names: tuple[str, ...] = ()
    lines = LineNumbers()
    blanks: list[tuple[int, int]] = []
    ragged = _Ragged(source, delimiter)
    mistakes: list[str] = []
    line = 1  # on which the next record begins
    closed = False
    record = 0
    with open_lines(path, encoding, delimiter) as text:
        reader = csv.reader(text, delimiter=delimiter, skipinitialspace=True)
        try:
            for fields in reader:
                if fields and "\0" in fields[-1]:
                    closed = fields == [END]
                    break
                if not fields or (
                    len(names) != 1 and len(fields) == 1 and not fields[0].strip()
                ):
                    blanks.append((record, line))
                elif not names:
                    names = tuple(field.strip() for field in fields)
                    mistakes += _check_names(source, names)
                else:
                    lines.append(line)
                    if len(fields) != len(names):
                        ragged.add(len(lines), line, len(names), len(fields))
                if text.tabbed_quote:
                    mistakes += text.check_tabs(source, line, fields)
                record += 1
                line = reader.line_num + text.skipped + 1
                # Most files are plain in most places.
                while names and (rows := text.skip_plain(len(names))):
                    lines.extend(line, rows)
                    record += rows
                    line += rows
        except csv.Error as error:
            closed = True
            mistakes.append(_too_long(source, line, str(error)))
    mistakes += ragged.tell()
    if not closed:
        mistakes.append(
            f"{source}, line {line}: expected a closing quote. Received: the end of "
            "the file. Close the quote, or write a quote within a value twice."
        )
    elif not names and not mistakes:
        mistakes.append(
            f"{source}: the file is empty. Expected column names on the first line "
            "and the rows below."
        )
    elif not lines and not mistakes:
        mistakes.append(
            f"{source}: there are no data rows. Expected at least one below the "
            f"header, which has {len(names)} columns."
        )
    return CsvStructure(
        encoding=encoding,
        delimiter=delimiter,
        names=names,
        lines=lines,
        blank_records=tuple(record for record, _ in blanks),
        blank_lines=tuple(line for _, line in blanks),
        lone_returns=text.lone_returns,
        mistakes=tuple(mistakes),
    )


def _check_names(source: str, names: tuple[str, ...]) -> list[str]:
    positions: dict[str, list[int]] = {}
    for position, name in enumerate(names, start=1):
        positions.setdefault(name, []).append(position)
    mistakes = []
    for name, places in positions.items():
        where = ", ".join(map(str, places))
        if not name:
            mistakes.append(
                f"{source}, header: expected a name for each column. Received: no "
                f"name for column {where}. Name it, or remove it if it only numbers "
                "the rows."
            )
        elif len(places) > 1:
            mistakes.append(
                f"{source}, header: expected different column names. Received: "
                f"{name!r} for columns {where}. Rename all but one."
            )
    return mistakes


def _too_long(source: str, line: int, reason: str) -> str:
    return (
        f"{source}, line {line}: expected fields of at most "
        f"{csv.field_size_limit()} characters. Received: {reason}. Perhaps a quote "
        "is opened here and not closed."
    )
