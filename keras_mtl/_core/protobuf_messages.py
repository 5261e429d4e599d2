"""Protobuf messages described in Python, without generated classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

__all__ = ["MessageField", "describe_messages"]


class MessageField(NamedTuple):
    """A field of a message.

    Attributes:
        number: The number of the field in the encoded bytes.
        name: The name of the field.
        kind: A type of protobuf, such as `"bytes"` or `"int64"`; or the name of a
            message of the same file.
        repeated: Whether the field may occur several times.
    """

    number: int
    name: str
    kind: str
    repeated: bool = False


def describe_messages(
    package: str, messages: Mapping[str, Sequence[MessageField]]
) -> FileDescriptorProto:
    """Describe a file of messages.

    A map of protobuf is a repeated message with a key and a value.

    Args:
        package: The name of the package, and of the file.
        messages: The fields of each message, by the message's name.

    Example:

    >>> file = describe_messages("shop", {"Order": [MessageField(1, "id", "int64")]})
    >>> file.name, file.message_type[0].field[0].name
    ('shop.proto', 'id')
    """
    from google.protobuf import descriptor_pb2

    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto", package=package, syntax="proto3"
    )
    for message, fields in messages.items():
        described = file.message_type.add(name=message)
        for number, name, kind, repeated in fields:
            made = described.field.add(
                name=name,
                number=number,
                label=field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL,
            )
            if kind in messages:
                made.type = field.TYPE_MESSAGE
                made.type_name = f".{package}.{kind}"
            else:
                made.type = getattr(field, f"TYPE_{kind.upper()}")
    return file
