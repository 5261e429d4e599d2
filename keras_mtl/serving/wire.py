"""Protocol buffers without generated classes.

TensorFlow Serving's own messages come with a package that asks for the whole
of TensorFlow; the few that an export needs hold nothing but texts and other
messages, which is one rule of the encoding:
https://protobuf.dev/programming-guides/encoding.
"""

from collections import defaultdict

__all__ = ["read_fields", "write_field"]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def write_field(number: int, value: bytes) -> bytes:
    """Encodes a field of text, of bytes or of an encoded message.

    Args:
        number: The field's number.
        value: The field's content.

    Returns:
        The encoded field. Fields in a row are a message.

    Example:

    >>> write_field(1, b"heart")
    b'\\n\\x05heart'
    """
    return _varint(number << 3 | _BYTES) + _varint(len(value)) + value


def read_fields(message: bytes) -> dict[int, list]:
    """Decodes one level of a message.

    Args:
        message: The encoded message.

    Returns:
        By field number the values in their order: an int for a number of
        variable length, bytes for all else.

    Raises:
        ValueError: When the bytes are no message.

    Example:

    >>> read_fields(write_field(1, b"heart") + write_field(1, b"thal"))[1]
    [b'heart', b'thal']
    """
    fields: dict[int, list] = defaultdict(list)
    position = 0
    while position < len(message):
        tag, position = _read_varint(message, position)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, position = _read_varint(message, position)
            fields[number].append(value)
            continue
        if kind == _BYTES:
            length, position = _read_varint(message, position)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"Expected a protocol buffer. Received: wire type {kind}.")
        if position + length > len(message):
            raise ValueError("Expected a protocol buffer. Received: a part of one.")
        fields[number].append(message[position : position + length])
        position += length
    return fields


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _read_varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(message) or shift > 63:
            raise ValueError("Expected a protocol buffer. Received: a part of one.")
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
