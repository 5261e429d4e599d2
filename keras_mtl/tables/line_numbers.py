"""Line numbers of the data rows of a file."""

from bisect import bisect_right
from collections.abc import Hashable
from typing import Any

import numpy as np

from keras_mtl.tables.column_store import Rows

__all__ = ["LineNumbers", "describe_row"]


class LineNumbers:
    """The line number on which each data row of a file begins, both counted from 1.

    Only the rows where the difference between row number and line number changes are
    stored, that is, rows after a blank line or after a value with a line break. A plain
    file of any length therefore takes almost no memory. `read_csv` puts the object in
    `frame.attrs["lines"]`. pandas makes a deep copy of `attrs` at every step. To make
    these copies cheap, a copy of this object is the object itself, and the object does
    not change after it is filled.

    Example:

    >>> lines = LineNumbers()
    >>> lines.append(2)  # the first data row is on line 2
    >>> lines.append(3)
    >>> lines.append(6)  # a blank line and a line break in a value before it
    >>> lines[1], lines[2], lines[3]
    (2, 3, 6)
    """

    def __init__(self) -> None:
        self._count = 0
        self._rows: list[int] = []
        self._offsets: list[int] = []

    def append(self, line: int) -> None:
        """Add the next data row, which begins on `line`."""
        self._count += 1
        offset = line - self._count
        if not self._offsets or self._offsets[-1] != offset:
            self._rows.append(self._count)
            self._offsets.append(offset)

    def extend(self, line: int, rows: int) -> None:
        """Add rows that begin on consecutive lines, the first on `line`."""
        if rows:
            self.append(line)
            self._count += rows - 1

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, row: int) -> int:
        if not 1 <= row <= self._count:
            raise IndexError(
                f"Expected a data row from 1 to {self._count}. Received: {row}"
            )
        return row + self._offsets[bisect_right(self._rows, row) - 1]

    def describe(self, row: int) -> str:
        """Describe a row, counted from 0, by its position in the file."""
        return f"data row {row + 1} (line {self[row + 1]})"

    def __deepcopy__(self, memo: dict[int, Any]) -> "LineNumbers":
        return self

    def __copy__(self) -> "LineNumbers":
        return self


def describe_row(frame: Rows, label: Hashable) -> str:
    """Describe a row by its position in the file, such as `data row 18 (line 19)`.

    Args:
        frame: A DataFrame from `read_csv`, or some of its rows with their index.
            Without `frame.attrs["lines"]`, the line number is left out.
        label: The label of the row in `frame.index`: its number in the file, from 0.

    Returns:
        The description, in which rows are counted from 1.

    Example:

    >>> import pandas as pd
    >>> describe_row(pd.DataFrame({"age": [63, 67]}), 1)
    'data row 2'
    """
    if not isinstance(label, int | np.integer):
        return f"row {label!r}"
    label = int(label)
    lines = frame.attrs.get("lines")
    if lines is not None and 0 <= label < len(lines):
        return str(lines.describe(label))
    return f"data row {label + 1}"
