"""The layer of all boolean features."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_mtl.features._block_encoding import are_codes
from keras_mtl.features._column_order import join_in_feature_order
from keras_mtl.features._share_encoding import ShareEncoding

__all__ = ["BooleanColumn", "BooleanEncoding", "word_meanings"]

_UNKNOWN, _MISSING, _NO, _YES = range(4)


@dataclass(frozen=True)
class BooleanColumn:
    """Settings of one boolean feature.

    Attributes:
        mean: The share of yes among the training rows that have a value.
        missing_share: The share of training rows without a value; None leaves out the
            column that marks missing values.
    """

    mean: float = 0.5
    missing_share: float | None = None


@keras.saving.register_keras_serializable(package="keras_mtl")
class BooleanEncoding(ShareEncoding):
    """Layer that standardizes truth values; missing and unknown values become 0.

    The encoded columns of a feature are its value, and whether the value is missing.

    Args:
        columns: One `BooleanColumn`, or a dict of its fields, per feature.
        true_words: The strings that mean yes, in lower case. Inputs match in any case.
        false_words: The strings that mean no, likewise.
        missing_words: The strings that mean missing. Their case matters.
        **kwargs: See `keras.layers.Layer`.

    Call arguments:
        inputs: A list of one string tensor of shape (N,) per feature; or of the
            strings' `word_meanings`, of shape (N, 1).

    Returns:
        float32 of shape (N, columns), in the order of the features.

    Example:

    >>> import tensorflow as tf
    >>> column = BooleanColumn(mean=0.2, missing_share=0.2)
    >>> layer = BooleanEncoding([column], ["yes"], ["no"], ["", "?"])
    >>> layer([tf.constant(["Yes", "no", "?", "perhaps"])]).numpy().tolist()
    [[2.0, -0.5], [-0.5, -0.5], [0.0, 2.0], [0.0, -0.5]]
    """

    def __init__(
        self,
        columns: Iterable[BooleanColumn | Mapping[str, Any]],
        true_words: Sequence[str],
        false_words: Sequence[str],
        missing_words: Sequence[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.columns = tuple(
            column if isinstance(column, BooleanColumn) else BooleanColumn(**column)
            for column in columns
        )
        self.true_words = list(true_words)
        self.false_words = list(false_words)
        self.missing_words = list(missing_words)
        meanings = word_meanings(self.true_words, self.false_words, self.missing_words)
        self.lookup = keras.layers.StringLookup(
            vocabulary=list(meanings), num_oov_indices=1, name="lookup"
        )
        self._meanings = np.asarray([_UNKNOWN, *meanings.values()], "int32")
        shares = [self.standardize(column.mean) for column in self.columns]
        self._values = np.asarray(shares, "float32").T
        flags = [
            (position, *self.standardize(column.missing_share))
            for position, column in enumerate(self.columns)
            if column.missing_share is not None
        ]
        self._flagged = np.asarray([position for position, _, _ in flags], "int32")
        self._flags = np.asarray([row[1:] for row in flags], "float32").T
        # TensorFlow hashes strings only on the host.
        self.supports_jit = False

    def build(self, input_shape):
        self.lookup.build(input_shape[0])

    def call(self, inputs):
        meanings = self._find_meanings(inputs)
        no, yes = self._values
        values = ops.where(
            ops.equal(meanings, _YES),
            yes,
            ops.where(ops.equal(meanings, _NO), no, np.zeros_like(no)),
        )
        parts, positions = [values], [np.arange(len(self.columns))]
        if len(self._flagged):
            present, missing = self._flags
            is_missing = ops.equal(ops.take(meanings, self._flagged, axis=-1), _MISSING)
            parts.append(ops.where(is_missing, missing, present))
            positions.append(self._flagged)
        return join_in_feature_order(parts, positions)

    def _find_meanings(self, inputs: Any) -> Any:
        if are_codes(inputs):
            return ops.concatenate(inputs, axis=-1)
        indices = self.lookup(ops.stack(inputs, axis=-1))
        return ops.take(self._meanings, indices, axis=0)

    def compute_output_shape(self, input_shape):
        return (*input_shape[0], len(self.columns) + len(self._flagged))

    def get_config(self):
        return {
            **super().get_config(),
            "columns": [asdict(column) for column in self.columns],
            "true_words": self.true_words,
            "false_words": self.false_words,
            "missing_words": self.missing_words,
        }


def word_meanings(
    true_words: Sequence[str], false_words: Sequence[str], missing_words: Sequence[str]
) -> dict[str, int]:
    """Return the number of each known string's meaning; 0 is unknown."""
    meanings = dict.fromkeys(missing_words, _MISSING)
    for words, meaning in ((false_words, _NO), (true_words, _YES)):
        for word in words:
            meanings |= dict.fromkeys(_spellings(word), meaning)
    return meanings


def _spellings(word: str) -> Iterable[str]:
    """Return a short word in every mix of upper and lower case.

    With a table of all spellings, no operation has to change the case.
    """
    letters = [dict.fromkeys((letter, letter.upper())) for letter in word]
    return map("".join, itertools.product(*letters))
