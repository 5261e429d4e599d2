"""Label columns as words and as numbers."""

from __future__ import annotations

import contextlib
import operator
import re
from typing import TYPE_CHECKING

import numpy as np

from keras_mtl.errors import UserError, did_you_mean
from keras_mtl.features.words import format_number

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "apply_rule",
    "label_column",
    "label_numbers",
    "label_words",
    "parse_rule",
    "sort_words",
]

_COMPARISONS = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


def label_column(frame: pd.DataFrame, column: str, task: str, source: str) -> pd.Series:
    """Returns a task's label column.

    Raises:
        UserError: When the column is absent or holds no label at all.
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
            f"{source}: column {column!r} holds no label for task {task!r}: all "
            f"{len(values)} rows are empty. Fill it, or leave the task out."
        )
    return values


def label_words(values: pd.Series) -> pd.Series:
    """Returns a column as words, with NaN where a label is missing.

    Numbers are written alike however the file wrote them (`1` and `1.0` are
    one class), and truth values in lower case.

    Example:

    >>> import pandas as pd
    >>> label_words(pd.Series([1.0, None, 2.0])).tolist()
    ['1', nan, '2']
    """
    import pandas as pd

    present = values.dropna()
    if present.map(lambda value: isinstance(value, bool | np.bool_)).all():
        words = present.map({True: "true", False: "false"})
    else:
        numbers = pd.to_numeric(present, errors="coerce")
        if numbers.notna().all():
            words = numbers.map(format_number)
        else:
            words = present.map(lambda value: str(value).strip())
    return words.astype(object).reindex(values.index, fill_value=np.nan)


def label_numbers(values: pd.Series, task: str, source: str) -> pd.Series:
    """Returns a column as float64, with NaN where a label is missing.

    Raises:
        UserError: When a label is text or infinite, with its row.
    """
    import pandas as pd

    from keras_mtl.tasks.task import describe_rows

    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    bad = (numbers.isna() & values.notna()) | np.isinf(numbers)
    if bad.any():
        rows = np.flatnonzero(bad.to_numpy()).tolist()
        raise UserError(
            f"{source}: column {values.name!r} of task {task!r} expects finite "
            f"numbers; received {describe_rows(rows, values[bad].tolist())}. "
            "Correct these cells, or leave them empty."
        )
    return numbers


def sort_words(words: pd.Series) -> list[str]:
    """Returns the distinct words, numbers by size and others by letter.

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
    """Splits a rule such as `> 0` into its comparison and its value.

    A rule without a comparison means equality. Nothing is ever executed.

    Raises:
        ValueError: When the value is absent, or is no number where one is
            needed.

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


def apply_rule(rule: str, values: pd.Series, task: str, source: str) -> np.ndarray:
    """Says for each label whether it obeys the rule.

    Returns:
        float32 of shape (N,): 1 where it does, 0 where not, NaN where missing.

    Example:

    >>> import pandas as pd
    >>> apply_rule("> 0", pd.Series([0, 2, None]), "heart", "a.csv").tolist()
    [0.0, 1.0, nan]
    """
    comparison, value = parse_rule(rule)
    if comparison in {"==", "!="}:
        words = label_words(values)
        # What is not a number is compared as the word it is.
        with contextlib.suppress(ValueError):
            value = format_number(float(value))
        # `label_words` writes truth values in lower case.
        if set(words.dropna()) <= {"true", "false"}:
            value = value.lower()
        held = _COMPARISONS[comparison](words.to_numpy(), value)
    else:
        numbers = label_numbers(values, task, source).to_numpy()
        held = _COMPARISONS[comparison](numbers, float(value))
    return np.where(values.isna(), np.nan, held.astype("float32")).astype("float32")
