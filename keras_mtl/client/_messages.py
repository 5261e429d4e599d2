"""The few messages of TensorFlow Serving's protocol that a prediction needs.

The generated classes come with tensorflow-serving-api, which installs TensorFlow. The
definitions here have the same fields with the same numbers, in a separate pool, so both
can be loaded in one process. Sources: tensorflow/core/framework/tensor.proto and
tensor_shape.proto, and tensorflow_serving/apis/predict.proto and model.proto.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from google.protobuf import descriptor_pool, message_factory

from keras_mtl._core.protobuf_messages import MessageField, describe_messages

__all__ = ["decode_outputs", "encode_request"]

_PACKAGE = "keras_mtl_client"

_FIELDS: dict[str, list[MessageField]] = {
    "Dimension": [MessageField(1, "size", "int64")],
    "Shape": [MessageField(2, "dim", "Dimension", repeated=True)],
    "Tensor": [
        # An enumeration is written as an int32.
        MessageField(1, "dtype", "int32"),
        MessageField(2, "tensor_shape", "Shape"),
        MessageField(4, "tensor_content", "bytes"),
        MessageField(5, "float_val", "float", repeated=True),
        MessageField(6, "double_val", "double", repeated=True),
        MessageField(7, "int_val", "int32", repeated=True),
        MessageField(8, "string_val", "bytes", repeated=True),
        MessageField(10, "int64_val", "int64", repeated=True),
        MessageField(11, "bool_val", "bool", repeated=True),
    ],
    "Version": [MessageField(1, "value", "int64")],
    "ModelSpec": [
        MessageField(1, "name", "string"),
        MessageField(2, "version", "Version"),
        MessageField(3, "signature_name", "string"),
        MessageField(4, "version_label", "string"),
    ],
    # A map is written as messages of a key and a value.
    "Named": [MessageField(1, "key", "string"), MessageField(2, "value", "Tensor")],
    "PredictRequest": [
        MessageField(1, "model_spec", "ModelSpec"),
        MessageField(2, "inputs", "Named", repeated=True),
    ],
    "PredictResponse": [MessageField(1, "outputs", "Named", repeated=True)],
}
# NumPy's type and the field with the values, by the number of the type in types.proto.
_TYPES = {
    1: ("float32", "float_val"),
    2: ("float64", "double_val"),
    3: ("int32", "int_val"),
    7: ("object", "string_val"),
    9: ("int64", "int64_val"),
    10: ("bool", "bool_val"),
}
_FLOAT, _STRING = 1, 7


@functools.cache
def _message(name: str) -> Any:
    """Return the class of a message."""
    return message_factory.GetMessageClass(
        _pool().FindMessageTypeByName(f"{_PACKAGE}.{name}")
    )


@functools.cache
def _pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(describe_messages(_PACKAGE, _FIELDS).SerializeToString())
    return pool


def encode_request(
    inputs: Mapping[str, np.ndarray],
    model: str,
    *,
    version: int | None = None,
    label: str | None = None,
) -> bytes:
    """Encode rows as a `PredictRequest` of TensorFlow Serving.

    Args:
        inputs: Arrays by name, of shape (rows,): numbers, or str objects.
        model: The name of the model.
        version: The number of the version; by default the newest.
        label: The label of the version, in place of its number.

    Example:

    >>> encode_request({}, "m", label="stable")
    b'\\n\\x0b\\n\\x01m"\\x06stable'
    """
    request = _message("PredictRequest")()
    request.model_spec.name = model
    if version is not None:
        request.model_spec.version.value = version
    if label is not None:
        request.model_spec.version_label = label
    for name, values in inputs.items():
        tensor = request.inputs.add(key=name).value
        tensor.tensor_shape.dim.add(size=len(values))
        if values.dtype == object:
            tensor.dtype = _STRING
            tensor.string_val.extend(
                # Lone surrogates, which some files have, are replaced.
                word.encode("utf-8", "replace")
                for word in values
            )
        else:
            tensor.dtype = _FLOAT
            tensor.tensor_content = values.astype("<f4").tobytes()
    encoded: bytes = request.SerializeToString()
    return encoded


def decode_outputs(response: bytes) -> dict[str, np.ndarray]:
    """Decode a `PredictResponse` of TensorFlow Serving.

    Args:
        response: The serialized message.

    Returns:
        The outputs by name, as arrays; texts as str objects.

    Raises:
        ValueError: If the message or a tensor cannot be read.
    """
    try:
        message = _message("PredictResponse").FromString(response)
    except Exception as error:
        # Each implementation of protobuf raises its own exception.
        raise ValueError("expected a PredictResponse") from error
    return {output.key: _array(output.key, output.value) for output in message.outputs}


def _array(name: str, tensor: Any) -> np.ndarray:
    if tensor.dtype not in _TYPES:
        raise ValueError(
            f"expected numbers or text for {name!r}; received type {tensor.dtype}"
        )
    dtype, field = _TYPES[tensor.dtype]
    shape = tuple(dim.size for dim in tensor.tensor_shape.dim)
    size = int(np.prod(shape, dtype="int64"))
    values = getattr(tensor, field)
    if tensor.tensor_content:
        made = np.frombuffer(
            tensor.tensor_content, np.dtype(dtype).newbyteorder("<")
        ).astype(dtype)
    elif dtype == "object":
        made = np.empty(len(values), object)
        made[:] = [value.decode("utf-8", "replace") for value in values]
    else:
        made = np.array(values, dtype)
    if len(made) < size:
        # Equal values at the end are written once, and zeros not at all.
        last = made[-1:] if len(made) else np.array(["" if dtype == "object" else 0])
        made = np.concatenate([made, np.repeat(last, size - len(made)).astype(dtype)])
    return made.reshape(shape)
