"""What a request may hold in place of what the model's inputs take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keras_mtl.features import Feature
from keras_mtl.tables.read_csv import MISSING_VALUES

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["clean_request", "missing_words"]

# What Python's `str.strip` removes.
_SPACE = r"[\pZ\s\v\x1c-\x1f\x{85}]+"


def missing_words(feature: Feature) -> tuple[str, ...]:
    """The words that mean missing, as in a CSV file, unless they are a class.

    Example:

    >>> from keras_mtl.features import CategoricalFeature
    >>> missing_words(CategoricalFeature("country", vocabulary=("NA", "SA")))[:4]
    ('', '?', 'N/A', 'n/a')
    """
    known = getattr(feature, "vocabulary", None) or ()
    return tuple(word for word in MISSING_VALUES if word not in known)


def clean_request(
    features: Sequence[Feature], values: dict[str, tf.Tensor]
) -> dict[str, tf.Tensor]:
    """Reads a request's values as the CSV reader reads a file's.

    Args:
        features: The features.
        values: By feature name of shape (N,), or (N, 1) where a row says
            `[63]` for `63`.

    Returns:
        By feature name of shape (N,): words without white space around them,
        and `""` for those that mean missing; numbers as they are.

    Example:

    >>> import tensorflow as tf
    >>> from keras_mtl.features import CategoricalFeature
    >>> sex = CategoricalFeature("sex", vocabulary=("female", "male"))
    >>> clean_request([sex], {"sex": tf.constant([" male", "?"])})["sex"].numpy()
    array([b'male', b''], dtype=object)
    """
    import tensorflow as tf

    cleaned = {name: tf.reshape(value, [-1]) for name, value in values.items()}
    texts = [feature for feature in features if feature.dtype == "string"]
    if texts:
        # All at once: a graph of few operations loads and runs faster.
        words = tf.stack([cleaned[feature.name] for feature in texts], axis=-1)
        words = tf.strings.regex_replace(words, f"^{_SPACE}|{_SPACE}$", "")
        means_missing = tf.constant(
            [
                [word in missing_words(feature) for word in MISSING_VALUES]
                for feature in texts
            ]
        )
        is_word = words[:, :, None] == tf.constant(MISSING_VALUES)
        is_missing = tf.reduce_any(tf.logical_and(is_word, means_missing), axis=-1)
        columns = tf.unstack(tf.where(is_missing, "", words), axis=-1)
        for feature, column in zip(texts, columns, strict=True):
            cleaned[feature.name] = column
    return cleaned
