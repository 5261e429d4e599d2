"""TensorFlow Serving's logged requests, as bytes.

The generated classes for these messages come with tensorflow-serving-api, which
installs a second copy of TensorFlow. The few messages that an export needs contain only
texts and other messages, which need one rule of the encoding:
https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

__all__ = ["RequestKind", "examples_log", "predict_log"]

RequestKind = Literal["predict", "classify", "regress"]

# The numbers of fields are from prediction_log.proto, predict.proto,
# classification.proto, regression.proto, model.proto and input.proto in
# tensorflow_serving/apis.
_LOG = {"classify": 2, "regress": 3, "predict": 6}
_REQUEST = 1
_MODEL_SPEC, _MODEL_NAME, _SIGNATURE_NAME = 1, 1, 3
_INPUTS, _KEY, _VALUE = 2, 1, 2
_INPUT, _EXAMPLE_LIST, _EXAMPLES = 2, 1, 1
# The wire type of texts, bytes and messages.
_LENGTH_DELIMITED = 2


def predict_log(model: str, signature: str, tensors: Mapping[str, bytes]) -> bytes:
    """Encode a predict request as a `PredictionLog`.

    Args:
        model: The model's name.
        signature: The signature's name.
        tensors: A serialized `TensorProto` by input name.

    Example:

    >>> predict_log("m", "s", {})
    b'2\\n\\n\\x08\\n\\x06\\n\\x01m\\x1a\\x01s'
    """
    inputs = b"".join(
        _field(_INPUTS, _field(_KEY, name.encode()) + _field(_VALUE, tensor))
        for name, tensor in tensors.items()
    )
    return _log("predict", model, signature, inputs)


def examples_log(
    kind: RequestKind, model: str, signature: str, examples: Sequence[bytes]
) -> bytes:
    """Encode a classify or regress request as a `PredictionLog`.

    Args:
        kind: `"classify"` or `"regress"`.
        model: The model's name.
        signature: The signature's name.
        examples: Serialized `tf.Example`s.
    """
    listed = b"".join(_field(_EXAMPLES, example) for example in examples)
    return _log(kind, model, signature, _field(_INPUT, _field(_EXAMPLE_LIST, listed)))


def _log(kind: RequestKind, model: str, signature: str, content: bytes) -> bytes:
    names = _field(_MODEL_NAME, model.encode())
    names += _field(_SIGNATURE_NAME, signature.encode())
    return _field(_LOG[kind], _field(_REQUEST, _field(_MODEL_SPEC, names) + content))


def _field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
