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
# Delimiters of tables that are not read, as a message shows them.
OTHER_DELIMITERS = {
    **{repr(sign): re.escape(sign) for sign in "^~:\x1f\u00a6\uff0c\u060c\u3001"},
    "white space": r"\s+",
}

SAMPLE_CHARACTERS = 1 << 18
SAMPLE_RECORDS = 100


# The line that gives Excel the delimiter: `sep=;`.
SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])"?[,;\t|]*[\r\n]*', re.IGNORECASE)


def find_delimiter(path: str | os.PathLike[str]) -> tuple[str, bool]:
    """Find the delimiter of a CSV file from its first hundred rows.

    A first line such as `sep=;` decides. Without such a line, only a delimiter that
    splits the header counts. Among several, the best gives most rows as many fields as
    the header, and then the most fields. If no delimiter splits the header, the header
    is a title, and the best delimiter splits the rows below equally. A delimiter within
    quotes does not count.

    Args:
        path: A text file in UTF-8.

    Returns:
        One of `DELIMITERS`, or `","` if none of them splits a row; and whether the
        first line is a line such as `sep=;`.
    """
    with open(path, encoding=ENCODING, newline="") as handle:
        text = handle.read(SAMPLE_CHARACTERS)
        complete = not handle.read(1)
    # `splitlines` would also split at other characters, such as form feeds.
    lines = list(StringIO(text, newline=""))
    told = SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    if told:
        return told[1], True
    if not complete and len(lines) > 1:
        lines.pop()  # The end of this line is missing.
    return max(DELIMITERS, key=lambda delimiter: _score(lines, delimiter)), False


def _score(lines: list[str], delimiter: str) -> tuple[float, float, int]:
    """Score how well a delimiter splits the header, and then the other rows."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    try:
        widths = [len(fields) for fields in islice(reader, SAMPLE_RECORDS) if fields]
    except csv.Error:
        return 0.0, 0.0, 0
    if not widths:
        return 0.0, 0.0, 0
    if widths[0] < 2:
        # Rows that are all split have a title above them: not a table of one column.
        width, rows = Counter(widths[1:] or [1]).most_common(1)[0]
        split = width > 1 and rows >= max(2, 0.9 * (len(widths) - 1))
        return 0.0, rows / len(widths) if split else 0.0, width if split else 0
    return widths.count(widths[0]) / len(widths), 1.0, widths[0]


def other_delimiter(text: TextFile) -> str:
    """Find the text that splits the header of one field and all rows equally."""
    with open(text.path, encoding=ENCODING) as handle:
        lines = [line.strip() for line in handle.read(SAMPLE_CHARACTERS).splitlines()]
    lines = [line for line in lines[:SAMPLE_RECORDS] if line]
    for shown, pattern in OTHER_DELIMITERS.items():
        header, *rows = [len(re.findall(pattern, line)) for line in lines]
        # R writes a name at the start of each row, without a field in the header.
        if header and len(rows) > 1 and {*rows} in ({header}, {header + 1}):
            return shown
    return ""
