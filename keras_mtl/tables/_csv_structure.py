"""Delimiter, lines and errors of a CSV file, found in one pass."""

import csv
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice

from keras_mtl.tables._csv_lines import END, open_lines
from keras_mtl.tables._text_file import (
    ENCODING,
    TextFile,
    open_text_file,
    refuse_json,
)
from keras_mtl.tables.line_numbers import LineNumbers

__all__ = ["DELIMITERS", "CsvStructure", "find_delimiter", "scan_structure"]

DELIMITERS = (",", ";", "\t", "|")
# What may part a table that is not read, as a message shows it.
OTHER_DELIMITERS = {
    **{repr(sign): re.escape(sign) for sign in "^~:\x1f\u00a6\uff0c\u060c\u3001"},
    "white space": r"\s+",
}

SAMPLE_CHARACTERS = 1 << 18
SAMPLE_RECORDS = 100


# The line by which Excel is told the delimiter: `sep=;`.
SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])"?[,;\t|]*[\r\n]*', re.IGNORECASE)
# Names for the fields without a name, which no file can hold.
NAMELESS = "\0{}"
PLACES_SHOWN = 5
# In bytes, but for the rows that end behind it.
LONGEST_STRETCH = 1 << 20


def find_delimiter(path: str | os.PathLike[str]) -> tuple[str, bool]:
    """Finds the delimiter of a CSV file from its first hundred rows.

    A first line such as `sep=;` decides. Else only a delimiter that splits the
    header counts. Of several, the one wins that gives most rows as many fields
    as the header, then the one that gives more fields. If none splits the
    header, the one that splits the rows below alike: the header is a title. A
    character within quotes splits nothing.

    Args:
        path: A text file in UTF-8.

    Returns:
        One of `DELIMITERS`, `","` if none of them splits a row; and whether the
        first line is there to tell it.
    """
    with open(path, encoding=ENCODING, newline="") as handle:
        text = handle.read(SAMPLE_CHARACTERS)
        complete = not handle.read(1)
    # Not splitlines, which also splits at form feeds and the like.
    lines = list(StringIO(text, newline=""))
    told = SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    if told:
        return told[1], True
    if not complete and len(lines) > 1:
        lines.pop()  # its end is missing
    return max(DELIMITERS, key=lambda delimiter: _score(lines, delimiter)), False


def _score(lines: list[str], delimiter: str) -> tuple[float, float, int]:
    """Returns how well a delimiter splits the rows: the header, then the others."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    try:
        widths = [len(fields) for fields in islice(reader, SAMPLE_RECORDS) if fields]
    except csv.Error:
        return 0.0, 0.0, 0
    if not widths:
        return 0.0, 0.0, 0
    if widths[0] < 2:
        # A title, and no table of one column, is above rows that are all split.
        width, rows = Counter(widths[1:] or [1]).most_common(1)[0]
        split = width > 1 and rows >= max(2, 0.9 * (len(widths) - 1))
        return 0.0, rows / len(widths) if split else 0.0, width if split else 0
    return widths.count(widths[0]) / len(widths), 1.0, widths[0]


def _other_delimiter(text: TextFile) -> str:
    """Finds what parts the header of one field and all rows below it alike."""
    with open(text.path, encoding=ENCODING) as handle:
        lines = [line.strip() for line in handle.read(SAMPLE_CHARACTERS).splitlines()]
    lines = [line for line in lines[:SAMPLE_RECORDS] if line]
    for shown, pattern in OTHER_DELIMITERS.items():
        header, *rows = [len(re.findall(pattern, line)) for line in lines]
        # R's rows begin with their names, for which its header has no field.
        if header and len(rows) > 1 and {*rows} in ({header}, {header + 1}):
            return shown
    return ""


@dataclass(frozen=True)
class CsvStructure:
    """What one pass over a CSV file found.

    Args:
        text: Where the text is.
        delimiter: The character between fields.
        fields: A name for each field of a row: the column names, without white
            space around them, and made-up ones for the fields without a name
            before the last column that has one.
        lines: The line on which each data row begins.
        lone_returns: Whether lines end, or values break, with `\\r` alone.
        blank_lines: The line numbers of the blank lines, from 1.
        stretches: Where the rows are: runs of them by their first byte and that
            behind the last one, with nothing else within.
        indented: Whether white space may begin a field.
        other_delimiter: Another delimiter than those that are read, which seems to
            part a table of one column; or `""`.
        errors: A message for each mistake; empty if the file is sound.
    """

    text: TextFile
    delimiter: str
    fields: tuple[str, ...]
    lines: LineNumbers
    blank_lines: tuple[int, ...]
    lone_returns: bool
    stretches: tuple[tuple[int, int], ...]
    indented: bool
    other_delimiter: str
    errors: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that have a name."""
        return tuple(name for name in self.fields if not name.startswith("\0"))

    @property
    def nameless_first(self) -> str | None:
        """The made-up name of the first field, if it has no name in the file."""
        first = next(iter(self.fields), "")
        return first if first.startswith("\0") else None


