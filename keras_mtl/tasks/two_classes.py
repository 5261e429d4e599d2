"""Choice of the positive one of two classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keras_mtl.errors import warn_of_data
from keras_mtl.tasks.labels import sort_words

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["list_words", "positive_class", "two_spellings"]

# Neither list has digits: of two numbers, the larger one is positive.
POSITIVE_WORDS = frozenset(
    {"true", "t", "yes", "y", "on", "positive", "pos", "present", "abnormal"}
    | {"disease", "diseased", "sick", "malignant", "case"}
)
NEGATIVE_WORDS = frozenset(
    {"false", "f", "no", "n", "off", "negative", "neg", "absent", "none"}
    | {"normal", "healthy", "benign", "control"}
)

WORDS_SHOWN = 6


def positive_class(words: Sequence[str]) -> str:
    """Choose the positive one of two words.

    The positive word is one that usually means yes, or whose opposite usually means no.
    Otherwise it is the last of the two words or numbers.

    Example:

    >>> positive_class(["no", "yes"]), positive_class(["adenoma", "no"])
    ('yes', 'adenoma')
    """
    positive = [word for word in words if word.casefold() in POSITIVE_WORDS]
    if len(positive) == 1:
        return positive[0]
    other = [word for word in words if word.casefold() not in NEGATIVE_WORDS]
    return other[0] if len(other) == 1 else words[-1]


def two_spellings(words: pd.Series, where: str) -> list[str]:
    """Return the distinct words, sorted; merge spellings if that leaves two.

    `TRUE`, `true` and `False` are two words. The most frequent spelling of each is
    returned, with a `DataWarning`. More than two words that differ by more than their
    case are returned unchanged.

    Args:
        words: The words from `label_words`.
        where: The beginning of the warning: file and column.
    """
    distinct = sort_words(words)
    if len(distinct) < 3:
        return distinct
    counts = words.value_counts()
    spelled: dict[str, str] = {}
    for word in sorted(distinct, key=lambda word: (-counts[word], word)):
        spelled.setdefault(word.casefold(), word)
    if len(spelled) != 2:
        return distinct
    chosen = [word for word in distinct if word in spelled.values()]
    warn_of_data(
        f"{where}: {', '.join(map(repr, distinct))} differ by their case alone and "
        f"were read as {' and '.join(map(repr, chosen))}."
    )
    return chosen


def list_words(words: Sequence[str]) -> str:
    """Return the number of words and a list of the first ones, for a message.

    Example:

    >>> list_words(["0", "1", "2"])
    "3 ('0', '1', '2')"
    """
    shown = ", ".join(map(repr, words[:WORDS_SHOWN]))
    return f"{len(words)} ({shown}{', ...' if len(words) > WORDS_SHOWN else ''})"
