"""Warm-up: requests that a server runs before it accepts requests from clients.

A server loads a version only if all warm-up requests succeed. A broken folder is
therefore never served. The rows are not training rows, but are drawn from the
statistics of the features.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_mtl.features import (
    Feature,
)
from keras_mtl.serving._prediction_log import RequestKind, examples_log, predict_log

__all__ = [
    "WARMUP_FILE",
    "WarmupRequest",
    "example_rows",
    "missing_rows",
    "write_example",
    "write_warmup",
]

# In the folder of the version; from tensorflow_serving's saved_model_warmup_util.h.
WARMUP_FILE = Path("assets.extra", "tf_serving_warmup_requests")


@dataclass(frozen=True)
class WarmupRequest:
    """One warm-up request.

    Attributes:
        signature: The signature's name.
        kind: `"predict"`, `"classify"` or `"regress"`.
        rows: Arrays by feature name, of shape (N,).
    """

    signature: str
    kind: RequestKind
    rows: dict[str, np.ndarray]

    def serialize(self, model_name: str) -> bytes:
        """Return the request as a `PredictionLog`."""
        if self.kind == "predict":
            tensors = {name: _tensor(values) for name, values in self.rows.items()}
            return predict_log(model_name, self.signature, tensors)
        return examples_log(self.kind, model_name, self.signature, self.examples())

    def examples(self) -> list[bytes]:
        """Return the rows as serialized `tf.Example`s."""
        count = len(next(iter(self.rows.values())))
        return [
            write_example({name: values[index] for name, values in self.rows.items()})
            for index in range(count)
        ]

    def inputs(self) -> dict[str, np.ndarray]:
        """Return the values of the input tensors of the signature, by name."""
        if self.kind == "predict":
            return self.rows
        return {"inputs": np.asarray(self.examples(), dtype=object)}


def example_rows(
    features: Sequence[Feature], count: int = 8, seed: int = 0
) -> dict[str, np.ndarray]:
    """Draw rows from the statistics of the features, each feature independently.

    Args:
        features: The features, with their statistics.
        count: The number of rows.
        seed: The seed of the draws.

    Returns:
        Arrays by feature name, of shape (count,), as `feature_arrays` returns them.

    Example:

    >>> from keras_mtl.features import CategoricalFeature
    >>> sex = CategoricalFeature("sex", vocabulary=("f", "m"), frequencies=(0.0, 1.0))
    >>> example_rows([sex], count=2)["sex"].tolist()
    ['m', 'm']
    """
    generator = np.random.default_rng(seed)
    return {feature.name: feature.draw(generator, count) for feature in features}


def missing_rows(features: Sequence[Feature], count: int = 1) -> dict[str, np.ndarray]:
    """Make rows in which every value is missing.

    Example:

    >>> from keras_mtl.features import BooleanFeature, NumericFeature
    >>> missing_rows([NumericFeature("age"), BooleanFeature("fbs")])
    {'age': array([nan], dtype=float32), 'fbs': array([''], dtype=object)}
    """
    return {
        feature.name: np.full(count, np.nan, "float32")
        if feature.dtype == "float32"
        else np.full(count, "", object)
        for feature in features
    }


def write_example(row: dict[str, object]) -> bytes:
    """Serialize a row as a `tf.Example`, without its missing values.

    Args:
        row: Numbers or words by feature name.

    Returns:
        The serialized message.

    Example:

    >>> b"chol" in write_example({"age": 63.0, "sex": "", "chol": float("nan")})
    False
    """
    import tensorflow as tf

    features = {}
    for name, value in row.items():
        if isinstance(value, str):
            if value:
                words = tf.train.BytesList(value=[value.encode()])
                features[name] = tf.train.Feature(bytes_list=words)
        elif not np.isnan(value):  # type: ignore[call-overload]
            numbers = tf.train.FloatList(value=[value])
            features[name] = tf.train.Feature(float_list=numbers)
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)


def write_warmup(
    folder: Path, requests: Iterable[WarmupRequest], model_name: str
) -> None:
    """Write the warm-up file of a version.

    Args:
        folder: The folder of the version.
        requests: At most 10 requests; with more than 1000 the server does not load.
        model_name: The name of the model, for the log of the server.
    """
    import tensorflow as tf

    path = folder / WARMUP_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for request in requests:
            writer.write(request.serialize(model_name))


def _tensor(values: Sequence | np.ndarray) -> bytes:
    import tensorflow as tf

    values = np.asarray(values)
    if values.dtype == object:
        return tf.make_tensor_proto(
            [value.encode() for value in values.tolist()],
            dtype=tf.string,
            shape=values.shape,
        ).SerializeToString()
    return tf.make_tensor_proto(values).SerializeToString()
