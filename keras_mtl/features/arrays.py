"""Conversion of a DataFrame to inputs of the model and to the encoded matrix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_mtl.features.feature import Feature
from keras_mtl.tables.column_store import Rows, rows_between

if TYPE_CHECKING:
    import keras
    import pandas as pd
    import tensorflow as tf

__all__ = ["encode_frame", "encode_parts", "feature_arrays", "feature_tensors"]

# The rows per call: enough to make the overhead of a call negligible, and few enough to
# keep the strings of a call small.
ROWS_PER_CALL = 16_384


def feature_arrays(
    features: Sequence[Feature], frame: pd.DataFrame
) -> dict[str, np.ndarray]:
    """Convert the columns of a frame to inputs of the model.

    Args:
        features: The features. Other columns of the frame are ignored.
        frame: The rows. If a column does not exist, its values are missing in all rows.

    Returns:
        A dict by feature name of arrays of shape (N,): float32, NaN where missing; or
        str objects, `""` where missing.

    Example:

    >>> import pandas as pd
    >>> from keras_mtl.features import CategoricalFeature
    >>> sex = CategoricalFeature("sex", column="Sex")
    >>> feature_arrays([sex], pd.DataFrame({"Sex": ["male", None]}))["sex"].tolist()
    ['male', '']
    """
    import pandas as pd

    absent = pd.Series(np.nan, index=frame.index, dtype="float64")
    return {
        feature.name: feature.to_array(frame.get(feature.column_name, absent))
        for feature in features
    }


def feature_tensors(arrays: dict[str, np.ndarray]) -> dict[str, tf.Tensor]:
    """Convert inputs of the model to tensors, which Keras needs for strings."""
    import tensorflow as tf

    return {
        name: tf.constant(
            values.tolist() if values.dtype == object else values,
            dtype=tf.string if values.dtype == object else tf.float32,
        )
        for name, values in arrays.items()
    }


def encode_frame(
    encoder: keras.Model,
    features: Sequence[Feature],
    frame: Rows,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Encode rows as one float matrix.

    Args:
        encoder: The model that `build_encoder` returned for the features.
        features: The features.
        frame: The rows.
        out: The array to write into; by default a new array.

    Returns:
        float32 of shape (N, columns).
    """
    if out is None:
        out = np.empty((len(frame), encoder.output_shape[-1]), "float32")
    encode_parts(encoder, features, [frame], out)
    return out


def encode_parts(
    encoder: keras.Model,
    features: Sequence[Feature],
    parts: Iterable[Rows],
    out: np.ndarray,
) -> None:
    """Encode rows that come in parts, without keeping all of them in memory.

    Args:
        encoder: The model that `build_encoder` returned for the features.
        features: The features.
        parts: The parts, in the order of the rows. A part is released before the next
            one is read.
        out: The array to write into, float32 of shape (N, columns).
    """
    import tensorflow as tf

    encode = tf.function(encoder, reduce_retracing=True, autograph=False)
    columns = [feature.column_name for feature in features]

    def fill(part: Rows, place: int) -> int:
        for start in range(0, len(part), ROWS_PER_CALL):
            frame = rows_between(part, start, start + ROWS_PER_CALL, columns)
            arrays = feature_arrays(features, frame)
            out[place + start : place + start + len(frame)] = encode(
                feature_tensors(arrays)
            )
        return place + len(part)

    place = 0
    for part in parts:
        place = fill(part, place)
        del part
