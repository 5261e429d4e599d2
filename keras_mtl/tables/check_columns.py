"""Checks of a DataFrame's columns, once the tasks and features are known.

Each check returns messages and does not raise an error. The caller can therefore
collect all errors of a run and raise one `UserError`.
"""

import shlex
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from keras_mtl.errors import did_you_mean, warn_of_data
from keras_mtl.tables.column_store import Rows
from keras_mtl.tables.line_numbers import describe_row

__all__ = [
    "describe_cells",
    "drop_uninformative",
    "find_infinite",
    "find_non_numeric",
    "missing_flag",
    "rare_classes",
    "require_columns",
]

CELLS_SHOWN = 3
DROPPED_SHOWN = 5
CHARACTERS_SHOWN = 40


def describe_cells(frame: Rows, cells: pd.Series) -> str:
    """Describe the first values with their rows, and count the others.

    Args:
        frame: The DataFrame that has the cells, for example from `read_csv`.
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


def require_columns(
    frame: Rows, names: Iterable[str], what: str, source: str
) -> list[str]:
    """Find required columns that do not exist.

    Args:
        frame: A DataFrame, for example from `read_csv`.
        names: The names of the required columns.
        what: The role of the columns, such as `"feature"` or `"label"`.
        source: The source of the frame, such as a file name. The message begins with
            it.

    Returns:
        One message per column that does not exist.

    Example:

    >>> frame = pd.DataFrame({"age": [63], "thalach": [150]})
    >>> for message in require_columns(frame, ["age", "thalch"], "feature", "a.csv"):
    ...     print(message)
    a.csv: expected a column 'thalch' (feature). Received: no such column. Did you mean 'thalach'? The columns are age, thalach.
    """  # noqa: E501
    columns = dict.fromkeys(map(str, frame.columns))
    return [
        f"{source}: expected a column {name!r} ({what}). Received: no such column."
        f"{did_you_mean(name, columns)} The columns are {', '.join(columns)}."
        for name in dict.fromkeys(names)
        if name not in columns
    ]


def find_non_numeric(frame: Rows, column: str, source: str) -> list[str]:
    """Find text in a column that must be numeric.

    Args:
        frame: A DataFrame from `read_csv`, or some of its rows.
        column: The column's name.
        source: The source of the frame, such as a file name. The message begins with
            it.

    Returns:
        A list with one message that shows the first three values that are not numbers,
        with their rows; empty if all values are numbers. Missing values are not
        reported.

    Example:

    >>> frame = pd.DataFrame({"age": ["63", "sixty", None]})
    >>> print(*find_non_numeric(frame, "age", "a.csv"))
    a.csv, column 'age': expected numbers. Received: 'sixty' in data row 2. Correct it, leave it empty, or make the column a categorical one.
    """  # noqa: E501
    values = frame[column]
    if pd.api.types.is_numeric_dtype(values):
        return []
    wrong = values[pd.to_numeric(values, errors="coerce").isna() & values.notna()]
    if wrong.empty:
        return []
    words = wrong.unique()
    missing = ""
    if len(words) == 1 and len(wrong) > 1:
        missing = f"say that it means missing ({_missing_flag(column, words[0])}), "
    return [
        f"{source}, column {column!r}: expected numbers. Received: "
        f"{describe_cells(frame, wrong)}. Correct {_it(wrong)}, leave {_it(wrong)} "
        f"empty, {missing}or make the column a categorical one."
    ]


def find_infinite(frame: Rows, column: str, source: str) -> list[str]:
    """Find infinite values, and numbers too large for the model's float32.

    Args:
        frame: A DataFrame from `read_csv`, or some of its rows.
        column: The name of the column. Nothing is reported for a column of text.
        source: The source of the frame, such as a file name. The message begins with
            it.

    Returns:
        A list with one message that shows the first three values with their rows; empty
        if all values fit.

    Example:

    >>> frame = pd.DataFrame({"chol": [233.0, float("inf")]})
    >>> print(*find_infinite(frame, "chol", "a.csv"))
    a.csv, column 'chol': expected finite numbers. Received: inf in data row 2. Correct it, or leave it empty.
    """  # noqa: E501
    values = frame[column]
    if not pd.api.types.is_float_dtype(values):
        return []
    wrong = values[values.abs() > np.finfo("float32").max]
    if wrong.empty:
        return []
    return [
        f"{source}, column {column!r}: expected finite numbers. Received: "
        f"{describe_cells(frame, wrong)}. Correct {_it(wrong)}, or leave {_it(wrong)} "
        "empty."
    ]


def rare_classes(labels: pd.Series, *, minimum: int, source: str) -> list[str]:
    """Find the classes of a task that have too few rows.

    Args:
        labels: The label column of the task, of any type; missing labels are NaN.
        minimum: The number of rows that each class needs.
        source: The source of the labels, such as a file name. The message begins with
            it.

    Returns:
        One message per class with fewer rows, the rarest class first.

    Example:

    >>> labels = pd.Series(["normal", "normal", "fixed", None], name="thal")
    >>> print(*rare_classes(labels, minimum=2, source="a.csv"))
    a.csv, column 'thal': expected at least 2 rows of each class. Received: 1 of class 'fixed'. Merge the class with another, leave its rows out, give more rows, or say that it means missing (--missing fixed).
    """  # noqa: E501
    counts = labels.value_counts().sort_values(kind="stable")
    return [
        f"{source}, column {labels.name!r}: expected at least {minimum} rows of each "
        f"class. Received: {count} of class {name!r}. Merge the class with another, "
        "leave its rows out, give more rows, or say that it means missing "
        f"({_missing_flag(labels.name, name)})."
        for name, count in counts[counts < minimum].items()
    ]


def drop_uninformative(frame: Rows, columns: Iterable[str]) -> list[str]:
    """Leave out columns that are constant or empty.

    A column with one value in some rows and no value in others is kept, because it
    shows which rows have the value.

    Args:
        frame: A DataFrame.
        columns: Names of its columns.

    Returns:
        The names of the columns to keep, in their order. A `DataWarning` reports each
        of the others, or all of them at once if there are many.

    Example:

    >>> frame = pd.DataFrame({"age": [63, 67], "site": ["Cleveland", "Cleveland"]})
    >>> import warnings
    >>> with warnings.catch_warnings(action="ignore"):
    ...     drop_uninformative(frame, ["age", "site"])
    ['age']
    """
    kept = []
    dropped: dict[str, str] = {}
    for name in columns:
        values = frame[name]
        if len(values) > 1 and _differ(values.iloc[0], values.iloc[1]):
            # Most columns take this fast path, which does not read all rows.
            kept.append(name)
            continue
        present = values.notna()
        constant = bool(present.all()) and bool((values == values.iloc[0]).all())
        if present.any() and not constant:
            kept.append(name)
            continue
        found = f"has the value {str(values.iloc[0])!r}" if constant else "is empty"
        dropped[name] = found
    if len(dropped) > DROPPED_SHOWN:
        shown = ", ".join(map(repr, list(dropped)[:DROPPED_SHOWN]))
        others = len(dropped) - DROPPED_SHOWN
        messages = [
            f"Columns {shown} and {others} more are empty, or have one value in every "
            "row, and were dropped."
        ]
    else:
        messages = [
            f"Column {name!r} {found} in every row and was dropped."
            for name, found in dropped.items()
        ]
    for message in messages:
        warn_of_data(message)
    return kept


def _differ(first: Any, second: Any) -> bool:
    """Return whether two cells are both values, and differ."""
    return not pd.isna(first) and not pd.isna(second) and bool(first != second)


def missing_flag(word: str) -> str:
    """Return the flag that reads a word as missing, quoted for a shell.

    Example:

    >>> missing_flag("unknown"), missing_flag("-"), missing_flag("not known")
    ('--missing unknown', '--missing=-', "--missing 'not known'")
    """
    return f"--missing{'=' if word.startswith('-') else ' '}{shlex.quote(word)}"


def _missing_flag(column: object, value: object) -> str:
    try:
        float(str(value))
    except ValueError:
        return missing_flag(str(value))
    return f"--missing-value {shlex.quote(f'{column}={value}')}"


def _it(wrong: pd.Series) -> str:
    return "it" if len(wrong) == 1 else "them"
