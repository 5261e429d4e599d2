"""A column of the data, for the inference of its kind."""

from __future__ import annotations

import shlex
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from keras_mtl.features._missing_words import missing_words
from keras_mtl.tables.text_values import count_words

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column"]

# Fewer distinct numbers may be categories, like the other word.
NUMBERS_SEEN = 5


class Column:
    """The values of a column, and the facts for inferring the kind of feature.

    Args:
        values: The column as read by pandas, of shape (N,).

    Example:

    >>> import pandas as pd
    >>> column = Column(pd.Series(["1", "2", "x", None]))
    >>> column.is_numeric, round(column.number_share, 2)
    (False, 0.67)
    """

    def __init__(self, values: pd.Series) -> None:
        self.name = str(values.name)
        self.present = values.dropna()

    @cached_property
    def is_boolean(self) -> bool:
        """Whether pandas read booleans."""
        import pandas as pd

        return bool(pd.api.types.is_bool_dtype(self.present))

    @cached_property
    def is_numeric(self) -> bool:
        """Whether pandas read numbers that are not booleans."""
        import pandas as pd

        return bool(pd.api.types.is_numeric_dtype(self.present) and not self.is_boolean)

    @cached_property
    def word_counts(self) -> dict[str, int]:
        """The number of rows with each word that is not empty, in a column of text."""
        counts = dict(count_words(self.present, missing_words()))
        counts.pop("", None)
        return counts

    @cached_property
    def word_rows(self) -> int:
        """The number of rows with a word."""
        return sum(self.word_counts.values())

    @cached_property
    def looks_like_dates(self) -> bool:
        """Whether the numbers or words of the column look like dates."""
        # Imported here: pandas is not needed to check settings.
        from keras_mtl.tables.suspicions import date_look

        values = self.present if self.is_numeric else list(self.word_counts)
        return date_look(values, self.name)

    @cached_property
    def date_formats(self) -> list[str]:
        """The formats in which all values are dates, the likeliest first."""
        if self.is_boolean or not self.looks_like_dates:
            return []
        from keras_mtl.features._dates import detect_formats

        # Plain numbers count days or seconds only if the column's name says so.
        return detect_formats(list(self.word_counts), counted=True)

    @cached_property
    def number_share(self) -> float:
        """The share of cells that are numbers, in a column of text."""
        import pandas as pd

        words = pd.Series(list(self.word_counts), dtype=object)
        numbers = pd.to_numeric(words, errors="coerce").notna()
        rows = np.asarray(list(self.word_counts.values()))[numbers].sum()
        return float(rows / self.word_rows) if self.word_rows else 0.0

    def describe_numbers(self) -> str:
        """Return the end of a warning about numbers and one other word, or `""`."""
        import pandas as pd

        # Imported here: pandas is not needed to check settings.
        from keras_mtl.tables.check_columns import missing_flag

        words = list(self.word_counts)
        numbers = pd.to_numeric(pd.Series(words, dtype=object), errors="coerce")
        others = [word for word, one in zip(words, numbers.isna(), strict=True) if one]
        if len(others) != 1 or len(words) - 1 < NUMBERS_SEEN:
            return ""
        (word,) = others
        return (
            f"holds numbers, but for {word!r} in {self.word_counts[word]} rows, and is "
            f"read as words. If {word!r} means missing, say so ({missing_flag(word)})."
        )

    def describe_dates(self, read_as: str) -> str:
        """Return the end of a warning about a column of dates, or `""`.

        Args:
            read_as: The type that they are read as: `"numbers"` or `"words"`.
        """
        if not self.looks_like_dates:
            return ""
        return (
            f"looks like dates, but no one way to write dates fits all cells: they "
            f"are read as {read_as}. Write all dates alike, say how they are written "
            f"(--feature {shlex.quote(f'{self.name}:date:format=iso')} or another "
            f"format), or leave the column out (--drop {shlex.quote(self.name)})."
        )
