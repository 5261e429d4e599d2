"""The requests that a server answers before it takes others.

A server loads a version only if all of them succeed, so that a broken folder
is never served. The messages are those of tensorflow_serving/apis; they are
written by their field numbers, as the package that has them asks for a second
copy of TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_mtl.serving.wire import write_field

__all__ = ["WARMUP_FILE", "WarmupRequest", "write_example", "write_warmup"]

# Within the version's folder, tensorflow_serving's saved_model_warmup_util.h.
WARMUP_FILE = Path("assets.extra", "tf_serving_warmup_requests")

# prediction_log.proto; the requests' own fields in predict.proto,
# classification.proto, regression.proto, model.proto and input.proto.
_LOG = {"classify": 2, "regress": 3, "predict": 6}
_REQUEST = 1
_MODEL_SPEC, _MODEL_NAME, _SIGNATURE_NAME = 1, 1, 3
_INPUTS, _KEY, _VALUE = 2, 1, 2
_INPUT, _EXAMPLE_LIST, _EXAMPLES = 2, 1, 1


@dataclass(frozen=True)
class WarmupRequest:
    """One request.

    Attributes:
        signature: The signature's name.
        kind: `"predict"`, `"classify"` or `"regress"`.
        rows: By feature name an array of shape (N,).
    """

    signature: str
    kind: str
    rows: dict[str, np.ndarray]

    def serialize(self, model_name: str) -> bytes:
        """Returns the request as a `PredictionLog`."""
        request = write_field(
            _MODEL_SPEC,
            write_field(_MODEL_NAME, model_name.encode())
            + write_field(_SIGNATURE_NAME, self.signature.encode()),
        )
        if self.kind == "predict":
            request += b"".join(
                write_field(
                    _INPUTS,
                    write_field(_KEY, name.encode())
                    + write_field(_VALUE, _tensor(values)),
                )
                for name, values in self.rows.items()
            )
        else:
            examples = b"".join(
                write_field(_EXAMPLES, example) for example in self.examples()
            )
            request += write_field(_INPUT, write_field(_EXAMPLE_LIST, examples))
        return write_field(_LOG[self.kind], write_field(_REQUEST, request))

    def examples(self) -> list[bytes]:
        """Returns the rows as serialised `tf.Example`s."""
        count = len(next(iter(self.rows.values())))
        return [
            write_example({name: values[index] for name, values in self.rows.items()})
            for index in range(count)
        ]

    def inputs(self) -> dict[str, np.ndarray]:
        """Returns what the signature's tensors are fed with."""
        if self.kind == "predict":
            return self.rows
        return {"inputs": np.asarray(self.examples(), dtype=object)}


def write_example(row: dict[str, object]) -> bytes:
    """Serialises a row as a `tf.Example`, without its missing values.

    Args:
        row: By feature name a number or a word.

    Returns:
        The serialised message.

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
    """Writes the warm-up file of a version.

    Args:
        folder: The version's folder.
        requests: Up to 10 requests; above 1000 the server refuses to load.
        model_name: The model's name, which the server only logs.
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
