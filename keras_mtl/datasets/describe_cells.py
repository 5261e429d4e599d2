"""Offending cells, as a message shows them."""

import pandas as pd

from keras_mtl.datasets.column_store import Rows
from keras_mtl.datasets.line_numbers import describe_row

__all__ = ["describe_cells"]

CELLS_SHOWN = 3
CHARACTERS_SHOWN = 40


def describe_cells(frame: Rows, cells: pd.Series) -> str:
    """Shows the first values with their rows, and counts the others.

    Args:
        frame: The DataFrame whose cells they are, from `read_csv` say.
        cells: Some of the values of one of its columns, with their index.

    Example:

    >>> frame = pd.DataFrame({"age": ["63", "sixty", "old"]})
    >>> describe_cells(frame, frame["age"].iloc[1:])
    "'sixty' in data row 2, 'old' in data row 3"
    """
    places = [
        f"{_shorten(value)} in {describe_row(frame, label)}"
        for label, value in cells.head(CELLS_SHOWN).items()
    ]
    others = len(cells) - len(places)
    return ", ".join(places) + (f" and {others} more" if others else "")


def _shorten(value: object) -> str:
    text = repr(value)
    if len(text) <= CHARACTERS_SHOWN:
        return text
    return f"{text[: CHARACTERS_SHOWN - 4]}...'"
