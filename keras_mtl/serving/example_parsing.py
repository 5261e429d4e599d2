"""Parsing of serialized `tf.Example`s to inputs of the model, inside the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from keras_mtl._core.protobuf_messages import MessageField, describe_messages
from keras_mtl.features import Feature
from keras_mtl.serving.request_values import features_by_dtype

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["parse_examples"]

_PACKAGE = "keras_mtl"
_NUMBER = r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*"


def parse_examples(
    serialized: tf.Tensor, features: Sequence[Feature]
) -> dict[str, tf.Tensor]:
    """Read the features of `tf.Example`s, for all types of values.

    In a JSON classify request, the server reads `63` as an integer and `63.5` as a
    float. `tf.io.parse_example` accepts one type per feature, and refuses the whole
    batch if a value has another type. This function accepts a number as a float, an
    integer or text, and a word as text or a number.

    Args:
        serialized: `tf.Example`s, strings of shape (N,).
        features: The features. An absent feature is missing; of several values the
            first is used.

    Returns:
        Matrices by dtype, as `stack_request` returns them: float32 or strings of shape
        (N, features), with NaN or `""` for missing values.

    Example:

    >>> import tensorflow as tf
    >>> from keras_mtl.features import NumericFeature
    >>> age = tf.train.Feature(int64_list=tf.train.Int64List(value=[63]))
    >>> example = tf.train.Example(features=tf.train.Features(feature={"age": age}))
    >>> rows = tf.constant([example.SerializeToString(), b""])
    >>> parse_examples(rows, [NumericFeature("age")])["float32"].numpy().tolist()
    [[63.0], [nan]]
    """
    import tensorflow as tf

    serialized = tf.reshape(serialized, [-1])
    entries = _decode(_join(serialized, "Example", "features"), "Features", "feature")
    keys = _join(entries.values, "Entry", "key")
    values = _join(entries.values, "Entry", "value")
    groups = features_by_dtype(features)
    names = [feature.name for group in groups.values() for feature in group]
    found = _select(keys, values, names)
    widths = [len(group) for group in groups.values()]
    read = {"float32": _as_numbers, "string": _as_words}
    return {
        dtype: read[dtype](
            _First.of(part, "FloatList", tf.float32),
            _First.of(part, "Int64List", tf.int64),
            _First.of(part, "BytesList", tf.string),
        )
        for dtype, part in zip(groups, tf.split(found, widths, axis=1), strict=True)
    }


def _select(keys: tf.Tensor, values: tf.Tensor, names: Sequence[str]) -> tf.Tensor:
    """Find the values of some keys in each row.

    A comparison of each key of a row with each name would take a time that grows with
    the square of the number of features. Therefore keys and names are hashed, and a key
    is compared only with the name of the same hash.

    Args:
        keys: Strings of shape (N, entries); `""` where a row has fewer entries.
        values: Strings of shape (N, entries).
        names: The keys to look for.

    Returns:
        Strings of shape (N, names), `""` where a row lacks the key. Of several entries
        with the same key the last is used, as in a map of protocol buffers.
    """
    import tensorflow as tf

    hashes, salt = _distinct_hashes(names)
    order = np.argsort(hashes)
    ordered_names = tf.constant([names[index] for index in order])
    looked_up = tf.reshape(_hash(keys, salt), [-1])
    position = tf.searchsorted(tf.constant(hashes[order]), looked_up)
    position = tf.reshape(position, tf.shape(keys))
    # A hash may be larger than the last hash of a name.
    position = tf.minimum(position, len(names) - 1)
    is_name = tf.gather(ordered_names, position) == keys
    name = tf.where(is_name, tf.gather(tf.constant(order, tf.int32), position), -1)
    # The entry of each name, counted from 1, or 0. Keys that are not names go to an
    # additional column, which is removed.
    shape = tf.shape(keys)
    rows = tf.broadcast_to(tf.range(shape[0])[:, None], shape)
    entries = tf.broadcast_to(tf.range(1, shape[1] + 1)[None, :], shape)
    column = tf.where(is_name, name, len(names))
    entry = tf.tensor_scatter_nd_max(
        tf.zeros((shape[0], len(names) + 1), tf.int32),
        tf.stack([rows, column], axis=-1),
        entries,
    )
    padded = tf.pad(values, [[0, 0], [1, 0]], constant_values="")
    return tf.gather(padded, entry[:, :-1], batch_dims=1)


def _distinct_hashes(names: Sequence[str]) -> tuple[np.ndarray, int]:
    """Hash names, and find the number of buckets in which all hashes differ."""
    import tensorflow as tf

    salt = 0
    # Compute the hashes now, not when the graph runs.
    with tf.init_scope():
        hashes = _hash(names, salt).numpy()
        while len(np.unique(hashes)) < len(names):
            salt += 1
            hashes = _hash(names, salt).numpy()
    return hashes, salt


def _hash(texts: Any, salt: int) -> tf.Tensor:
    import tensorflow as tf

    return tf.strings.to_hash_bucket_strong(texts, 2**63 - 1, [salt, 0])


class _Field(NamedTuple):
    """A field of many messages: the number of values of each, and the values."""

    sizes: tf.Tensor
    values: tf.Tensor


class _First(NamedTuple):
    """The first value of one kind in each list, and whether it exists."""

    value: tf.Tensor
    given: tf.Tensor

    @classmethod
    def of(cls, features: tf.Tensor, kind: str, dtype: tf.DType) -> _First:
        import tensorflow as tf

        field = _decode(
            _join(features, "Feature", _FIELD_OF[kind]), kind, "value", dtype
        )
        # With an additional column, a first value exists even if all lists are empty.
        padded = tf.pad(field.values, [[0, 0], [0, 0], [0, 1]])
        return cls(padded[..., 0], field.sizes[..., 0] > 0)


def _as_numbers(numbers: _First, integers: _First, texts: _First) -> tf.Tensor:
    import tensorflow as tf

    spelled = tf.strings.regex_full_match(texts.value, _NUMBER)
    parsed = tf.strings.to_number(
        tf.where(spelled, tf.strings.strip(texts.value), "nan")
    )
    other = tf.where(integers.given, tf.cast(integers.value, tf.float32), parsed)
    return tf.where(numbers.given, numbers.value, other)


def _as_words(numbers: _First, integers: _First, texts: _First) -> tf.Tensor:
    import tensorflow as tf

    # As in a column of numbers: 1.0 is the word "1", and NaN is missing.
    number = numbers.value
    whole = tf.logical_and(number == tf.floor(number), tf.abs(number) < 2.0**63)
    spelled = tf.where(
        whole,
        tf.strings.as_string(tf.cast(tf.where(whole, number, 0.0), tf.int64)),
        tf.strings.as_string(number, shortest=True),
    )
    spelled = tf.where(tf.math.is_nan(number), "", spelled)
    other = tf.where(integers.given, tf.strings.as_string(integers.value), texts.value)
    return tf.where(numbers.given, spelled, other)


def _join(messages: tf.Tensor, message: str, field: str) -> tf.Tensor:
    """Return a field that occurs at most once, or `""` if it is absent."""
    import tensorflow as tf

    return tf.strings.reduce_join(_decode(messages, message, field).values, axis=-1)


def _decode(
    messages: tf.Tensor, message: str, field: str, dtype: tf.DType | None = None
) -> _Field:
    import tensorflow as tf

    sizes, values = tf.io.decode_proto(
        messages,
        f"{_PACKAGE}.{message}",
        [field],
        [tf.string if dtype is None else dtype],
        descriptor_source=b"bytes://" + _descriptors(),
    )
    return _Field(sizes, values[0])


_FIELD_OF = {
    "BytesList": "bytes_list",
    "FloatList": "float_list",
    "Int64List": "int64_list",
}


def _descriptors() -> bytes:
    """Describe `tf.Example` as messages that contain encoded messages.

    The numbers of fields are from tensorflow/core/example/{example,feature}.proto. A
    map is a repeated message with a key and a value.
    """
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    values = {"BytesList": "bytes", "FloatList": "float", "Int64List": "int64"}
    file = describe_messages(
        _PACKAGE,
        {
            "Example": [MessageField(1, "features", "bytes")],
            "Features": [MessageField(1, "feature", "bytes", repeated=True)],
            "Entry": [
                MessageField(1, "key", "bytes"),
                MessageField(2, "value", "bytes"),
            ],
            "Feature": [
                MessageField(number, _FIELD_OF[name], "bytes")
                for number, name in enumerate(values, 1)
            ],
            **{
                name: [MessageField(1, "value", kind, repeated=True)]
                for name, kind in values.items()
            },
        },
    )
    return FileDescriptorSet(file=[file]).SerializeToString()