class _Ragged:
    """Rows with too few or too many fields: the first three and a count."""

    def __init__(self, source: str, delimiter: str) -> None:
        self.source = source
        self.delimiter = delimiter
        self.messages: list[str] = []
        self.others = 0
        self.widths: set[int] = set()

    def add(self, row: int, line: int, expected: int, found: int) -> None:
        self.widths.add(found)
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

    def tell(self, names: Sequence[str], line: int, rows: int) -> list[str]:
        """Returns the messages.

        Args:
            names: The fields of the header.
            line: The header's line.
            rows: How many rows there are.
        """
        if 1 < rows == len(self.messages) + self.others and len(self.widths) == 1:
            (width,) = self.widths
            if width > len(names):
                return [_title(self.source, line, names, width)]
        if not self.others:
            return self.messages
        return [
            *self.messages,
            f"{self.source}: {self.others} more rows have a number of fields that "
            "differs from the header's.",
        ]


def _add_rows(stretches: list[tuple[int, int]], start: int, stop: int) -> None:
    """Adds rows to the last stretch, or begins another one."""
    if stretches:
        first, last = stretches[-1]
        if last == start and start - first < LONGEST_STRETCH:
            stretches[-1] = (first, stop)
            return
    stretches.append((start, stop))


def scan_structure(
    source: str | os.PathLike[str], path: str | None = None
) -> CsvStructure:
    """Reads a CSV file once, keeping none of it, to find its shape and errors.

    Args:
        source: The file.
        path: See `open_text_file`.

    Returns:
        A `CsvStructure`, whose `errors` the caller raises.

    Raises:
        UserError: If the file cannot be read as text (see `find_encoding`).
    """
    text_file = open_text_file(source, path)
    refuse_json(text_file)
    source = text_file.source
    delimiter, told = find_delimiter(text_file.path)
    header: tuple[str, ...] = ()
    header_line = 0
    named = width = 0
    lines = LineNumbers()
    blanks: list[int] = []
    stretches: list[tuple[int, int]] = []
    indented = False
    ragged = _Ragged(source, delimiter)
    errors: list[str] = []
    line = 1  # on which the next record begins
    closed = False
    record = 0
    with open_lines(text_file.path, delimiter) as text:
        reader = csv.reader(text, delimiter=delimiter, skipinitialspace=True)
        start = text.place
        try:
            for fields in reader:
                if fields and "\0" in fields[-1]:
                    closed = fields == [END]
                    break
                if told and not record:
                    pass
                elif not fields or (
                    named != 1 and len(fields) == 1 and not fields[0].strip()
                ):
                    blanks.append(line)
                elif not header:
                    # Files that were joined may begin with two byte order marks.
                    fields[0] = fields[0].lstrip("\ufeff")
                    header = tuple(field.strip() for field in fields)
                    header_line = line
                    # Spreadsheets write empty columns behind the others.
                    named = _named_width(header)
                    width = len(header)
                    errors += _check_names(source, header[:named])
                else:
                    _add_rows(stretches, start, text.place)
                    indented = True
                    lines.append(line)
                    if len(fields) != len(header) or named < len(header):
                        if _ends_empty(fields, named):
                            width = max(width, len(fields))
                        elif len(fields) == len(header):
                            errors += _nameless_values(source, header, fields)
                            # Once is enough.
                            named = len(header)
                        else:
                            ragged.add(len(lines), line, len(header), len(fields))
                if text.tabbed_quote:
                    errors += text.check_tabs(source, line, fields)
                record += 1
                line = reader.line_num + text.skipped + 1
                # Most files are plain in most places.
                start = text.place
                while named and named == width and (rows := text.skip_plain(named)):
                    _add_rows(stretches, start, text.place)
                    start = text.place
                    lines.extend(line, rows)
                    record += rows
                    line += rows
        except csv.Error as error:
            closed = True
            errors.append(_too_long(source, line, str(error)))
    errors += ragged.tell(header, header_line, len(lines))
    if not closed:
        errors.append(
            f"{source}, line {line}: expected a closing quote. Received: the end of "
            "the file. Close the quote, or write a quote within a value twice."
        )
    elif not header and not errors:
        errors.append(
            f"{source}: the file is empty. Expected column names on the first line "
            "and the rows below."
        )
    elif not lines and not errors:
        errors.append(
            f"{source}: there are no data rows. Expected at least one below the "
            f"header, which has {len(header)} columns."
        )
    return CsvStructure(
        text=text_file,
        delimiter=delimiter,
        fields=tuple(
            (header[index : index + 1] or ("",))[0] or NAMELESS.format(index)
            for index in range(named)
        ),
        lines=lines,
        blank_lines=tuple(blanks),
        lone_returns=text.lone_returns,
        stretches=tuple(stretches),
        indented=indented or text.indented,
        other_delimiter=_other_delimiter(text_file) if len(header) == 1 else "",
        errors=tuple(errors),
    )


