"""A feature that is one of several categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, field_validator

from keras_mtl._core.declarations import declaration
from keras_mtl.features._missing_words import missing_words
from keras_mtl.features._repeated_words import EMBEDDED_WORDS, describe_free_text
from keras_mtl.features._standardize import standardize_share
from keras_mtl.features.embedding import Embedding
from keras_mtl.features.feature import Feature, InputDefaults
from keras_mtl.tables.text_values import count_words, to_words

if TYPE_CHECKING:
    import pandas as pd

    from keras_mtl.features._category_encoding import CategoryColumns
    from keras_mtl.features.column import Column
    from keras_mtl.features.text_codes import TextCodes

__all__ = ["CategoricalFeature"]

# The largest number of columns of a one-hot encoding.
ONE_HOT_WORDS = 100


@declaration
class CategoricalFeature(Feature):
    """A column of categories.

    With the encoding `"one_hot"`, each category has a column; two categories share one
    column. A category that is unknown or too rare to learn from is encoded as the
    average training row, so that it does not change the prediction. So is a missing
    value, unless values are missing in training rows too: then a separate column marks
    missing values.

    With `"ordinal"`, one column holds the index of the category. If values are missing
    in training rows, missing comes before the first category.

    With `"embedding"`, one column holds indices, and the network learns one vector per
    index (see `keras_mtl.layers.IndexEmbedding`). Index 0 is missing, 1 is any unknown
    or rare category, and the known categories begin at 2.

    All columns except the indices of an embedding are standardized.

    Args:
        name: See `Feature`.
        column: See `Feature`.
        missing_share: See `Feature`.
        encoding: `"one_hot"`, `"ordinal"` or `"embedding"`.
        embed_above: A column with more categories than this is embedded and not one-hot
            encoded; 0 never embeds. `resolve` decides this from all rows, for columns
            without a declared vocabulary.
        missing_flag: Whether a separate column marks missing values.
        vocabulary: The categories, in order. By default the categories of the training
            rows, sorted.
        minimum_count: The number of training rows that a category needs to be known.
        maximum_words: The largest number of known categories; the most frequent ones
            are kept. By default 100, or 10,000 for an embedding.
        frequencies: The share of training rows with each category. Filled by `learn`.

    Example:

    >>> import pandas as pd
    >>> feature = CategoricalFeature("slope", minimum_count=1)
    >>> feature = feature.learn(pd.Series(["up", "flat", "flat", None]))
    >>> feature.vocabulary, feature.encoded_names
    (('flat', 'up'), ('slope[up]', 'slope_missing'))
    """

    kind: ClassVar[str] = "categorical"
    dtype: ClassVar[str] = "string"

    encoding: Literal["one_hot", "ordinal", "embedding"] = "one_hot"
    embed_above: Annotated[int, Field(ge=0)] = ONE_HOT_WORDS
    missing_flag: bool = True
    vocabulary: tuple[Annotated[str, BeforeValidator(str)], ...] | None = None
    minimum_count: Annotated[int, Field(ge=1)] = 2
    maximum_words: Annotated[int, Field(ge=1)] | None = None
    frequencies: tuple[float, ...] = ()

    @field_validator("vocabulary")
    @classmethod
    def _check_vocabulary(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None and ("" in value or len(set(value)) < len(value)):
            raise ValueError(
                f"expected distinct words that are not empty; received {list(value)}"
            )
        return value

    @classmethod
    def matches(cls, column: Column) -> bool:
        return not column.is_numeric

    @classmethod
    def remark(cls, column: Column) -> str:
        return column.describe_dates("words") or column.describe_numbers()

    @classmethod
    def doubt(cls, column: Column) -> str:
        return describe_free_text(column)

    def with_defaults(self, inputs: InputDefaults) -> Self:
        return self.replace(
            missing_flag=inputs.missing_flags,
            encoding=inputs.encoding,
            embed_above=inputs.embed_above,
        )

    def resolve(self, values: pd.Series) -> Self:
        if self.encoding != "one_hot" or not self.embed_above or self.vocabulary:
            return self
        count = count_words(values, self.missing_words)
        count.pop("", None)
        known = sum(rows >= self.minimum_count for rows in count.values())
        return self.replace(encoding="embedding") if known > self.embed_above else self

    @property
    def trained_embedding(self) -> Embedding | None:
        if self.encoding != "embedding":
            return None
        return Embedding("index", indices=len(self.vocabulary or ()) + 2)

    def without_embedding(self) -> Feature:
        if self.encoding != "embedding":
            return self
        return self.replace(encoding="one_hot", embed_above=0)

    @property
    def has_flag(self) -> bool:
        """Whether the encoding has the column that marks missing values."""
        return self.missing_flag and bool(self.missing_share)

    @property
    def encoded_names(self) -> tuple[str, ...]:
        if self.encoding != "one_hot":
            return (self.name,)
        words = [f"{self.name}[{word}]" for word in self._words_with_column]
        flag = [f"{self.name}_missing"] if self.has_flag else []
        return (*words, *flag) or (self.name,)

    @property
    def _words_with_column(self) -> tuple[str, ...]:
        words = self.vocabulary or ()
        return words[1:] if len(words) == 2 else words

    @property
    def missing_words(self) -> tuple[str, ...]:
        return missing_words(self.vocabulary)

    def describe(self) -> str:
        return {"ordinal": "numbered", "embedding": "embedded"}.get(self.encoding, "")

    def draw(self, generator: np.random.Generator, count: int) -> np.ndarray:
        if not self.vocabulary:
            return super().draw(generator, count)
        share = np.asarray(self.frequencies, "float64")
        known = share.sum() > 0 and len(share) == len(self.vocabulary)
        words = np.asarray(self.vocabulary, dtype=object)
        return generator.choice(words, count, p=share / share.sum() if known else None)

    def metadata(self) -> dict[str, Any]:
        described = super().metadata()
        if self.vocabulary is not None:
            described["vocabulary"] = list(self.vocabulary)
        return described

    def to_array(self, values: pd.Series) -> np.ndarray:
        return to_words(values, self.missing_words)

    def learn(self, values: pd.Series) -> Self:
        count = count_words(values, self.missing_words)
        missing = count.pop("", 0)
        vocabulary = self.vocabulary
        if vocabulary is None:
            frequent = sorted(
                (word for word in count if count[word] >= self.minimum_count),
                key=lambda word: (-count[word], word),
            )
            most = EMBEDDED_WORDS if self.encoding == "embedding" else ONE_HOT_WORDS
            vocabulary = _in_order(frequent[: self.maximum_words or most])
        return self.replace(
            missing_share=missing / len(values),
            vocabulary=vocabulary,
            frequencies=tuple(count.get(word, 0) / len(values) for word in vocabulary),
        )

    def encode(self, inputs: Any) -> Any:
        return self.encode_block([self], [inputs])

    @classmethod
    def encode_block(cls, features: Sequence[Self], inputs: Sequence[Any]) -> Any:
        from keras_mtl.features._category_encoding import CategoryEncoding

        layer = CategoryEncoding(
            [feature._columns() for feature in features],
            missing_words(),
            name=cls.block_name(),
        )
        return layer(list(inputs))

    def text_codes(self) -> TextCodes:
        from keras_mtl.features.text_codes import TextTable

        words = self._columns().words(missing_words())
        return TextTable({word: place for place, word in enumerate(words, 1)})

    def _columns(self) -> CategoryColumns:
        if self.encoding == "embedding":
            return self._index()
        return self._one_hot() if self.encoding == "one_hot" else self._ordinal()

    def _index(self) -> CategoryColumns:
        from keras_mtl.features._category_encoding import CategoryColumns

        words = self.vocabulary or ()
        return CategoryColumns(
            vocabulary=words,
            unknown=(1.0,),
            missing=(0.0,),
            other=(0.0,),
            own_columns=(0,) * len(words),
            own_values=tuple(np.arange(2.0, len(words) + 2.0).tolist()),
        )

    def _one_hot(self) -> CategoryColumns:
        from keras_mtl.features._category_encoding import CategoryColumns

        share = dict(zip(self.vocabulary or (), self.frequencies, strict=True))
        with_column = self._words_with_column
        pairs = [standardize_share(share[word]) for word in with_column]
        other = [other for other, _ in pairs]
        missing = other if self.has_flag else [0.0] * len(pairs)
        if self.has_flag:
            present, flag = standardize_share(self.missing_share or 0.0)
            other, missing = [*other, present], [*missing, flag]
        # If no category is frequent enough, one constant column.
        width = max(len(other), 1)
        return CategoryColumns(
            vocabulary=tuple(share),
            unknown=(0.0,) * width,
            missing=tuple(missing) or (0.0,),
            other=tuple(other) or (0.0,),
            own_columns=(-1,) * (len(share) - len(pairs)) + tuple(range(len(pairs))),
            own_values=(0.0,) * (len(share) - len(pairs))
            + tuple(same for _, same in pairs),
        )

    def _ordinal(self) -> CategoryColumns:
        from keras_mtl.features._category_encoding import CategoryColumns

        share = np.asarray([self.missing_share, *self.frequencies])
        share = share / share.sum() if share.sum() else share
        codes = np.arange(len(share), dtype="float64")
        mean = np.sum(codes * share)
        spread = np.sqrt(np.sum(share * (codes - mean) ** 2)) or 1.0
        standard = (codes - mean) / spread
        return CategoryColumns(
            vocabulary=self.vocabulary or (),
            unknown=(0.0,),
            missing=(float(standard[0]) if self.missing_share else 0.0,),
            other=(0.0,),
            own_columns=(0,) * (len(share) - 1),
            own_values=tuple(standard[1:].tolist()),
        )


def _in_order(words: list[str]) -> tuple[str, ...]:
    """Sort categories; numbers by size."""
    try:
        return tuple(sorted(words, key=float))
    except ValueError:
        return tuple(sorted(words))
