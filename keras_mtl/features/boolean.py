"""A feature that is yes or no."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field

from keras_mtl._core.declarations import declaration
from keras_mtl.features._missing_words import missing_words
from keras_mtl.features.feature import Feature, InputDefaults
from keras_mtl.tables.text_values import count_words, to_word, to_words

if TYPE_CHECKING:
    import pandas as pd

    from keras_mtl.features.column import Column
    from keras_mtl.features.text_codes import TextCodes
    from keras_mtl.tables.column_store import Rows

__all__ = ["FALSE_WORDS", "TRUE_WORDS", "BooleanFeature"]

TRUE_WORDS = ("true", "t", "yes", "y", "on", "1", "1.0")
FALSE_WORDS = ("false", "f", "no", "n", "off", "0", "0.0")


@declaration
class BooleanFeature(Feature):
    """A yes-or-no column, in any of the usual spellings and in any case.

    Yes is encoded as 1 and no as 0, and both are standardized. Missing and unknown
    values are encoded as the mean.

    Args:
        name: See `Feature`.
        column: See `Feature`.
        missing_share: See `Feature`.
        missing_flag: Whether a second column marks missing values. The column is left
            out if no value is missing in the training rows.
        mean: The share of yes among the training rows that have a value. Filled by
            `learn`.

    Example:

    >>> import pandas as pd
    >>> feature = BooleanFeature("fbs").learn(pd.Series(["True", "no", "no", None]))
    >>> feature.missing_share, round(feature.mean, 3)
    (0.25, 0.333)
    """

    kind: ClassVar[str] = "boolean"
    dtype: ClassVar[str] = "string"

    missing_flag: bool = True
    mean: Annotated[float, Field(ge=0, le=1)] = 0.5

    @classmethod
    def matches(cls, column: Column) -> bool:
        if column.is_boolean or column.is_numeric:
            return column.is_boolean
        words = {word.lower() for word in column.word_counts}
        return words <= {*TRUE_WORDS, *FALSE_WORDS}

    def with_defaults(self, inputs: InputDefaults) -> Self:
        return self.replace(missing_flag=inputs.missing_flags)

    @property
    def has_flag(self) -> bool:
        """Whether the encoding has the column that marks missing values."""
        return self.missing_flag and bool(self.missing_share)

    @property
    def encoded_names(self) -> tuple[str, ...]:
        return (self.name, f"{self.name}_missing")[: 1 + self.has_flag]

    def check_values(self, frame: Rows, source: str) -> list[str]:
        from keras_mtl.tables import describe_cells

        values = frame[self.column_name]
        known = {*TRUE_WORDS, *FALSE_WORDS}
        wrong = [
            value
            for value in values.dropna().unique()
            if (word := to_word(value)).lower() not in known
            and word not in self.missing_words
        ]
        unknown = values[values.isin(wrong)]
        if unknown.empty:
            return []
        return [
            f"{source}, column {self.column_name!r}: expected yes or no (or true, t, "
            "y, on, 1 and their opposites). Received: "
            f"{describe_cells(frame, unknown)}. Correct these cells, leave them empty, "
            "or make the column a categorical one."
        ]

    def draw(self, generator: np.random.Generator, count: int) -> np.ndarray:
        yes = generator.random(count) < self.mean
        return np.where(yes, "true", "false").astype(object)

    def metadata(self) -> dict[str, Any]:
        # The values are texts: an input of the served model has one type, which is not
        # JSON's boolean.
        return {
            **super().metadata(),
            "yes": list(TRUE_WORDS),
            "no": list(FALSE_WORDS),
            "json": "strings in quotes, in any case",
        }

    def to_array(self, values: pd.Series) -> np.ndarray:
        return to_words(values, self.missing_words)

    def learn(self, values: pd.Series) -> Self:
        counts = count_words(values, self.missing_words)

        def rows(words: Collection[str]) -> int:
            return sum(counts[word] for word in counts if word.lower() in words)

        true, known = rows(TRUE_WORDS), rows((*TRUE_WORDS, *FALSE_WORDS))
        return self.replace(
            missing_share=counts.get("", 0) / len(values),
            mean=true / known if known else 0.5,
        )

    def declared(self) -> Self:
        return self.replace(missing_share=None, mean=0.5)

    def text_codes(self) -> TextCodes:
        from keras_mtl.features._boolean_encoding import word_meanings
        from keras_mtl.features.text_codes import TextTable

        return TextTable(word_meanings(TRUE_WORDS, FALSE_WORDS, missing_words()))

    def encode(self, inputs: Any) -> Any:
        return self.encode_block([self], [inputs])

    @classmethod
    def encode_block(cls, features: Sequence[Self], inputs: Sequence[Any]) -> Any:
        from keras_mtl.features._boolean_encoding import BooleanColumn, BooleanEncoding

        columns = [
            BooleanColumn(
                mean=feature.mean,
                missing_share=feature.missing_share if feature.has_flag else None,
            )
            for feature in features
        ]
        layer = BooleanEncoding(
            columns, TRUE_WORDS, FALSE_WORDS, missing_words(), name=cls.block_name()
        )
        return layer(list(inputs))
