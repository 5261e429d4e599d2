"""The delimiter of a CSV file."""

import csv
import os
import re
from collections import Counter
from io import StringIO
from itertools import islice

from keras_mtl.tables._text_file import ENCODING, TextFile

__all__ = ["DELIMITERS", "find_delimiter", "other_delimiter"]

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


def other_delimiter(text: TextFile) -> str:
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
