"""Conversion of the values of requests to inputs of the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from keras_mtl.features import Feature
from keras_mtl.tables.missing_values import MISSING_VALUES

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["clean_request", "features_by_dtype", "stack_request"]

# What Python's `str.strip` removes.
_SPACE = r"[\pZ\s\v\x1c-\x1f\x{85}]+"


def features_by_dtype(features: Iterable[Feature]) -> dict[str, list[Feature]]:
    """Sort features by what their inputs take, `"float32"` or `"string"`."""
    sorted_features: dict[str, list[Feature]] = {}
    for feature in features:
        sorted_features.setdefault(feature.dtype, []).append(feature)
    return sorted_features


def stack_request(
    features: Sequence[Feature], values: Mapping[str, tf.Tensor]
) -> dict[str, tf.Tensor]:
    """Put a request's values into one matrix per dtype.

    Thousands of tensors are costly to pass on and to work on one by one.

    Args:
        features: The features.
        values: By feature name of shape (N,), or (N, 1) where a row says
            `[63]` for `63`.

    Returns:
        By dtype, as `features_by_dtype` sorts them, shape (N, features).
    """
    import tensorflow as tf

    # One constant for all.
    flat = tf.constant([-1])

    def column(value: tf.Tensor) -> tf.Tensor:
        # Half the time of `tf.reshape`, which looks at the constant each time.
        return tf.raw_ops.Reshape(tensor=value, shape=flat)

    return {
        dtype: tf.stack([column(values[feature.name]) for feature in group], axis=-1)
        for dtype, group in features_by_dtype(features).items()
    }


def clean_request(
    features: Sequence[Feature], matrices: Mapping[str, tf.Tensor]
) -> dict[str, tf.Tensor]:
    """Read a request's values as the CSV reader reads a file's.

    Args:
        features: The features.
        matrices: By dtype, as `stack_request` returns them.

    Returns:
        By feature name of shape (N,): strings without white space around them,
        and `""` for those that mean missing; numbers as they are.

    Example:

    >>> import tensorflow as tf
    >>> from keras_mtl.features import CategoricalFeature
    >>> features = [CategoricalFeature("sex", vocabulary=("female", "male"))]
    >>> matrices = stack_request(features, {"sex": tf.constant([" male", "?"])})
    >>> clean_request(features, matrices)["sex"].numpy()
    array([b'male', b''], dtype=object)
    """
    import tensorflow as tf

    cleaned = {}
    for dtype, group in features_by_dtype(features).items():
        matrix = matrices[dtype]
        if dtype == "string":
            matrix = _clean_strings(group, matrix)
        for feature, column in zip(
            group, tf.unstack(matrix, len(group), axis=-1), strict=True
        ):
            cleaned[feature.name] = column
    return cleaned


def _clean_strings(features: Sequence[Feature], strings: tf.Tensor) -> tf.Tensor:
    import tensorflow as tf

    strings = tf.strings.regex_replace(strings, f"^{_SPACE}|{_SPACE}$", "")
    means_missing = tf.constant(
        [
            [word in feature.missing_words for word in MISSING_VALUES]
            for feature in features
        ]
    )
    is_word = strings[:, :, None] == tf.constant(MISSING_VALUES)
    is_missing = tf.reduce_any(tf.logical_and(is_word, means_missing), axis=-1)
    return tf.where(is_missing, "", strings)
