"""Label columns as text and as numbers."""

from __future__ import annotations

import contextlib
import operator
import re
from typing import TYPE_CHECKING

import numpy as np

from keras_mtl.errors import UserError, did_you_mean
from keras_mtl.tables.text_values import format_number

if TYPE_CHECKING:
    import pandas as pd

    from keras_mtl.tables.column_store import Rows

__all__ = [
    "apply_rule",
    "fold_case",
    "is_comparison",
    "label_column",
    "label_means",
    "label_numbers",
    "label_words",
    "parse_rule",
    "sort_words",
]

# A number in the form of a code, with leading zeros.
CODE = re.compile(r"0\d")
# An unambiguous decimal comma: `1,000` may be a thousand.
DECIMAL_COMMA = re.compile(r"[+-]?(\d*,\d{1,2}|\d*,\d{4,}|0,\d+)")
WHOLE_NUMBER = re.compile(r"^([+-]?\d+)(?:\.0*|,0{1,2}|,0{4,})$")

_COMPARISONS = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


def label_column(frame: Rows, column: str, task: str, source: str) -> pd.Series:
    """Return a task's label column.

    Raises:
        UserError: If the column does not exist or has no labels.
    """
    if column not in frame.columns:
        known = [str(name) for name in frame.columns]
        raise UserError(
            f"{source}: task {task!r} expects its labels in column {column!r}, "
            f"which is not there.{did_you_mean(column, known)} "
            f"Columns: {', '.join(known)}."
        )
    values = frame[column]
    if values.isna().all():
        raise UserError(
            f"{source}, column {column!r}: task {task!r} expects labels. Received: "
            f"{len(values)} empty rows. Fill some, or leave the task out."
        )
    return values


def label_means(labels: np.ndarray) -> np.ndarray | None:
    """Return the means of the columns of encoded labels.

    Args:
        labels: Labels of shape (N, columns), NaN where missing.

    Returns:
        The means, (columns,), or None if a column has no label.
    """
    counts = (~np.isnan(labels)).sum(axis=0)
    if (counts == 0).any():
        return None
    means: np.ndarray = np.nansum(labels, axis=0, dtype="float64") / counts
    return means


def label_words(values: pd.Series) -> pd.Series:
    """Convert a column to text, with NaN where a label is missing.

    Numbers have one form for all spellings in the file (`1`, `1.0` and `1,0` are one
    class), unless a leading zero marks a code, such as `03`.

    Example:

    >>> import pandas as pd
    >>> label_words(pd.Series([1.0, None, 2.0])).tolist()
    ['1', nan, '2']
    >>> label_words(pd.Series(["3,0", "1,5", "other"])).tolist()
    ['3', '1,5', 'other']
    """
    import pandas as pd

    if values.dtype != object:
        # Equal values have one type, so each distinct value is converted once.
        distinct = pd.Series(values.dropna().unique())
        words = _words(distinct)
        table = dict(zip(distinct.tolist(), words.tolist(), strict=True))
        return values.astype(object).map(table)
    return _words(values.dropna()).reindex(values.index, fill_value=np.nan)


def _words(present: pd.Series) -> pd.Series:
    import pandas as pd

    if present.map(lambda value: isinstance(value, bool | np.bool_)).all():
        words = present.map({True: "true", False: "false"})
    else:
        words = present.map(lambda value: str(value).strip()).astype(object)
        if words.str.match(CODE).any():
            return words
        points = words.where(~words.str.fullmatch(DECIMAL_COMMA), _with_point)
        numbers = pd.to_numeric(points, errors="coerce")
        if numbers.notna().all():
            words = numbers.map(format_number)
        else:
            # A column may have classes that are numbers and others that are not.
            words = words.str.replace(WHOLE_NUMBER, r"\1", regex=True)
    return words.astype(object)


def _with_point(words: pd.Series) -> pd.Series:
    return words.str.replace(",", ".", regex=False)


def fold_case(words: pd.Series) -> pd.Series:
    """Convert words to lower case, also in a column without words."""
    return words.map(str.casefold, na_action="ignore")


def label_numbers(values: pd.Series) -> np.ndarray:
    """Convert a column to float32, with NaN for everything but finite numbers.

    Example:

    >>> import pandas as pd
    >>> label_numbers(pd.Series(["1", None, "x", "inf"])).tolist()
    [1.0, nan, nan, nan]
    """
    import pandas as pd

    numbers = pd.to_numeric(values, errors="coerce").to_numpy("float64")
    with np.errstate(over="ignore"):
        labels = numbers.astype("float32")
    return np.where(np.isfinite(labels), labels, np.float32(np.nan))


def sort_words(words: pd.Series) -> list[str]:
    """Return the distinct words, with numbers sorted by size and others by letter.

    Example:

    >>> import pandas as pd
    >>> sort_words(pd.Series(["10", "9", "9"]))
    ['9', '10']
    """
    distinct = sorted(set(words.dropna()))
    try:
        return sorted(distinct, key=float)
    except ValueError:
        return distinct


def parse_rule(rule: str) -> tuple[str, str]:
    """Split a rule such as `> 0` into its comparison and its value.

    A rule without a comparison means equality. The rule is never executed as code.

    Raises:
        ValueError: If the value is missing, or is not a number and the rule needs one.

    Example:

    >>> parse_rule("> 0"), parse_rule("yes")
    (('>', '0'), ('==', 'yes'))
    """
    match = re.fullmatch(r"\s*(>=|<=|==|!=|=|>|<)?\s*(.*?)\s*", rule, re.DOTALL)
    comparison, value = (match[1] or "==", match[2]) if match else ("==", "")
    comparison = "==" if comparison == "=" else comparison
    if not value:
        raise ValueError(
            "expected a value or a comparison with a number, such as 'yes' or "
            f"'> 0'; received {rule!r}"
        )
    if comparison in {">", "<", ">=", "<="}:
        try:
            float(value)
        except ValueError:
            raise ValueError(
                f"{comparison!r} expects a number after it; received {rule!r}"
            ) from None
    return comparison, value


def is_comparison(rule: str) -> bool:
    """Return whether a rule needs numeric labels."""
    return parse_rule(rule)[0] not in {"==", "!="}


def apply_rule(rule: str, values: pd.Series) -> np.ndarray:
    """Return whether each label satisfies the rule.

    Args:
        rule: See `parse_rule`.
        values: The label column.

    Returns:
        float32 of shape (N,): 1 if the label satisfies the rule, 0 if not, NaN if the
        label is missing, or is not a number and the rule needs one.

    Example:

    >>> import pandas as pd
    >>> apply_rule("> 0", pd.Series([0, 2, None])).tolist()
    [0.0, 1.0, nan]
    """
    comparison, value = parse_rule(rule)
    if is_comparison(rule):
        numbers = label_numbers(values)
        held = _COMPARISONS[comparison](numbers, float(value))
        return np.where(np.isnan(numbers), np.nan, held).astype("float32")
    words = label_words(values)
    meant = {value}
    with contextlib.suppress(ValueError):
        meant.add(format_number(float(value)))
    if {word.casefold() for word in words.dropna()} <= {"true", "false"}:
        # Booleans match in any case.
        words, meant = fold_case(words), {word.casefold() for word in meant}
    held = words.isin(meant) == (comparison == "==")
    return np.where(words.isna(), np.nan, held).astype("float32")
