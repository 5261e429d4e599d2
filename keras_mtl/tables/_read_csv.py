"""Reading of a CSV file, with a report of all its errors at once."""

import os
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from keras_mtl.errors import UserError, did_you_mean, warn_of_data
from keras_mtl.tables._csv_file import CsvFile
from keras_mtl.tables._read_columns import read_columns
from keras_mtl.tables.column_store import ColumnStore
from keras_mtl.tables.missing_values import MISSING_VALUES

__all__ = [
    "read_csv",
    "read_csv_columns",
    "warn_of_notes",
    "warn_of_structure",
]


# The number of names shown of a header that looks like data.
NAMES_SHOWN = 5


def read_csv(
    path: str | os.PathLike[str],
    *,
    text_columns: Collection[str] = (),
    missing_values: Collection[str] = MISSING_VALUES,
    columns: Sequence[str] | None = None,
    decimal_mark: str | None = None,
) -> pd.DataFrame:
    """Read a CSV file into a DataFrame, or reports all errors in it.

    The file is text in UTF-8 or UTF-16 with a header. It may be compressed with gzip,
    bzip2 or xz, or be a zip archive of one file. The delimiter is `,`, `;`, tab or `|`.
    It is inferred from the first rows, or given by a first line such as `sep=;`. A
    first pass checks the structure in bounded memory; then pandas reads the values.

    A column of numbers becomes `int64`, or `float64` if it has fractions or missing
    values. Any other column, including one of `true` and `false`, becomes text as it is
    written, with NaN where a value is missing. White space around names and values is
    removed.

    Numbers may have a decimal comma, thousands separators, and one unit, currency or
    percent sign: `1.234,50`, `1'234`, `$ 5`, `12 %`. Whether the comma or the point is
    the decimal mark is inferred once, from all columns together. In a file whose
    delimiter is a comma, a quoted `1,5` stays text.

    A first column without a name that only numbers or names the rows, as pandas and R
    write it, is left out. So are empty columns at the end.

    Blank lines are not data rows. The row with the label `i` in the index of the frame
    is data row `i + 1` of the file, and it begins on line `frame.attrs["lines"][i +
    1]`.

    A `DataWarning` reports blank lines, white space, how numbers were read, and a
    header that looks like data.

    Args:
        path: The file.
        text_columns: Names of columns to read as text even if they hold
            numbers, so that `"03"` stays `"03"`.
        missing_values: The texts that mean a missing value, in addition to the empty
            field.
        columns: Names of the columns to keep, in this order. Defaults to `None`: all
            columns.
        decimal_mark: `","` or `"."`, for files in which the decimal mark is ambiguous
            or is inferred wrongly. Defaults to `None`: inferred from all columns
            together.

    Returns:
        A DataFrame with a `RangeIndex` from 0.

    Raises:
        UserError: If the file cannot be read, lacks a requested column, or has an
            invalid structure: rows of different lengths, unnamed or duplicate
            columns, unclosed quotes or no rows.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "patients.csv")
    ...     with open(path, "w") as file:
    ...         _ = file.write("id,age,sex\\n007,63,male\\n008,?,female\\n")
    ...     frame = read_csv(path, text_columns=["id"])
    >>> frame
        id   age     sex
    0  007  63.0    male
    1  008   NaN  female
    """
    source = os.fspath(path)
    file = CsvFile(source)
    errors = list(file.errors)
    if file.names:
        asked = dict.fromkeys([*(columns or ()), *text_columns])
        errors += [
            f"{source}: expected a column {name!r}. Received: no such column."
            f"{did_you_mean(name, file.names)} "
            f"The columns are {', '.join(file.names)}."
            for name in asked
            if name not in file.names
        ]
    if errors:
        raise UserError(*errors)
    kept = list(dict.fromkeys(file.names if columns is None else columns))
    store = read_csv_columns(file, kept, text_columns, missing_values, decimal_mark)
    return store.frame()


def read_csv_columns(
    file: CsvFile,
    columns: Sequence[str],
    text_columns: Collection[str],
    missing_values: Collection[str],
    decimal_mark: str | None = None,
    number_columns: Collection[str] = (),
) -> ColumnStore:
    """Read a CSV file without errors into columns, with the warnings of `read_csv`.

    Args:
        file: The file, which has no errors.
        columns: The columns to keep.
        text_columns: As for `read_csv`; names that the file lacks are ignored.
        missing_values: As for `read_csv`.
        decimal_mark: As for `read_csv`.
        number_columns: See `read_columns`.
    """
    warn_of_structure(file)
    store, notes = read_columns(
        [file],
        columns,
        text_columns,
        {"", *missing_values},
        file.structure.delimiter,
        file.structure.lines,
        decimal_mark=decimal_mark,
        number_columns=number_columns,
    )
    warn_of_notes(notes, file.source)
    return store


def warn_of_notes(notes: Mapping[str, Sequence[str]], source: str) -> None:
    """Warn about the changes of columns."""
    for what, names in notes.items():
        _warn(f"{source}: {what}, in {', '.join(map(repr, names))}.")


def warn_of_structure(file: CsvFile) -> None:
    """Warn about what is unusual in a file but not an error."""
    structure, source = file.structure, file.source
    # Blank lines at the end are common and harmless.
    last = structure.lines[len(structure.lines)]
    blank = [line for line in structure.blank_lines if line < last]
    if blank:
        shown = ", ".join(map(str, blank[:3])) + (", ..." if len(blank) > 3 else "")
        _warn(f"{source}: skipped {len(blank)} blank line(s), on line {shown}.")
    if structure.lone_returns:
        _warn(
            f"{source}: carriage returns without a line feed were read as the ends "
            "of lines, or as line breaks within quotes."
        )
    if structure.other_delimiter:
        _warn(
            f"{source}: read as one column, {structure.fields[0]!r}, though all rows "
            f"split alike at {structure.other_delimiter}. If that parts the columns, "
            "write a comma, a semicolon, a tab or | in its place."
        )
    for note in file.notes:
        _warn(f"{source}: {note}.")
    numbers = pd.to_numeric(pd.Series(structure.names), errors="coerce")
    if numbers.notna().all():
        names = ", ".join(structure.names[:NAMES_SHOWN])
        more = ", ..." if len(structure.names) > NAMES_SHOWN else ""
        _warn(
            f"{source}: all column names are numbers ({names}{more}). "
            "If they are data, write a header above them."
        )


def _warn(message: str) -> None:
    warn_of_data(message)
