"""Inference of the kind of feature of each column."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from keras_mtl.errors import warn_of_data
from keras_mtl.features.categorical import CategoricalFeature
from keras_mtl.features.column import Column
from keras_mtl.features.feature import RESERVED_NAMES, Feature
from keras_mtl.features.kinds import FEATURE_KINDS

if TYPE_CHECKING:
    import pandas as pd

    from keras_mtl.tables.column_store import Rows

__all__ = ["feature_name", "infer_features"]

# Words for yes and no are boolean, numbers and words may be dates, other numbers are
# numeric, very many words are hashed, and other columns are categorical.
BUILTIN_IN_ORDER = ("boolean", "date", "numeric", "hashed", "categorical")
# The kinds with their own flag.
WITH_FLAG = ("boolean", "date", "numeric", "categorical")


def infer_features(
    frame: Rows,
    exclude: Collection[str] = (),
    declared: Iterable[Feature] = (),
) -> tuple[Feature, ...]:
    """Infer a feature for each column that is not declared.

    Kinds of plugins are tried first. Yes-or-no values become a `BooleanFeature`, dates
    of one format a `DateFeature`, numbers a `NumericFeature`, more than 10,000
    recurring categories a `HashedFeature`, and other text a `CategoricalFeature`.

    A column that looks like an identifier or like free text is left out with a warning.
    Such a column has more than 50 distinct values and more distinct values than a fifth
    of the rows, and fewer than half of the rows have a value that occurs in at least
    three rows.

    Args:
        frame: The rows.
        exclude: Columns that are not features, such as labels and groups. No feature
            gets one of their names.
        declared: The declared features. They are kept, at the position of their column.

    Returns:
        One feature per column, in the order of the columns.

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
            kind = _infer_kind(frame[column])
            if kind is not None:
                name = feature_name(column, taken)
                taken.add(name.lower())
                features.append(kind(name, column=None if name == column else column))
    return tuple(features)


def feature_name(column: str, taken: Collection[str] = ()) -> str:
    """Derive a unique input name, of letters, digits and `_`, from a column name.

    Args:
        column: The column's name.
        taken: The names that are in use, in lower case.

    Returns:
        The name; the name of the column itself if it is valid.

    Example:

    >>> feature_name("blood pressure [mm Hg]"), feature_name("age", {"age"})
    ('blood_pressure_mm_Hg', 'age_2')
    """
    name = column
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", column):
        # First, letters lose their accents: é becomes e.
        plain = unicodedata.normalize("NFKD", column).encode("ascii", "ignore").decode()
        name = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")
    if not re.match(r"[A-Za-z]", name) or name.lower() in RESERVED_NAMES:
        name = f"feature_{name}".rstrip("_")
    return name if name.lower() not in taken else _numbered(name, taken)


def _numbered(name: str, taken: Collection[str]) -> str:
    """Append a number to a name that is taken.

    Bisection finds the first free number, since thousands of columns may differ only in
    characters that an input's name leaves out.
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


def _infer_kind(values: pd.Series) -> type[Feature] | None:
    column = Column(values)
    # Kinds of plugins are more specific than the built-in ones.
    for name in (*FEATURE_KINDS.outside(), *BUILTIN_IN_ORDER):
        kind = FEATURE_KINDS.load(name)
        if not kind.matches(column):
            continue
        remark, doubt = kind.remark(column), kind.doubt(column)
        if remark:
            warn_of_data(f"Column {column.name!r} {remark}")
        if doubt:
            warn_of_data(
                f"Column {column.name!r} {doubt}: left out. Declare it {kind.kind} to "
                f"keep it ({_flag(name, column.name)})."
            )
            return None
        return kind
    return CategoricalFeature


def _flag(kind: str, column: str) -> str:
    if kind in WITH_FLAG:
        return f"--{kind} {shlex.quote(column)}"
    return f"--feature {shlex.quote(f'{column}:{kind}')}"
