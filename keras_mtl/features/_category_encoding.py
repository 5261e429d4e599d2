"""The layer of all categorical features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.features._block_encoding import BlockEncoding, are_codes

__all__ = ["CategoryColumns", "CategoryEncoding"]


@dataclass(frozen=True)
class CategoryColumns:
    """The encoding of one categorical feature.

    A category sets at most one of the feature's columns to its own value. The other
    columns are the same for all categories. A one-hot encoding is therefore as small as
    its vocabulary.

    Attributes:
        vocabulary: The categories.
        unknown: The feature's columns for an unknown string.
        missing: The feature's columns for a missing value.
        other: The value of each column for categories that do not set it.
        own_columns: The column that each category sets, or -1.
        own_values: The value of this column for each category.
    """

    vocabulary: tuple[str, ...]
    unknown: tuple[float, ...]
    missing: tuple[float, ...]
    other: tuple[float, ...]
    own_columns: tuple[int, ...]
    own_values: tuple[float, ...]

    def words(self, missing_words: Sequence[str]) -> tuple[str, ...]:
        """Return all known strings: the categories, then strings for missing values."""
        known = set(self.vocabulary)
        return (
            *self.vocabulary,
            *(each for each in missing_words if each not in known),
        )


@keras.saving.register_keras_serializable(package="keras_mtl")
class CategoryEncoding(BlockEncoding):
    """Layer that encodes each string by the columns of its category.

    All features share one table over the pairs of feature and category.

    Args:
        features: One `CategoryColumns`, or a dict of its fields, per feature.
        missing_words: The strings that mean missing, unless they are in the
            feature's vocabulary.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A list of one string tensor of shape (N,) per feature; or of the
            strings' positions in `CategoryColumns.words`, from 1, of shape (N, 1).

    Returns:
        float32 of shape (N, columns), in the order of the features.

    Example:

    >>> import tensorflow as tf
    >>> columns = CategoryColumns(
    ...     vocabulary=("no", "yes"),
    ...     unknown=(0.5,),
    ...     missing=(9.0,),
    ...     other=(0.0,),
    ...     own_columns=(-1, 0),
    ...     own_values=(0.0, 1.0),
    ... )
    >>> layer = CategoryEncoding([columns], ["", "?"])
    >>> layer([tf.constant(["yes", "no", "perhaps", "?"])]).numpy().tolist()
    [[1.0], [0.0], [0.5], [9.0]]
    """

    def __init__(
        self,
        features: Iterable[CategoryColumns | Mapping[str, Any]],
        missing_words: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.features = tuple(
            item if isinstance(item, CategoryColumns) else CategoryColumns(**item)
            for item in features
        )
        self.missing_words = list(missing_words)
        self._set_columns()
        self._set_keys()
        # TensorFlow hashes strings only on the host.
        self.supports_jit = False

    def _set_columns(self) -> None:
        widths = [len(feature.other) for feature in self.features]
        # The feature's position for each encoded column.
        self._positions = np.repeat(np.arange(len(widths), dtype="int32"), widths)
        self._unknown, self._missing, self._other = (
            np.concatenate([np.asarray(row, "float32") for row in rows])
            for rows in (
                [feature.unknown for feature in self.features],
                [feature.missing for feature in self.features],
                [feature.other for feature in self.features],
            )
        )

    def _set_keys(self) -> None:
        """Build the table of pairs of feature and string.

        A key has the feature's position and the string, so features do not share
        categories. Index 0 is any other string.
        """
        keys: list[str] = []
        starts: list[int] = []
        own_columns, own_values, is_missing = [-1], [0.0], [False]
        start = 0
        for position, feature in enumerate(self.features):
            words = feature.words(self.missing_words)
            known, missing = (
                len(feature.vocabulary),
                len(words) - len(feature.vocabulary),
            )
            starts.append(len(keys))
            keys += [f"{position}:{word}" for word in words]
            own_columns += [
                column if column < 0 else start + column
                for column in feature.own_columns
            ]
            own_columns += [-1] * missing
            own_values += [*feature.own_values, *[0.0] * missing]
            is_missing += [False] * known + [True] * missing
            start += len(feature.other)
        self._starts = np.asarray(starts, "int64")
        self._prefixes = [f"{position}:" for position in range(len(self.features))]
        self._own_columns = np.asarray(own_columns, "int32")
        self._own_values = np.asarray(own_values, "float32")
        self._is_missing = np.asarray(is_missing)
        self.lookup = keras.layers.StringLookup(
            vocabulary=keys, num_oov_indices=1, name="lookup"
        )

    def build(self, input_shape):
        self.lookup.build(input_shape[0])

    def call(self, inputs):
        keys = self._find_keys(inputs)
        # Looked up by feature first, since features are fewer than columns.
        own_column = self._by_column(ops.take(self._own_columns, keys, axis=0))
        own_value = self._by_column(ops.take(self._own_values, keys, axis=0))
        missing = self._by_column(ops.take(self._is_missing, keys, axis=0))
        unknown = self._by_column(ops.equal(keys, 0))
        columns = np.arange(len(self._positions), dtype="int32")
        encoded = ops.where(ops.equal(own_column, columns), own_value, self._other)
        encoded = ops.where(missing, self._missing, encoded)
        return ops.where(unknown, self._unknown, encoded)

    def _find_keys(self, inputs: Any) -> Any:
        """Return the index of each string in the table, (N, features)."""
        if are_codes(inputs):
            # The position among the feature's own words, from 1.
            codes = ops.concatenate(inputs, axis=-1)
            return ops.where(ops.equal(codes, 0), codes, codes + self._starts)
        prefixes = ops.convert_to_tensor(self._prefixes, "string")
        return self.lookup(prefixes + ops.stack(inputs, axis=-1))

    def _by_column(self, of_features: Any) -> Any:
        """Repeat the values of each feature for each of its columns."""
        return ops.take(of_features, self._positions, axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[0], len(self._positions))

    def get_config(self):
        return {
            **super().get_config(),
            "features": [asdict(feature) for feature in self.features],
            "missing_words": self.missing_words,
        }
