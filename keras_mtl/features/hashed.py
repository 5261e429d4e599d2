"""A feature that is one of very many categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field

from keras_mtl._core.declarations import declaration
from keras_mtl.features._missing_words import missing_words
from keras_mtl.features._repeated_words import (
    EMBEDDED_WORDS,
    count_repeated,
    describe_free_text,
)
from keras_mtl.features.categorical import CategoricalFeature
from keras_mtl.features.embedding import Embedding
from keras_mtl.features.feature import Feature
from keras_mtl.tables.text_values import count_words, to_words

if TYPE_CHECKING:
    import pandas as pd

    from keras_mtl.features.column import Column

__all__ = ["HashedFeature"]

# A float32 matrix represents whole numbers exactly up to 2**24.
MOST_BUCKETS = 2**20
# More vectors would slow down each training step.
DEFAULT_BUCKETS = 2**16


@declaration
class HashedFeature(Feature):
    """A column of very many categories, hashed without a vocabulary.

    A hash puts each category into a bucket. The network learns one vector per bucket,
    which all categories in the bucket share: see `keras_mtl.layers.IndexEmbedding`.
    Missing values have a separate bucket. A category that no training row has also
    falls into one of the buckets.

    Args:
        name: See `Feature`.
        column: See `Feature`.
        missing_share: See `Feature`.
        buckets: The number of buckets. By default the number of categories, rounded up
            to a power of 2, at most 65,536.

    Example:

    >>> import pandas as pd
    >>> from keras_mtl.features import build_encoder
    >>> feature = HashedFeature("street", buckets=1000)
    >>> feature = feature.learn(pd.Series(["Elm", "Oak", None]))
    >>> round(feature.missing_share, 2), feature.trained_embedding.indices
    (0.33, 1001)
    """

    kind: ClassVar[str] = "hashed"
    dtype: ClassVar[str] = "string"

    buckets: Annotated[int, Field(ge=1, le=MOST_BUCKETS)] | None = None

    @classmethod
    def matches(cls, column: Column) -> bool:
        if column.is_numeric or column.is_boolean:
            return False
        return count_repeated(column, rows=2) > EMBEDDED_WORDS

    @classmethod
    def doubt(cls, column: Column) -> str:
        return describe_free_text(column)

    @property
    def trained_embedding(self) -> Embedding | None:
        return Embedding("index", indices=(self.buckets or 0) + 1)

    def without_embedding(self) -> Feature:
        """Return a one-hot categorical feature of the most frequent categories."""
        column = None if self.column is None else self.column
        return CategoricalFeature(self.name, column=column, embed_above=0)

    @property
    def encoded_names(self) -> tuple[str, ...]:
        return (self.name,)

    def describe(self) -> str:
        into = "" if self.buckets is None else f" into {self.buckets} buckets"
        return f"hashed{into}, embedded"

    def metadata(self) -> dict[str, Any]:
        return {**super().metadata(), "buckets": self.buckets}

    def to_array(self, values: pd.Series) -> np.ndarray:
        return to_words(values, self.missing_words)

    def resolve(self, values: pd.Series) -> Self:
        return self._with_buckets(count_words(values, self.missing_words))

    def learn(self, values: pd.Series) -> Self:
        count = count_words(values, self.missing_words)
        share = count.get("", 0) / len(values)
        return self._with_buckets(count).replace(missing_share=share)

    def _with_buckets(self, count: dict[str, int]) -> Self:
        """Return the feature with one bucket per category if none are declared."""
        if self.buckets is not None:
            return self
        words = max(len(count) - ("" in count), 1)
        buckets = 1 << (words - 1).bit_length()
        return self.replace(buckets=min(buckets, DEFAULT_BUCKETS))

    def encode(self, inputs: Any) -> Any:
        return self.encode_block([self], [inputs])

    @classmethod
    def encode_block(cls, features: Sequence[Self], inputs: Sequence[Any]) -> Any:
        from keras_mtl.features._hash_encoding import HashEncoding

        layer = HashEncoding(
            [feature.buckets or 1 for feature in features],
            missing_words(),
            name=cls.block_name(),
        )
        return layer(list(inputs))
