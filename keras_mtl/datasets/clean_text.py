"""What pandas leaves to do on a column of text: decimal commas and thousands."""

import pandas as pd

__all__ = ["read_decimal_commas", "read_numbers", "read_thousands"]

DECIMAL_COMMA = r"[+-]?(\d+|\d*,\d+)([eE][+-]?\d+)?"
THOUSANDS = r"[+-]?[1-9]\d{0,2}(,\d{3})+"


def read_numbers(column: pd.Series) -> pd.Series:
    """Turns a text column into numbers if all its values are numbers.

    Pandas has done so before, except where white space came in between or an
    integer doesn't fit into 64 bits.
    """
    try:
        numbers = pd.to_numeric(column)
    except (ValueError, TypeError, OverflowError):
        return column
    return numbers if numbers.dtype == "int64" else numbers.astype("float64")


def read_decimal_commas(column: pd.Series) -> tuple[pd.Series, bool]:
    """Turns a text column into numbers if `1,5` surely means one and a half.

    It does when all values are numbers with at most one comma and not all of
    the commas could part thousands, as in `1,500`.

    Args:
        column: A text column of a file whose delimiter is `;`.

    Returns:
        The column, as floats or unchanged, and whether it is ambiguous: left
        unchanged because all of its commas could part thousands.
    """
    values = column.dropna()
    if values.empty or not values.head(100).str.fullmatch(DECIMAL_COMMA).all():
        return column, False
    if not values.str.fullmatch(DECIMAL_COMMA).all():
        return column, False
    with_comma = values[values.str.contains(",", regex=False)]
    if with_comma.empty:
        return column, False
    if with_comma.str.fullmatch(THOUSANDS).all():
        return column, True
    return read_numbers(column.str.replace(",", ".", regex=False)), False


def read_thousands(column: pd.Series) -> pd.Series:
    """Turns a text column into numbers if `1,234` surely means 1234.

    It does, in a file whose delimiter is a comma, when all values are numbers
    and each comma can part thousands.

    Args:
        column: A text column of a file whose delimiter is not `;`.

    Returns:
        The column, as numbers or unchanged.
    """
    values = column.dropna()
    if values.empty or not values.head(100).str.fullmatch(r"[\d.,eE+-]+").all():
        return column
    grouped = values.str.fullmatch(THOUSANDS + r"(\.\d*)?")
    if not grouped.any() or values[~grouped].str.contains(",", regex=False).any():
        return column
    bare = column.str.replace(",", "", regex=False)
    numbers = read_numbers(bare)
    return column if numbers is bare else numbers