def _ends_empty(fields: Sequence[str], named: int) -> bool:
    """Says whether a row has a field for each name, and nothing behind them.

    In a table of one column, a delimiter at the end is rather a part of a text.
    """
    return 1 < named <= len(fields) and not any(map(str.strip, fields[named:]))


def _named_width(header: Sequence[str]) -> int:
    """Returns the number of fields without the nameless ones at the end."""
    named = [index for index, name in enumerate(header, start=1) if name]
    return named[-1] if named else len(header)


def _check_names(source: str, names: tuple[str, ...]) -> list[str]:
    """Finds columns without a name behind the first, and names given twice."""
    positions: dict[str, list[int]] = {}
    for position, name in enumerate(names, start=1):
        positions.setdefault(name, []).append(position)
    if len(positions) < len(names) and all(map(_is_number, names)):
        shown = ", ".join(map(repr, names[:3])) + (", ..." if len(names) > 3 else "")
        return [
            f"{source}, header: expected different column names. Received: numbers "
            f"({shown}), some of them twice. If they are data, write a header above "
            "them."
        ]
    errors = []
    for name, places in positions.items():
        if not name:
            errors += nameless(source, places) if places != [1] else []
        elif len(places) > 1:
            where = ", ".join(map(str, places[:PLACES_SHOWN]))
            if len(places) > PLACES_SHOWN:
                where += f" and {len(places) - PLACES_SHOWN} more"
            errors.append(
                f"{source}, header: expected different column names. Received: "
                f"{name!r} for columns {where}. Rename all but one."
            )
    return errors


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def nameless(source: str, positions: Sequence[int]) -> list[str]:
    """Returns the message on columns without a name, counted from 1."""
    return [
        f"{source}, header: expected a name for each column. Received: no "
        f"name for column {', '.join(map(str, positions))}. Name it, or remove it if "
        "it only numbers the rows."
    ]


def _nameless_values(
    source: str, header: Sequence[str], fields: Sequence[str]
) -> list[str]:
    """Returns the message on values below the nameless end of a header."""
    if sum(map(bool, header)) == 1 and len(header) > 2:
        return [_title(source, 1, [name for name in header if name], len(header))]
    empty = [
        position
        for position, (name, field) in enumerate(
            zip(header, fields, strict=True), start=1
        )
        if not name and field.strip()
    ]
    return nameless(source, empty)


def _title(source: str, line: int, names: Sequence[str], width: int) -> str:
    shown = ", ".join(map(repr, names[:3])) + (", ..." if len(names) > 3 else "")
    remedy = "If this is a title, remove the lines above the column names"
    if width == len(names) + 1:
        remedy += "; if each row begins with its name, as R writes it, name that too"
    return (
        f"{source}, line {line}: expected a name for each of {width} columns, as the "
        f"rows below have them. Received: {shown}. {remedy}; else name all columns."
    )


def _too_long(source: str, line: int, reason: str) -> str:
    return (
        f"{source}, line {line}: expected fields of at most "
        f"{csv.field_size_limit()} characters. Received: {reason}. Perhaps a quote "
        "is opened here and not closed."
    )
