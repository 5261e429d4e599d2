"""Which character separates the fields of a CSV file."""

import csv
import os
from io import StringIO
from itertools import islice

__all__ = ["DELIMITERS", "find_delimiter"]

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
