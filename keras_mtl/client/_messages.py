"""The few messages of TensorFlow Serving's protocol that a prediction needs.

The generated classes come with tensorflow-serving-api, which installs TensorFlow. The
definitions here hold the same fields under the same numbers, in a pool of their own, so
that both may be loaded in one process. They follow tensorflow/core/framework/
tensor.proto and tensor_shape.proto, and tensorflow_serving/apis/predict.proto and
model.proto.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

__all__ = ["decode_outputs", "encode_request"]

_FIELD = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "keras_mtl_client"

# By message its fields: number, name, type and whether there are several.
_FIELDS: dict[str, tuple[tuple[int, str, str, bool], ...]] = {
    "Dimension": ((1, "size", "int64", False),),
    "Shape": ((2, "dim", "Dimension", True),),
    "Tensor": (
        # An enumeration is written as an int32.
        (1, "dtype", "int32", False),
        (2, "tensor_shape", "Shape", False),
        (4, "tensor_content", "bytes", False),
        (5, "float_val", "float", True),
        (6, "double_val", "double", True),
        (7, "int_val", "int32", True),
        (8, "string_val", "bytes", True),
        (10, "int64_val", "int64", True),
        (11, "bool_val", "bool", True),
    ),
    "Version": ((1, "value", "int64", False),),
    "ModelSpec": (
        (1, "name", "string", False),
        (2, "version", "Version", False),
        (3, "signature_name", "string", False),
        (4, "version_label", "string", False),
    ),
    # A map is written as messages of a key and a value.
    "Named": ((1, "key", "string", False), (2, "value", "Tensor", False)),
    "PredictRequest": (
        (1, "model_spec", "ModelSpec", False),
        (2, "inputs", "Named", True),
    ),
    "PredictResponse": ((1, "outputs", "Named", True),),
}
# By the number of a type in types.proto the type of NumPy, and the field with values.
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
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto3"
    )
    for message, fields in _FIELDS.items():
        described = file.message_type.add(name=message)
        for number, name, kind, is_repeated in fields:
            field = described.field.add(
                name=name,
                number=number,
                label=_FIELD.LABEL_REPEATED if is_repeated else _FIELD.LABEL_OPTIONAL,
            )
            if kind in _FIELDS:
                field.type = _FIELD.TYPE_MESSAGE
                field.type_name = f".{_PACKAGE}.{kind}"
            else:
                field.type = getattr(_FIELD, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
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
        inputs: By name, arrays of shape (rows,): numbers, or str objects.
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
                # A text with half of a character, as some files have, is sent too.
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
        By name, the outputs as arrays; texts as str objects.

    Raises:
        ValueError: When the message or a tensor cannot be read.
    """
    try:
        message = _message("PredictResponse").FromString(response)
    except Exception as error:
        # Each implementation of protobuf has an exception of its own.
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
        # Of equal values at the end, only the first is written; zeros are left out.
        last = made[-1:] if len(made) else np.array(["" if dtype == "object" else 0])
        made = np.concatenate([made, np.repeat(last, size - len(made)).astype(dtype)])
    return made.reshape(shape)
