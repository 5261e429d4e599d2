"""Checks of arguments that would otherwise fail far from the call."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from keras_mtl.errors import UserError, show_value

__all__ = ["require_list", "require_path"]


def require_list(name: str, value: Any, example: str) -> tuple[Any, ...]:
    """Return a list of an argument as a tuple.

    Args:
        name: The argument.
        value: Its value.
        example: A list as it is written in a script, for the message.

    Raises:
        UserError: If the value is a single text, which would be read as its letters;
            a table, which would be read as its columns' names; or no list at all.
    """
    is_table = len(getattr(value, "shape", ())) > 1
    if (
        is_table
        or isinstance(value, str | bytes | Mapping)
        or not isinstance(value, Iterable)
    ):
        raise UserError(
            f"{name}: expected a list, such as {name}={example}. Received: "
            f"{show_value(value)}. Put the values in a list."
        )
    return tuple(value)


def require_path(name: str, value: Any, what: str, remedy: str) -> str | None:
    """Return the path of an argument as text, or None.

    Args:
        name: The argument.
        value: Its value, a path or None.
        what: The file or folder that is expected.
        remedy: What to do with a value of another type.

    Raises:
        UserError: If the value is not a path.
    """
    if value is None:
        return None
    if not isinstance(value, str | os.PathLike):
        raise UserError(
            f"{name}: expected the path of {what}. Received: {show_value(value)}. "
            f"{remedy}"
        )
    return os.fspath(value)
