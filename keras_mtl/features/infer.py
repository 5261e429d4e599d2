"""Finding out what kind of feature each column is."""

from __future__ import annotations

import re
import shlex
import unicodedata
import warnings
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import numpy as np

from keras_mtl.errors import DataWarning
from keras_mtl.features._missing_words import missing_words
from keras_mtl.features.boolean import FALSE_WORDS, TRUE_WORDS, BooleanFeature
from keras_mtl.features.categorical import CategoricalFeature
from keras_mtl.features.feature import RESERVED_NAMES, Feature
from keras_mtl.features.numeric import NumericFeature
from keras_mtl.tables.suspicions import date_look, identifier_look
from keras_mtl.tables.text_values import count_words

if TYPE_CHECKING:
    import pandas as pd

    from keras_mtl.tables.column_store import Rows

__all__ = ["feature_name", "infer_features"]

# A column of text in which at least this share of the cells are numbers is a
# numeric column with mistakes in it, rather than a categorical one.
NUMERIC_SHARE = 0.8
# Text with more distinct words than this, most of them in few rows, is an
# identifier or prose.
FREE_TEXT_WORDS = 50


def infer_features(
    frame: Rows,
    exclude: Collection[str] = (),
    declared: Iterable[Feature] = (),
) -> tuple[Feature, ...]:
    """Declares a feature for each column that is not declared already.

    Yes-or-no words make a `BooleanFeature`, numbers a `NumericFeature`, other
    words a `CategoricalFeature`. A column that looks like an identifier or
    like prose is left out with a warning.

    Args:
        frame: The rows.
        exclude: Columns that are no features: labels, groups. Their names are
            not given to features either.
        declared: Features that are known; they keep their place.

    Returns:
        One feature a column, in the columns' order.

    Example:

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"Age (y)": [4.0, 5.5], "sex": ["f", "m"], "y": [0, 1]})
    >>> for feature in infer_features(frame, exclude=["y"]):
    ...     print(feature.kind, feature.name, feature.column_name)
    numeric Age_y Age (y)
    categorical sex sex
    """
    known = {feature.column_name: feature for feature in declared}
    taken = {feature.name.lower() for feature in known.values()}
    exclude = {str(name) for name in exclude}
    taken |= {name.lower() for name in exclude}
    features = []
    for column in map(str, frame.columns):
        if column in known:
            features.append(known[column])
        elif column not in exclude:
            kind = _infer_kind(frame[column], column)
            if kind is not None:
                name = feature_name(column, taken)
                taken.add(name.lower())
                features.append(kind(name, column=None if name == column else column))
    return tuple(features)


def feature_name(column: str, taken: Collection[str] = ()) -> str:
    """Makes an input's name of a column's: letters, digits and `_`, unique.

    Args:
        column: The column's name.
        taken: Names in lower case that are in use.

    Returns:
        The column's name itself where it can serve.

    Example:

    >>> feature_name("blood pressure [mm Hg]"), feature_name("age", {"age"})
    ('blood_pressure_mm_Hg', 'age_2')
    """
    name = column
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", column):
        # Letters lose their accents first: é becomes e.
        plain = unicodedata.normalize("NFKD", column).encode("ascii", "ignore").decode()
        name = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")
    if not re.match(r"[A-Za-z]", name) or name.lower() in RESERVED_NAMES:
        name = f"feature_{name}".rstrip("_")
    return name if name.lower() not in taken else _numbered(name, taken)


def _numbered(name: str, taken: Collection[str]) -> str:
    """Appends a number to a name that is taken.

    The first free one is bracketed and halved: thousands of columns may have one
    name but for what an input's name leaves out.
    """

    def is_taken(number: int) -> bool:
        return number < 2 or f"{name}_{number}".lower() in taken

    last, free = 1, 2
    while is_taken(free):
        last, free = free, 2 * free
    while free - last > 1:
        middle = (last + free) // 2
        last, free = (middle, free) if is_taken(middle) else (last, middle)
    return f"{name}_{free}"


def _infer_kind(values: pd.Series, column: str) -> type[Feature] | None:
    import pandas as pd

    present = values.dropna()
    if pd.api.types.is_bool_dtype(present):
        return BooleanFeature
    if pd.api.types.is_numeric_dtype(present):
        if date_look(present, column):
            _warn_of_dates(column, "numbers")
            return NumericFeature
        reason = identifier_look(present, column)
        if reason is not None:
            warnings.warn(
                f"Column {column!r} holds a different whole number in every row and "
                f"looks like an identifier ({reason}): left out. Declare it numeric to "
                f"keep it (--numeric {shlex.quote(column)}).",
                DataWarning,
                stacklevel=3,
            )
            return None
        return NumericFeature
    counts = count_words(present, missing_words())
    counts.pop("", None)
    rows = sum(counts.values())
    if {word.lower() for word in counts} <= {*TRUE_WORDS, *FALSE_WORDS}:
        return BooleanFeature
    numbers = pd.to_numeric(pd.Series(list(counts), dtype=object), errors="coerce")
    number_rows = np.asarray(list(counts.values()))[numbers.notna()].sum()
    if number_rows / rows >= NUMERIC_SHARE:
        return NumericFeature
    if date_look(list(counts), column):
        _warn_of_dates(column, "words")
    if len(counts) > FREE_TEXT_WORDS and len(counts) > rows / 5:
        warnings.warn(
            f"Column {column!r} holds {len(counts)} different texts in "
            f"{rows} rows and looks like an identifier or prose: left out. "
            "Declare it categorical to keep it.",
            DataWarning,
            stacklevel=3,
        )
        return None
    return CategoricalFeature


def _warn_of_dates(column: str, kind: str) -> None:
    name = shlex.quote(column)
    warnings.warn(
        f"Column {column!r} looks like dates, which are read as {kind}. Write what can "
        "be learned from as numbers in columns of their own (year, month, day of the "
        f"week, age in days), and leave this one out (--drop {name}).",
        DataWarning,
        stacklevel=4,
    )
