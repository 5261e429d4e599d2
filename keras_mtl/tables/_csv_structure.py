"""Delimiter, lines and errors of a CSV file, found in one pass."""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass

from keras_mtl.tables._csv_delimiter import find_delimiter, other_delimiter
from keras_mtl.tables._csv_header import (
    check_names,
    ends_empty,
    named_width,
    nameless_values,
    title_message,
    too_long_message,
)
from keras_mtl.tables._csv_lines import END, open_lines
from keras_mtl.tables._text_file import (
    TextFile,
    open_text_file,
    refuse_json,
)
from keras_mtl.tables.line_numbers import LineNumbers

__all__ = ["CsvStructure", "scan_structure"]

# Names of fields without a name. No file can hold such a name.
NAMELESS = "\0{}"
# In bytes; the last row of a stretch may end after this limit.
LONGEST_STRETCH = 1 << 20


@dataclass(frozen=True)
class CsvStructure:
    """Structure of a CSV file, found in one pass.

    Args:
        text: The text of the file.
        delimiter: The character between fields.
        fields: A name for each field of a row: the column names, without white
            space around them, and made-up ones for the fields without a name
            before the last column that has one.
        lines: The line on which each data row begins.
        lone_returns: Whether `\\r` alone ends lines or stands within values.
        blank_lines: The line numbers of the blank lines, from 1.
        stretches: The places of runs of rows without other lines: the first byte of
            the run, and the byte after the run.
        indented: Whether white space may begin a field.
        other_delimiter: A delimiter that is not read but seems to split a table of
            one column; or `""`.
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
        """Return the messages about the rows.

        Args:
            names: The fields of the header.
            line: The line number of the header.
            rows: The number of rows.
        """
        if 1 < rows == len(self.messages) + self.others and len(self.widths) == 1:
            (width,) = self.widths
            if width > len(names):
                return [title_message(self.source, line, names, width)]
        if not self.others:
            return self.messages
        return [
            *self.messages,
            f"{self.source}: {self.others} more rows have a number of fields that "
            "differs from the header's.",
        ]


def _add_rows(stretches: list[tuple[int, int]], start: int, stop: int) -> None:
    """Add rows to the last stretch, or begin a new stretch."""
    if stretches:
        first, last = stretches[-1]
        if last == start and start - first < LONGEST_STRETCH:
            stretches[-1] = (first, stop)
            return
    stretches.append((start, stop))


def scan_structure(
    source: str | os.PathLike[str], path: str | None = None
) -> CsvStructure:
    """Scan a CSV file once, in bounded memory, to find its structure and errors.

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
    line = 1  # The line on which the next record begins.
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
                    # Spreadsheets write empty columns after the others.
                    named = named_width(header)
                    width = len(header)
                    errors += check_names(source, header[:named])
                else:
                    _add_rows(stretches, start, text.place)
                    indented = True
                    lines.append(line)
                    if len(fields) != len(header) or named < len(header):
                        if ends_empty(fields, named):
                            width = max(width, len(fields))
                        elif len(fields) == len(header):
                            errors += nameless_values(source, header, fields)
                            # One message is enough.
                            named = len(header)
                        else:
                            ragged.add(len(lines), line, len(header), len(fields))
                if text.tabbed_quote:
                    errors += text.check_tabs(source, line, fields)
                record += 1
                line = reader.line_num + text.skipped + 1
                # Most blocks of most files are plain.
                start = text.place
                while named and named == width and (rows := text.skip_plain(named)):
                    _add_rows(stretches, start, text.place)
                    start = text.place
                    lines.extend(line, rows)
                    record += rows
                    line += rows
        except csv.Error as error:
            closed = True
            errors.append(too_long_message(source, line, str(error)))
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
        other_delimiter=other_delimiter(text_file) if len(header) == 1 else "",
        errors=tuple(errors),
    )
