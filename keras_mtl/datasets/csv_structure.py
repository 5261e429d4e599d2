"""The shape of a CSV file: its names, its rows and where they begin."""

import csv
import os
from dataclasses import dataclass

from keras_mtl.datasets.csv_delimiter import find_delimiter
from keras_mtl.datasets.csv_encoding import find_encoding
from keras_mtl.datasets.csv_lines import END, open_lines
from keras_mtl.datasets.line_numbers import LineNumbers

__all__ = ["CsvStructure", "scan_structure"]


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
