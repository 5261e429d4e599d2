"""A column of the data whose kind is to be found out."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from keras_mtl.tables.text_values import count_words

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column"]


class Column:
    """A column's values, and what the kinds of feature look at to know it.

    Args:
        values: The column, as pandas read it.

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
        """Whether pandas read truth values."""
        import pandas as pd

        return bool(pd.api.types.is_bool_dtype(self.present))

    @cached_property
    def is_numeric(self) -> bool:
        """Whether pandas read numbers, and no truth values."""
        import pandas as pd

        return bool(pd.api.types.is_numeric_dtype(self.present) and not self.is_boolean)

    @cached_property
    def word_counts(self) -> dict[str, int]:
        """How many rows have each word, in a column of text."""
        return dict(count_words(self.present))

    @cached_property
    def number_share(self) -> float:
        """The share of cells that are numbers, in a column of text."""
        import pandas as pd

        words = pd.Series(list(self.word_counts), dtype=object)
        numbers = pd.to_numeric(words, errors="coerce").notna()
        rows = np.asarray(list(self.word_counts.values()))[numbers].sum()
        return float(rows / len(self.present)) if len(self.present) else 0.0
