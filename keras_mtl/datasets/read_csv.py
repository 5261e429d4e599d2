"""Reading a CSV file, with all its mistakes told at once."""

import os
import warnings
from collections.abc import Collection, Sequence

import pandas as pd

from keras_mtl.datasets.clean_text import (
    read_decimal_commas,
    read_numbers,
    read_thousands,
    strip_text,
)
from keras_mtl.datasets.csv_structure import CsvStructure, scan_structure
from keras_mtl.errors import DataWarning, UserError, did_you_mean

__all__ = ["MISSING_VALUES", "read_csv"]

# "None" and "none" aren't here: they are the name of a category too often.
MISSING_VALUES = ("", "?", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null")

LARGE_INTEGERS = (
    "read integers too large for 64 bits as floats, which keep 15 digits (name the "
    "column as a text column if they identify something)"
)
AMBIGUOUS_COMMAS = (
    "left values such as '1,500' as text, because the comma may part decimals or "
    "thousands (write numbers with a point for the decimals)"
)


def read_csv(
    path: str | os.PathLike[str],
    *,
    text_columns: Collection[str] = (),
    missing_values: Collection[str] = MISSING_VALUES,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Reads a CSV file into a DataFrame, or tells all that is wrong with it.

    The file is text in UTF-8 (or UTF-16 with its mark) with a header. The
    delimiter, one of `,`, `;`, tab and `|`, is found from the first rows. A
    first pass checks the structure in bounded memory; then pandas reads the
    values. A column of numbers becomes `int64`, or `float64` if it has
    fractions or missing values. Any other column, also one of `true` and
    `false`, becomes text as it is written, with NaN where a value is missing.
    White space around names and values is removed. In a file with `;`, `1,5`
    is read as a number where it can't mean anything else; in others `"1,234"`.

    Blank lines are no data rows. The row with the label `i` in the frame's
    index is data row `i + 1` of the file, and `frame.attrs["lines"][i + 1]` is
    the line on which it begins.

    A `DataWarning` tells of blank lines, white space and decimal commas, and of
    a header that looks like data.

    Args:
        path: The file.
        text_columns: Names of columns to read as text even if they hold
            numbers, so that `"03"` stays `"03"`.
        missing_values: The texts that mean a missing value. An empty field
            always does.
        columns: Names of the columns to keep, in this order. Defaults to
            `None`: all.

    Returns:
        A DataFrame with a `RangeIndex` from 0.

    Raises:
        UserError: If the file can't be read, has a wrong structure (rows of
            different lengths, columns without a name or with the same one,
            quotes left open, no rows) or lacks a column that is asked for.

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
    missing = {"", *missing_values}
    structure = scan_structure(path)
    mistakes = list(structure.mistakes)
    if structure.names:
        asked = dict.fromkeys([*(columns or ()), *text_columns])
        mistakes += [
            f"{source}: expected a column {name!r}. Received: no such column."
            f"{did_you_mean(name, structure.names)} "
            f"The columns are {', '.join(structure.names)}."
            for name in asked
            if name not in structure.names
        ]
    if mistakes:
        raise UserError(*mistakes)
    kept = list(dict.fromkeys(structure.names if columns is None else columns))
    _warn_of_structure(structure, source)

    text = [name for name in text_columns if name in kept]
    frame = _load(source, structure, kept, text, missing)
    truths = [name for name in kept if frame[name].dtype in (bool, object)]
    if truths:
        # Pandas made these truth values; read them again as they are written.
        frame[truths] = _load(source, structure, truths, truths, missing)
    frame = _clean(frame, source, structure, set(text_columns), missing)
    frame.attrs["lines"] = structure.lines
    return frame


def _load(
    source: str,
    structure: CsvStructure,
    columns: Sequence[str],
    text_columns: Sequence[str],
    missing: Collection[str],
) -> pd.DataFrame:
    try:
        # Pandas miscounts rows that end with "\r" alone: make it "\n".
        newline = None if structure.lone_returns else ""
        with open(source, encoding=structure.encoding, newline=newline) as handle:
            frame = pd.read_csv(
                handle,
                sep=structure.delimiter,
                names=list(structure.names),
                header=0,
                index_col=False,
                usecols=list(columns),
                dtype=dict.fromkeys(text_columns, str),
                skipinitialspace=True,
                # The structural pass says which records are blank, so that both
                # parsers see the same rows.
                skip_blank_lines=False,
                skiprows=list(structure.blank_records),
                keep_default_na=False,
                na_values=list(missing),
                low_memory=False,
            )
    except (pd.errors.ParserError, OSError) as error:
        raise UserError(f"{source}: cannot be read ({error}).") from error
    if len(frame) != len(structure.lines):
        raise UserError(
            f"{source}: expected {len(structure.lines)} data rows. Received: "
            f"{len(frame)} from pandas. Quotes or line ends are ambiguous; write "
            "the file again with quotes around every text value."
        )
    return frame[list(columns)]


def _clean(
    frame: pd.DataFrame,
    source: str,
    structure: CsvStructure,
    text_columns: Collection[str],
    missing: Collection[str],
) -> pd.DataFrame:
    cleaned: dict[str, pd.Series] = {}
    notes: dict[str, list[str]] = {}

    def note(what: str, name: str) -> None:
        notes.setdefault(what, []).append(name)

    for name in map(str, frame):
        column = frame[name]
        if pd.api.types.is_unsigned_integer_dtype(column):
            column = column.astype("float64")
            note(LARGE_INTEGERS, name)
        elif not pd.api.types.is_numeric_dtype(column):
            column, count = strip_text(column, missing)
            if count:
                note("removed white space around values", name)
            if name not in text_columns:
                text = column
                column = read_numbers(text)
                if column is not text and column.abs().max() >= 2**63:
                    note(LARGE_INTEGERS, name)
                if column is text and structure.delimiter == ";":
                    column, ambiguous = read_decimal_commas(text)
                    if ambiguous:
                        note(AMBIGUOUS_COMMAS, name)
                    elif column is not text:
                        note("read numbers with a decimal comma", name)
                elif column is text:
                    column = read_thousands(text)
                    if column is not text:
                        note("read commas in numbers as parting thousands", name)
        cleaned[name] = column
    for what, names in notes.items():
        _warn(f"{source}: {what}, in {', '.join(map(repr, names))}.")
    return pd.DataFrame(cleaned, index=frame.index)


def _warn_of_structure(structure: CsvStructure, source: str) -> None:
    # Blank lines at the end lose nothing and are all too common.
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
    numbers = pd.to_numeric(pd.Series(structure.names), errors="coerce")
    if numbers.notna().all():
        _warn(
            f"{source}: all column names are numbers ({', '.join(structure.names)}). "
            "If they are data, write a header above them."
        )


def _warn(message: str) -> None:
    warnings.warn(message, DataWarning, stacklevel=4)
