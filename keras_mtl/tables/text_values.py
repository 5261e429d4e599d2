"""Columns as words, the same in training and in prediction."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "alike_words",
    "count_words",
    "format_number",
    "spelling",
    "to_word",
    "to_words",
]


def format_number(value: float) -> str:
    """Write a number as people do, a whole number without a point.

    Example:

    >>> format_number(3.0), format_number(0.5)
    ('3', '0.5')
    """
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def to_words(values: pd.Series, missing: Collection[str] = ()) -> np.ndarray:
    """Convert a column to words, with `""` for missing values.

    Truth values become `true` and `false`. Whole numbers lose their point, because a
    column of 0, 1 and an empty cell is read as 0.0, 1.0 and NaN.

    Args:
        values: The column, as pandas read it.
        missing: Texts that mean missing, in addition to pandas' missing values.

    Returns:
        The words, str objects of shape (N,).

    Example:

    >>> import pandas as pd
    >>> to_words(pd.Series([1.0, None, 2.5])).tolist()
    ['1', '', '2.5']
    >>> to_words(pd.Series(["f", " ? "]), missing=["?"]).tolist()
    ['f', '']
    """
    distinct = {value: to_word(value) for value in values.dropna().unique()}
    for value, word in distinct.items():
        if word in missing:
            distinct[value] = ""
    return values.map(distinct).astype(object).where(values.notna(), "").to_numpy()


def count_words(values: pd.Series, missing: Collection[str] = ()) -> dict[str, int]:
    """Count the rows of each word of `to_words`, in any order.

    Example:

    >>> import pandas as pd
    >>> count_words(pd.Series(["b", "b", None]))
    {'b': 2, '': 1}
    """
    counts: dict[str, int] = {}
    present = values.value_counts(sort=False)
    for value, count in present.items():
        word = to_word(value)
        word = "" if word in missing else word
        counts[word] = counts.get(word, 0) + int(count)
    absent = len(values) - int(present.sum())
    if absent:
        counts[""] = counts.get("", 0) + absent
    return counts


def spelling(word: str) -> str:
    """Return a form of a word that is equal for all its spellings and cases.

    A letter with an accent may be two characters, and several characters are spaces.

    Example:

    >>> spelling("Caf\\u0065\\u0301\\u00a0A") == spelling("CAF\\u00c9 a")
    True
    """
    seen = (sign for sign in word if unicodedata.category(sign) != "Cf")
    normal = unicodedata.normalize("NFKC", " ".join("".join(seen).split()))
    return unicodedata.normalize("NFKC", normal.casefold())


def alike_words(words: Iterable[str]) -> str:
    """Describe the difference of words that look alike, for a warning.

    Example:

    >>> alike_words(["Yes", "yes"])
    "'Yes', 'yes' differ by their case alone"
    >>> alike_words(["a b", "a\\u00a0b"])
    "'a b', 'a\\\\xa0b' look alike"
    """
    words = list(words)
    if len({word.casefold() for word in words}) < len(words):
        return f"{', '.join(map(repr, words))} differ by their case alone"
    return f"{', '.join(map(ascii, words))} look alike"


def to_word(value: object) -> str:
    """Write a value that is not missing as a word."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return format_number(float(value))
    return str(value).strip()
